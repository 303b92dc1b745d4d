// What a person on call must hear of. The worker's lines are judged by the level and the event that stand in them: the host shows
// whatever comes from a handler at a level of its own.

import { queue } from 'types.bicep'

@description('Region of the rules that ask the log.')
param location string

@description('Tags of all.')
param tags object

@description('Unique end of the names.')
param token string

@description('Id of the Log Analytics workspace.')
param workspaceId string

@description('Id of the Service Bus namespace.')
param serviceBusId string

@description('The queues.')
param queues queue[]

@description('Addresses that are told by mail; with none no action group is made.')
param emails string[]

@description('Ids of action groups that are told, too.')
param actionGroupIds string[]

var lines = 'AppTraces | where tostring(Properties.Category) == "Host.Function.Console" | extend log = parse_json(Message)'

var questions = [
  {
    name: 'rejected'
    title: 'An item was rejected'
    description: 'An event or message could not be handled and lies in the container "rejected", with its reason.'
    severity: 2
    window: 'PT15M'
    query: '${lines} | where log.event == "item_rejected"'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'error'
    title: 'The worker reports an error'
    description: 'A start that failed, a stopped target, dead letters that cannot be read, or a defect. The line says what to do.'
    severity: 1
    window: 'PT15M'
    query: '${lines} | where log.level == "ERROR" and log.event !in ("item_rejected", "invocation_failed")'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'failing'
    title: 'Invocations fail'
    description: 'A service that the worker needs does not serve. Nothing is lost: what fails is delivered again.'
    severity: 2
    window: 'PT30M'
    query: '${lines} | where log.event == "invocation_failed"'
    operator: 'GreaterThan'
    threshold: 10
  }
  {
    name: 'parked'
    title: 'Something was parked'
    description: 'A resource, target or subscription is left alone until a person does what the hint says.'
    severity: 3
    window: 'PT1H'
    query: '${lines} | where log.event in ("resource_parked", "target_parked", "subscription_parked") and log.reason != "waitingForResource"'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'silent'
    title: 'No invocation succeeds'
    description: 'The timers run every few minutes. For an hour none has ended well: the worker does not start, or the app is stopped.'
    severity: 1
    window: 'PT1H'
    query: 'AppRequests | where Success == true'
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'overdue'
    title: 'Targets are overdue'
    description: 'Wake-ups are lost or late: the sweep had to wake many targets itself.'
    severity: 3
    window: 'PT1H'
    query: '${lines} | where log.event == "target_healed"'
    operator: 'GreaterThan'
    threshold: 20
  }
  {
    name: 'throttled'
    title: 'Resource Manager is short of calls'
    description: 'Answers say that few calls are left, again and again. Somebody else uses the budget of the subscription, too.'
    severity: 3
    window: 'PT1H'
    query: '${lines} | where log.event == "budget_low"'
    operator: 'GreaterThan'
    threshold: 50
  }
  {
    name: 'paused'
    title: 'Targets rest because of a pause'
    description: 'Somebody has paused the worker, and targets are due.'
    severity: 3
    window: 'PT6H'
    query: '${lines} | where log.event == "target_reconciled" and log.idle == "paused"'
    operator: 'GreaterThan'
    threshold: 0
  }
]

var ownGroup = empty(emails) ? [] : [people.id]
var groups = concat(ownGroup, actionGroupIds)

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'ag-${token}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'remediator'
    emailReceivers: [
      for (email, index) in emails: {
        name: 'person-${index}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for question in questions: {
    name: 'alert-${question.name}-${token}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      actions: {
        actionGroups: groups
      }
      autoMitigate: true
      criteria: {
        allOf: [
          {
            failingPeriods: {
              minFailingPeriodsToAlert: 1
              numberOfEvaluationPeriods: 1
            }
            operator: question.operator
            query: question.query
            threshold: question.threshold
            timeAggregation: 'Count'
          }
        ]
      }
      description: question.description
      displayName: 'policy-remediator: ${question.title}'
      enabled: true
      evaluationFrequency: 'PT15M'
      scopes: [
        workspaceId
      ]
      severity: question.severity
      // The tables are not there before the first line was written.
      skipQueryValidation: true
      windowSize: question.window
    }
  }
]

resource deadLetters 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'alert-dead-letters-${token}'
  location: 'global'
  tags: tags
  properties: {
    actions: [
      for id in groups: {
        actionGroupId: id
      }
    ]
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead letters'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          // One alert a queue.
          dimensions: [
            {
              name: 'EntityName'
              operator: 'Include'
              values: map(queues, item => item.name)
            }
          ]
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Minimum'
        }
      ]
    }
    description: 'policy-remediator: dead letters stay. The function recover takes them every five minutes; these it does not.'
    enabled: true
    evaluationFrequency: 'PT5M'
    scopes: [
      serviceBusId
    ]
    severity: 2
    windowSize: 'PT15M'
  }
}

resource throttledRequests 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'alert-service-bus-${token}'
  location: 'global'
  tags: tags
  properties: {
    actions: [
      for id in groups: {
        actionGroupId: id
      }
    ]
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'throttled requests'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'ThrottledRequests'
          operator: 'GreaterThan'
          threshold: 100
          timeAggregation: 'Total'
        }
      ]
    }
    description: 'policy-remediator: Service Bus throttles. Everything goes on, but late.'
    enabled: true
    evaluationFrequency: 'PT5M'
    scopes: [
      serviceBusId
    ]
    severity: 3
    windowSize: 'PT15M'
  }
}
