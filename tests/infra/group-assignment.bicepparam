// An assignment at a management group whose identity is a user-assigned one.
using '../../infra/policy/management-group.bicep'

param assignment = {
  name: 'tags'
  policyDefinitionId: '/providers/Microsoft.Authorization/policyDefinitions/cd3aa116-8754-49c9-a813-ad46512ece54'
  parameters: { tagName: { value: 'owner' } }
  userAssignedIdentityId: '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/policy/providers/Microsoft.ManagedIdentity/userAssignedIdentities/tags'
  userAssignedIdentityPrincipalId: '66666666-6666-6666-6666-666666666666'
  location: 'westeurope'
  roleDefinitionIds: ['b24988ac-6180-42a0-ab88-20f7382dd24c']
}
