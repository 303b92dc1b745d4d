// What stands at a management group: the worker's rights over everything below it and, if wanted, the one topic of its events. For
// whoever owns the management group, after infra/main.bicep was deployed with `rightsFromManagementGroup` (docs/deployment.md).

import { actions, grantCondition } from '../rights/options.bicep'

targetScope = 'managementGroup'

@description('Object id of the worker\'s identity: WORKER_PRINCIPAL_ID of its deployment.')
param workerPrincipalId string

@description('Whether it may ask Azure Policy for an evaluation of what has no result yet.')
param triggerEvaluations bool = true

@description('Whether it may delete its finished tasks; for KEEP_TASKS_FOR.')
param deleteTasks bool = false

@description('Whether it may cancel its tasks when a person pauses it and asks for that.')
param cancelTasks bool = false

@description('Ids of the roles that it may grant to identities of policy assignments; none for no grants.')
param grantRoles string[] = []

@description('Whether to listen to the events of the management group.')
param listenToEvents bool = false

@description('Name of a topic of the management group that is there already; empty for a new one. Azure allows one.')
param existingTopicName string = ''

@description('Id (GUID) of the subscription of the topic; the worker\'s own when there is no other.')
param topicSubscriptionId string = ''

@description('Name of the resource group of the topic.')
param topicResourceGroupName string = ''

@description('Id of the worker\'s function app: FUNCTION_APP_ID of its deployment. Its group also has storage and Service Bus.')
param functionAppId string = ''

@description('Unique end of the names: EVENT_SUBSCRIPTION_TOKEN of the worker\'s deployment.')
param token string

var administrator = loadJsonContent('../modules/roles.json').roleBasedAccessControlAdministrator
var app = split(functionAppId, '/')
var appSubscriptionId = listenToEvents ? app[2] : ''
var appGroupName = listenToEvents ? app[4] : ''
var topicSubscription = empty(topicSubscriptionId) ? appSubscriptionId : topicSubscriptionId
var topicGroupName = empty(topicResourceGroupName) ? appGroupName : topicResourceGroupName
var topicName = empty(existingTopicName) ? 'evgt-mg-${token}' : existingTopicName
var storageName = 'st${token}'
var serviceBusName = 'sb-${token}'
var eventsQueue = 'policy-events'
var roleName = guid(managementGroup().id, 'policy-remediator', token)

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: roleName
  properties: {
    roleName: 'policy-remediator ${managementGroup().name} ${token}'
    description: 'Opens and follows remediation tasks of Azure Policy, and reads what that needs. Changes nothing else.'
    type: 'CustomRole'
    assignableScopes: [
      managementGroup().id
    ]
    permissions: [
      {
        actions: actions(triggerEvaluations, deleteTasks, cancelTasks)
      }
    ]
  }
}

resource worker 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(managementGroup().id, workerPrincipalId, roleName)
  properties: {
    principalId: workerPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.id
  }
}

resource grants 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(grantRoles)) {
  name: guid(managementGroup().id, workerPrincipalId, administrator)
  properties: {
    condition: grantCondition(grantRoles)
    conditionVersion: '2.0'
    principalId: workerPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', administrator)
  }
}

module newTopic '../events/topic.bicep' = if (listenToEvents && empty(existingTopicName)) {
  scope: resourceGroup(topicSubscription, topicGroupName)
  params: {
    name: topicName
    tags: {}
    source: '/tenants/${tenant().tenantId}${managementGroup().id}'
  }
}

module existingTopic '../events/existing-topic.bicep' = if (listenToEvents && !empty(existingTopicName)) {
  scope: resourceGroup(topicSubscription, topicGroupName)
  params: {
    name: existingTopicName
  }
}

module topicRoles '../events/topic-roles.bicep' = if (listenToEvents) {
  scope: resourceGroup(appSubscriptionId, appGroupName)
  params: {
    #disable-next-line what-if-short-circuiting
    principalId: empty(existingTopicName) ? newTopic!.outputs.principalId : existingTopic!.outputs.principalId
    storageName: storageName
    serviceBusName: serviceBusName
    queueName: eventsQueue
  }
}

module listener '../events/event-subscriptions.bicep' = if (listenToEvents) {
  scope: resourceGroup(topicSubscription, topicGroupName)
  dependsOn: [
    topicRoles
  ]
  params: {
    topicName: topicName
    token: token
    queueId: resourceId(
      appSubscriptionId,
      appGroupName,
      'Microsoft.ServiceBus/namespaces/queues',
      serviceBusName,
      eventsQueue
    )
    functionId: ''
    storageId: resourceId(appSubscriptionId, appGroupName, 'Microsoft.Storage/storageAccounts', storageName)
  }
}

output roleId string = role.id
