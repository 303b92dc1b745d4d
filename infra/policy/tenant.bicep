// A policy assignment at the tenant, ready to be remediated: with an identity, and with the roles that its
// definition asks for. Only the portal grants those by itself.

import { assignment as policyAssignment } from 'types.bicep'

targetScope = 'tenant'

@description('The assignment.')
param assignment policyAssignment

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

module roles 'roles-tenant.bicep' = {
  params: {
    #disable-next-line what-if-short-circuiting
    principalId: usesOwnIdentity ? policy.identity.principalId : assignment.userAssignedIdentityPrincipalId!
    roleDefinitionIds: assignment.roleDefinitionIds
  }
}

output id string = policy.id
output principalId string = usesOwnIdentity ? policy.identity.principalId : assignment.userAssignedIdentityPrincipalId!
