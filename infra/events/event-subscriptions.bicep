// What a topic sends to the worker.
//
// Delivered to a queue with the topic's own identity no key exists anywhere, events wait there for 14 days, and nothing has to be
// there before. Delivered to the function, the function must be there first, and Event Grid gives up after a day.

import { wanted } from 'wanted.bicep'

@description('Name of the topic; it is in the group that this is deployed to.')
param topicName string

@description('Unique end of the names: two workers may listen to one topic.')
param token string

@description('Id of the queue of events; empty when they go to the function.')
param queueId string

@description('Id of the function `receive-event`; not used when there is a queue.')
param functionId string

@description('Id of the storage account that keeps what cannot be delivered.')
param storageId string

var toQueue = {
  identity: {
    type: 'SystemAssigned'
  }
  destination: {
    endpointType: 'ServiceBusQueue'
    properties: {
      resourceId: queueId
    }
  }
}

var toFunction = {
  endpointType: 'AzureFunction'
  properties: {
    maxEventsPerBatch: 1
    preferredBatchSizeInKilobytes: 64
    resourceId: functionId
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

@batchSize(1)
resource listener 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = [
  for item in wanted: {
    parent: topic
    name: 'evgs-${item.name}-${token}'
    properties: {
      deadLetterWithResourceIdentity: {
        identity: {
          type: 'SystemAssigned'
        }
        deadLetterDestination: {
          endpointType: 'StorageBlob'
          properties: {
            blobContainerName: 'events-dead-letter'
            resourceId: storageId
          }
        }
      }
      deliveryWithResourceIdentity: empty(queueId) ? null : toQueue
      destination: empty(queueId) ? toFunction : null
      eventDeliverySchema: 'CloudEventSchemaV1_0'
      filter: {
        advancedFilters: item.filters
        enableAdvancedFilteringOnArrays: false
        includedEventTypes: item.types
      }
      retryPolicy: {
        eventTimeToLiveInMinutes: 1440
        maxDeliveryAttempts: 30
      }
    }
  }
]
