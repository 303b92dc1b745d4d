// Rights and events at a management group, with every option.
using '../../infra/management-group/main.bicep'

param workerPrincipalId = '55555555-5555-5555-5555-555555555555'
param token = 'abcdefghijklm'
param deleteTasks = true
param cancelTasks = true
param grantRoles = ['b24988ac-6180-42a0-ab88-20f7382dd24c']
param listenToEvents = true
param functionAppId = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-remediation/providers/Microsoft.Web/sites/func-abcdefghijklm'
