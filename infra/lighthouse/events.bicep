// Run by the customer, and only where scans of the delegated subscription are not soon enough: sends its policy state changes to the
// provider's app. The customer then holds a key of that one endpoint. What comes in is a hint: the worker asks Azure Policy before it
// does anything.

import { wanted } from '../events/wanted.bicep'

@description('Name of the topic of this subscription. Azure allows one a subscription.')
param topicName string = 'policy-states'

@description('Whether the topic is made. Not where there is one already: this is then deployed to its group, under its name.')
param createsTopic bool = true

@description('Address of the provider\'s endpoint, with the key that the provider made for this customer: https://APP/runtime/webhooks/eventgrid?functionName=receive-event&code=KEY')
@secure()
param endpointUrl string

module topic '../events/topic.bicep' = if (createsTopic) {
  params: {
    name: topicName
    tags: {}
    source: subscription().id
  }
}

resource own 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

@batchSize(1)
resource listener 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = [
  for item in wanted: {
    parent: own
    name: 'policy-remediator-${item.name}'
    dependsOn: [
      topic
    ]
    properties: {
      destination: {
        endpointType: 'WebHook'
        properties: {
          endpointUrl: endpointUrl
          maxEventsPerBatch: 1
          minimumTlsVersionAllowed: '1.2'
          preferredBatchSizeInKilobytes: 64
        }
      }
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
