// A policy assignment at a subscription, ready to be remediated: with an identity, and with the roles that its
// definition asks for. Only the portal grants those by itself.

import { assignment as policyAssignment } from 'types.bicep'

targetScope = 'subscription'

@description('The assignment.')
param assignment policyAssignment

@description('Whether this is deployed by a provider, through Azure Lighthouse.')
param isDelegated bool = false

var usesOwnIdentity = empty(assignment.?userAssignedIdentityId)

resource policy 'Microsoft.Authorization/policyAssignments@2025-11-01' = {
  name: assignment.name
  location: assignment.location
  identity: {
    type: usesOwnIdentity ? 'SystemAssigned' : 'UserAssigned'
    userAssignedIdentities: usesOwnIdentity ? null : { '${assignment.?userAssignedIdentityId}': {} }
  }
  properties: {
    displayName: assignment.?displayName
    description: assignment.?description
    policyDefinitionId: assignment.policyDefinitionId
    definitionVersion: assignment.?definitionVersion
    parameters: assignment.?parameters
    metadata: assignment.?metadata
    enforcementMode: assignment.?enforcementMode ?? 'Default'
    notScopes: assignment.?notScopes
    nonComplianceMessages: assignment.?nonComplianceMessages
    overrides: assignment.?overrides
    resourceSelectors: assignment.?resourceSelectors
    selfServeExemptionSettings: assignment.?selfServeExemptionSettings
  }
}

module roles 'roles-subscription.bicep' = {
  params: {
    #disable-next-line what-if-short-circuiting
    principalId: usesOwnIdentity ? policy.identity.principalId : assignment.userAssignedIdentityPrincipalId!
    roleDefinitionIds: assignment.roleDefinitionIds
    // The resource that holds the identity: the assignment itself, or the user-assigned identity.
    identityHolderId: isDelegated ? (usesOwnIdentity ? policy.id : assignment.userAssignedIdentityId!) : ''
  }
}

output id string = policy.id
output principalId string = usesOwnIdentity ? policy.identity.principalId : assignment.userAssignedIdentityPrincipalId!
