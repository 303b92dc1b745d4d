// Events go to the function; rights come from a management group, and nothing stands at a subscription.
using '../../infra/main.bicep'

param environmentName = 'webhook'
param location = 'westeurope'
param eventDelivery = 'function'
param rightsFromManagementGroup = true
