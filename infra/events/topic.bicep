// A topic for the policy state changes of one source. Azure allows one a source. It delivers with an identity of its own: where
// Service Bus is closed to the public, only a system-assigned one is let through.

@description('Name of the topic.')
param name string

@description('Tags of the topic.')
param tags object

@description('Id of the subscription or management group whose changes it tells.')
param source string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: 'global'
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: source
    topicType: 'Microsoft.PolicyInsights.PolicyStates'
  }
}

output id string = topic.id
output principalId string = topic.identity.principalId
