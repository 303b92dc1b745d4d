// What the worker wants to hear: three event subscriptions, because a filter cannot pair an event type with a state.

@export()
@description('The event subscriptions, by name.')
var wanted = [
  {
    name: 'non-compliant'
    types: [
      'Microsoft.PolicyInsights.PolicyStateCreated'
      'Microsoft.PolicyInsights.PolicyStateChanged'
    ]
    filters: [
      {
        key: 'data.complianceState'
        operatorType: 'StringIn'
        values: ['NonCompliant']
      }
    ]
  }
  {
    name: 'compliant'
    types: ['Microsoft.PolicyInsights.PolicyStateChanged']
    filters: [
      {
        key: 'data.complianceState'
        operatorType: 'StringIn'
        values: ['Compliant']
      }
    ]
  }
  {
    // Which state the event of a deleted one carries is not documented; so it is not asked for.
    name: 'deleted'
    types: ['Microsoft.PolicyInsights.PolicyStateDeleted']
    filters: []
  }
]
