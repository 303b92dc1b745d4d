// The worker's role, for subscriptions. It is defined once, in the worker's own subscription, and can be assigned in those that are
// remediated.

import { actions } from 'options.bicep'

targetScope = 'subscription'

@description('Name of the role: a GUID.')
param name string

@description('Unique end of what the role is called: that is unique in the tenant.')
param token string

@description('Ids of the subscriptions that are remediated.')
param subscriptionIds string[]

@description('Whether it may ask Azure Policy for an evaluation of what has no result yet.')
param triggerEvaluations bool

@description('Whether it may delete its finished tasks.')
param deleteTasks bool

@description('Whether it may cancel tasks.')
param cancelTasks bool

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: name
  properties: {
    roleName: 'policy-remediator ${token}'
    description: 'Opens and follows remediation tasks of Azure Policy, and reads what that needs. Changes nothing else.'
    type: 'CustomRole'
    assignableScopes: union([subscription().id], map(subscriptionIds, id => '/subscriptions/${id}'))
    permissions: [
      {
        actions: actions(triggerEvaluations, deleteTasks, cancelTasks)
      }
    ]
  }
}
