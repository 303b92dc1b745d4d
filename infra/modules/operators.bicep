// What people on call may do without being owners: read and change `state` and `rejected`, and start batch runs.

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
]
var onContainers = flatten(map(principalIds, id => map(containers, name => { principalId: id, container: name })))

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

resource batchRuns 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' existing = {
  parent: serviceBus
  name: 'batch-runs'
}

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
  for id in principalIds: {
    scope: batchRuns
    name: guid(batchRuns.id, id, roles.azureServiceBusDataSender)
    properties: {
      principalId: id
      principalType: principalType
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.azureServiceBusDataSender
      )
    }
  }
]
