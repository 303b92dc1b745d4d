// Shapes that several templates share.

@export()
@description('A queue of the worker.')
type queue = {
  name: string
  maxDeliveryCount: int
}

@export()
@description('Where policy state changes come from: a subscription without a topic of this kind, or the id of the topic that is there.')
type eventSource = {
  subscriptionId: string?
  topicId: string?
}

@export()
@description('Instances that are always there, of `http` or of `function:NAME`.')
type alwaysReady = {
  name: string
  instanceCount: int
}
