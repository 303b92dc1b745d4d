// The Service Bus namespace with the worker's queues. No shared keys. Private endpoints need the Premium tier.

import { queue } from 'types.bicep'

@description('Region of the namespace.')
param location string

@description('Tags of the namespace.')
param tags object

@description('Name of the namespace.')
@minLength(6)
@maxLength(50)
param name string

@description('The queues, with how often each of their messages is delivered before it is dead-lettered.')
param queues queue[]

@description('Whether the namespace can be reached only through private endpoints.')
param isPrivate bool

var tier = isPrivate ? 'Premium' : 'Standard'

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: tier
    tier: tier
    capacity: isPrivate ? 1 : null
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    premiumMessagingPartitions: isPrivate ? 1 : null
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }
}

// Event Grid comes in as a trusted service, with the identity of its topic.
resource rules 'Microsoft.ServiceBus/namespaces/networkRuleSets@2026-01-01' = if (isPrivate) {
  parent: namespace
  name: 'default'
  properties: {
    defaultAction: 'Deny'
    publicNetworkAccess: 'Disabled'
    trustedServiceAccessEnabled: true
  }
}

// One by one: a namespace refuses many changes at a time.
@batchSize(1)
resource all 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = [
  for item in queues: {
    parent: namespace
    name: item.name
    properties: {
      deadLetteringOnMessageExpiration: true
      defaultMessageTimeToLive: 'P14D'
      duplicateDetectionHistoryTimeWindow: 'P1D'
      enableBatchedOperations: true
      lockDuration: 'PT5M'
      maxDeliveryCount: item.maxDeliveryCount
      maxSizeInMegabytes: 5120
      requiresDuplicateDetection: true
      requiresSession: false
    }
  }
]

output id string = namespace.id
