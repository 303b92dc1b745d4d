// What `azd up` deploys when nobody sets anything but a name and a region.
using '../../infra/main.bicep'

param environmentName = 'remediation'
param location = 'westeurope'
