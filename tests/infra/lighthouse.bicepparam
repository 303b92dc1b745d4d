// A customer who delegates two resource groups, and lets two roles be granted.
using '../../infra/lighthouse/main.bicep'

param managedByTenantId = 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb'
param workerPrincipalId = '55555555-5555-5555-5555-555555555555'
param grantRoles = ['b24988ac-6180-42a0-ab88-20f7382dd24c', '92aaf0da-9dab-42b6-94a3-d43ce8d16293']
param resourceGroupNames = ['rg-shop', 'rg-web']
