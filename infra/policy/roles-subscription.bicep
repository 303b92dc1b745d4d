// Grants roles to the identity of a policy assignment at a subscription. Also by itself, where a policy touches what lies outside of its scope.

targetScope = 'subscription'

@description('Object id of the identity.')
param principalId string

@description('Ids of the roles, or their GUIDs.')
param roleDefinitionIds string[]

@description('Through Azure Lighthouse: id of the resource that holds the identity. Empty in the own tenant.')
param identityHolderId string = ''

var ids = union(map(roleDefinitionIds, id => toLower(last(split(id, '/')))), [])

resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for id in ids: {
    name: guid(subscription().id, principalId, id)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', id)
      delegatedManagedIdentityResourceId: empty(identityHolderId) ? null : identityHolderId
    }
  }
]
