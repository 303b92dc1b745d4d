// An assignment that a provider makes in a delegated subscription, with everything that an assignment can say.
using '../../infra/policy/subscription.bicep'

param isDelegated = true
param assignment = {
  name: 'diagnostics'
  displayName: 'Diagnostics of key vaults'
  description: 'Key vaults send their logs to the workspace.'
  policyDefinitionId: '/providers/Microsoft.Authorization/policySetDefinitions/0884adba-2312-4468-abeb-5422caed1038'
  definitionVersion: '1.*.*'
  parameters: { logAnalytics: { value: 'the-workspace' } }
  enforcementMode: 'Default'
  notScopes: ['/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/frozen']
  nonComplianceMessages: [{ message: 'Send the logs.' }]
  overrides: [
    {
      kind: 'policyEffect'
      value: 'deployIfNotExists'
      selectors: [{ kind: 'policyDefinitionReferenceId', in: ['keyvault'] }]
    }
  ]
  resourceSelectors: [{ name: 'europe', selectors: [{ kind: 'resourceLocation', in: ['westeurope'] }] }]
  selfServeExemptionSettings: { enabled: true }
  location: 'westeurope'
  roleDefinitionIds: [
    '/providers/Microsoft.Authorization/roleDefinitions/92aaf0da-9dab-42b6-94a3-d43ce8d16293'
    '/providers/microsoft.authorization/roleDefinitions/749F88D5-CBAE-40B8-BCFC-E573DDC772FA'
    '/providers/Microsoft.Authorization/roleDefinitions/749f88d5-cbae-40b8-bcfc-e573ddc772fa'
  ]
}
