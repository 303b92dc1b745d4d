// The topic of a subscription, in that subscription: a topic lives where its source is.

targetScope = 'subscription'

@description('Region of a new resource group.')
param location string

@description('Tags of all.')
param tags object

@description('Name of the group of the topic.')
param resourceGroupName string

@description('Whether the group is to be made.')
param createsGroup bool

@description('Name of the topic.')
param topicName string

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = if (createsGroup) {
  name: resourceGroupName
  location: location
  tags: tags
}

module topic 'topic.bicep' = {
  scope: resourceGroup(resourceGroupName)
  dependsOn: [
    group
  ]
  params: {
    name: topicName
    tags: tags
    source: subscription().id
  }
}

output id string = topic.outputs.id
output principalId string = topic.outputs.principalId
