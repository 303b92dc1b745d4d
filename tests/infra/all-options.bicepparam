// Every option that adds rights or resources, but for private networks: two subscriptions, one of them with a topic of its own.
using '../../infra/main.bicep'

param environmentName = 'everything'
param location = 'swedencentral'
param tags = { owner: 'platform' }
param remediationMode = 'act'
param includeAssignments = 'contoso-*'
param excludeAssignments = 'contoso-legacy'
param excludeScopes = '/subscriptions/*/resourceGroups/frozen-*'
param excludeResourceTypes = 'Microsoft.Sql/*'
param actAssignments = 'contoso-deploy-*'
param changeWindow = 'Mon-Fri 20:00-06:00 Europe/Berlin; Sat,Sun'
param firstSteps = '1,5'
param maxResourcesPerDay = '200'
param keepTasksFor = '30d'
param moreSettings = { MAX_ATTEMPTS: '5', REMEDIATION_MODE: 'plan' }
param remediatedSubscriptions = [
  '11111111-1111-1111-1111-111111111111'
  '22222222-2222-2222-2222-222222222222'
  '33333333-3333-3333-3333-333333333333'
]
param cancelTasks = true
param grantRoles = [
  '/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c'
  '92aaf0da-9dab-42b6-94a3-d43ce8d16293'
]
param operatorPrincipalIds = ['44444444-4444-4444-4444-444444444444']
param operatorPrincipalType = 'Group'
param eventSources = [
  { subscriptionId: '11111111-1111-1111-1111-111111111111' }
  { subscriptionId: '22222222-2222-2222-2222-222222222222' }
  {
    topicId: '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/shared-events/providers/Microsoft.EventGrid/systemTopics/policy'
  }
]
param alwaysReadyInstances = [{ name: 'function:remediate', instanceCount: 1 }]
param instanceMemoryMB = 512
param alertEmails = ['on-call@contoso.example']
