// Run by the customer, in the subscription that the provider's worker is to remediate: an Owner who is a member of the tenant.
// Deployed again in the same subscription it replaces what was granted before.

targetScope = 'subscription'

@description('Tenant of the provider.')
param managedByTenantId string

@description('What the provider is called in this registration.')
param providerName string = 'policy-remediator'

@description('Object id of the worker\'s identity in the provider\'s tenant (WORKER_PRINCIPAL_ID), not its client id.')
param workerPrincipalId string

@description('Ids (GUIDs) of built-in roles that the worker may grant to identities of policy assignments; none for no grants. Never Owner or User Access Administrator.')
param grantRoles string[] = []

@description('Names of the resource groups that are delegated; none for the whole subscription.')
param resourceGroupNames string[] = []

var roles = loadJsonContent('../modules/roles.json')

// Reads everything and may write policy: Lighthouse knows built-in roles alone, and this is the least of them that opens tasks.
var remediate = {
  principalId: workerPrincipalId
  principalIdDisplayName: 'policy-remediator'
  roleDefinitionId: roles.resourcePolicyContributor
}
var grant = {
  principalId: workerPrincipalId
  principalIdDisplayName: 'policy-remediator: grants'
  roleDefinitionId: roles.userAccessAdministrator
  delegatedRoleDefinitionIds: grantRoles
}
// So that the provider can leave by itself.
var leave = {
  principalId: workerPrincipalId
  principalIdDisplayName: 'policy-remediator: leaving'
  roleDefinitionId: roles.managedServicesRegistrationAssignmentDelete
}

resource registration 'Microsoft.ManagedServices/registrationDefinitions@2022-10-01' = {
  name: guid(managedByTenantId, tenant().tenantId, subscription().subscriptionId)
  properties: {
    registrationDefinitionName: providerName
    description: 'Unattended remediation of what Azure Policy finds.'
    managedByTenantId: managedByTenantId
    authorizations: concat([remediate], empty(grantRoles) ? [] : [grant], [leave])
  }
}

resource whole 'Microsoft.ManagedServices/registrationAssignments@2022-10-01' = if (empty(resourceGroupNames)) {
  name: guid(managedByTenantId, tenant().tenantId, subscription().subscriptionId)
  properties: {
    registrationDefinitionId: registration.id
  }
}

module part 'resource-group.bicep' = [
  for name in resourceGroupNames: {
    scope: resourceGroup(name)
    params: {
      name: guid(managedByTenantId, tenant().tenantId, subscription().subscriptionId, name)
      registrationDefinitionId: registration.id
    }
  }
]

output registrationDefinitionId string = registration.id
