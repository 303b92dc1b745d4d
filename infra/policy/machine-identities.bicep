// The built-in policy that gives virtual machines a user-assigned identity, which agents such as Azure Monitor's need. Its own identity
// must have its rights before the assignment is there, so it cannot be a system-assigned one. The rights, and why: Microsoft
// documentation, "Use Azure Policy to assign managed identities".

targetScope = 'subscription'

@description('Region of the identity of the assignment, and of the group of the identities that the policy makes.')
param location string

@description('Name of the resource group of the identity of the assignment.')
param groupName string = 'rg-policy-identity'

@description('Name of the assignment.')
param assignmentName string = 'machine-identities'

@description('The policy: for virtual machines, or for scale sets.')
@allowed([
  'd367bd60-64ca-4364-98ea-276775bddd94'
  '516187d4-ef64-4a1b-ad6b-a7348502976c'
])
param policyDefinitionName string = 'd367bd60-64ca-4364-98ea-276775bddd94'

@description('Name of an existing identity that the machines get; empty for one that the policy makes in each region.')
param ownIdentityName string = ''

@description('Resource group of the existing identity.')
param ownIdentityGroupName string = ''

@description('What the policy does.')
@allowed(['AuditIfNotExists', 'DeployIfNotExists', 'Disabled'])
param effect string = 'DeployIfNotExists'

var roles = loadJsonContent('roles.json')
var bringsOwn = !empty(ownIdentityName)
// The name that the policy itself uses for the group.
var identitiesGroupName = bringsOwn ? ownIdentityGroupName : 'Built-In-Identity-RG'
var parameters = {
  bringYourOwnUserAssignedManagedIdentity: { value: bringsOwn }
  effect: { value: effect }
}
var ofOwn = {
  userAssignedIdentityName: { value: ownIdentityName }
  identityResourceGroup: { value: ownIdentityGroupName }
}
var ofBuiltIn = {
  builtInIdentityResourceGroupLocation: { value: location }
}

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: groupName
  location: location
}

// Made here and not by the policy, so that the rights in it can stand before.
resource identitiesGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = if (!bringsOwn) {
  name: identitiesGroupName
  location: location
}

module identity '../modules/identity.bicep' = {
  scope: group
  params: {
    location: location
    tags: {}
    name: 'id-${assignmentName}'
  }
}

// To make the group of the identities, and to change the machines.
module onSubscription 'roles-subscription.bicep' = {
  params: {
    #disable-next-line what-if-short-circuiting
    principalId: identity.outputs.principalId
    roleDefinitionIds: [
      roles.contributor
    ]
  }
}

// To assign identities to machines and, unless they are given, to make them; to put a lock on each.
module onIdentities 'roles-resource-group.bicep' = {
  scope: resourceGroup(identitiesGroupName)
  dependsOn: [
    identitiesGroup
  ]
  params: {
    #disable-next-line what-if-short-circuiting
    principalId: identity.outputs.principalId
    roleDefinitionIds: concat(
      [roles.managedIdentityOperator, roles.userAccessAdministrator],
      bringsOwn ? [] : [roles.managedIdentityContributor]
    )
  }
}

module assignment 'subscription.bicep' = {
  dependsOn: [
    onSubscription
    onIdentities
  ]
  params: {
    #disable-next-line what-if-short-circuiting
    assignment: {
      name: assignmentName
      displayName: 'Machines have a user-assigned identity'
      policyDefinitionId: tenantResourceId('Microsoft.Authorization/policyDefinitions', policyDefinitionName)
      parameters: union(parameters, bringsOwn ? ofOwn : ofBuiltIn)
      userAssignedIdentityId: identity.outputs.id
      userAssignedIdentityPrincipalId: identity.outputs.principalId
      location: location
      // They stand already, and narrower than the definition's list would have them.
      roleDefinitionIds: []
    }
  }
}
