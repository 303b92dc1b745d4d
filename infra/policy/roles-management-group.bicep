// Grants roles to the identity of a policy assignment at a management group. Also by itself, where a policy touches what lies outside of its scope.

targetScope = 'managementGroup'

@description('Object id of the identity.')
param principalId string

@description('Ids of the roles, or their GUIDs.')
param roleDefinitionIds string[]

var ids = union(map(roleDefinitionIds, id => toLower(last(split(id, '/')))), [])

resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for id in ids: {
    name: guid(managementGroup().id, principalId, id)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', id)
    }
  }
]
