// A topic that is there already. It must have a system-assigned identity:
// az eventgrid system-topic update --ids ID --identity systemassigned

@description('Name of the topic.')
param name string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: name
}

output principalId string = topic.identity.principalId
