// The worker's rights in one subscription that it remediates.

import { grantCondition } from 'options.bicep'

targetScope = 'subscription'

@description('Object id of the worker\'s identity.')
param principalId string

@description('Name of the worker\'s role.')
param roleName string

@description('Ids of the roles that it may grant to the identities of policy assignments; none for no grants.')
param grantRoles string[]

var administrator = loadJsonContent('../modules/roles.json').roleBasedAccessControlAdministrator

resource worker 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, roleName)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleName)
  }
}

resource grants 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(grantRoles)) {
  name: guid(subscription().id, principalId, administrator)
  properties: {
    condition: grantCondition(grantRoles)
    conditionVersion: '2.0'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', administrator)
  }
}
