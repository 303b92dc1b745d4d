// Storage and Service Bus without a public address, in a new network.
using '../../infra/main.bicep'

param environmentName = 'private'
param location = 'westeurope'
param privateNetwork = true
