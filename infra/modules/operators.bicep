// What people on call may do without being owners: read and change `state` and `rejected`, put back what was rejected or given up, wake
// targets, start batch runs, and see what is in the queues.

@description('Object ids of the people or their groups.')
param principalIds string[]

@description('What they are.')
param principalType string

@description('Name of the storage account.')
param storageName string

@description('Name of the Service Bus namespace.')
param serviceBusName string

var roles = loadJsonContent('roles.json')
var containers = [
  'state'
  'rejected'
  'events-dead-letter'
]
var queues = [
  'noncompliant-resources'
  'wake-ups'
  'batch-runs'
]
var onContainers = flatten(map(principalIds, id => map(containers, name => { principalId: id, container: name })))
var onQueues = flatten(map(principalIds, id => map(queues, name => { principalId: id, queue: name })))

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName

  resource blobs 'blobServices' existing = {
    name: 'default'
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = [
  for item in onContainers: {
    parent: storage::blobs
    name: item.container
  }
]

resource serviceBus 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: serviceBusName
}

resource queue 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' existing = [
  for item in onQueues: {
    parent: serviceBus
    name: item.queue
  }
]

resource onContainer 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (item, index) in onContainers: {
    scope: container[index]
    name: guid(container[index].id, item.principalId, roles.storageBlobDataContributor)
    properties: {
      principalId: item.principalId
      principalType: principalType
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageBlobDataContributor
      )
    }
  }
]

resource onQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (item, index) in onQueues: {
    scope: queue[index]
    name: guid(queue[index].id, item.principalId, roles.azureServiceBusDataSender)
    properties: {
      principalId: item.principalId
      principalType: principalType
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.azureServiceBusDataSender
      )
    }
  }
]

// Counts of the queues are read through Resource Manager.
resource onServiceBus 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for id in principalIds: {
    scope: serviceBus
    name: guid(serviceBus.id, id, roles.reader)
    properties: {
      principalId: id
      principalType: principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.reader)
    }
  }
]
