// The function app on Flex Consumption, with the settings of host and worker.
//
// Not set, because Flex Consumption refuses them: FUNCTIONS_WORKER_RUNTIME, FUNCTIONS_EXTENSION_VERSION, WEBSITE_RUN_FROM_PACKAGE,
// WEBSITE_CONTENT…, SCM_DO_BUILD_DURING_DEPLOYMENT, ENABLE_ORYX_BUILD, WEBSITE_TIME_ZONE, linuxFxVersion.
//
// Answers to scanners (checkov): CKV_AZURE_222, public access: uploads and the webhook of Event Grid come in there, with tokens and
// keys of the platform; 17, client certificates: neither of them has one; 225, 212 and 213, zones, instances, health check: Flex
// Consumption replaces instances itself, and what was in hand is delivered again; 13, 63, 65, 66, 80, 88: take the app settings for
// the settings of a web site.

import { alwaysReady } from 'types.bicep'

@description('Region of the app.')
param location string

@description('Tags of plan and app.')
param tags object

@description('Name of the plan.')
param planName string

@description('Name of the app.')
@minLength(2)
@maxLength(60)
param name string

@description('Id of the worker\'s identity.')
param identityId string

@description('Client id of the worker\'s identity.')
param identityClientId string

@description('Blob endpoint of the storage account.')
param blobEndpoint string

@description('Host name of the Service Bus namespace.')
param serviceBusHostName string

@description('Id of the Service Bus namespace.')
param serviceBusId string

@description('Name of the Application Insights component.')
param componentName string

@description('The runtime. The host knows a custom handler by host.json, so any runtime that the region offers works.')
param runtimeName string

@description('Version of the runtime.')
param runtimeVersion string

@description('Memory of an instance, in megabytes.')
param instanceMemoryMB int

@description('Most instances on demand, of each function.')
param maximumInstanceCount int

@description('Instances that are always there.')
param alwaysReadyInstances alwaysReady[]

@description('Whether the app reaches the others through a virtual network alone.')
param isPrivate bool

@description('Id of the subnet of the app in that network; not used without one.')
param subnetId string

@description('Settings of the worker.')
param workerSettings object

var platformSettings = {
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  APPLICATIONINSIGHTS_CONNECTION_STRING: component.properties.ConnectionString
  AZURE_CLIENT_ID: identityClientId
  AzureWebJobsStorage__blobServiceUri: blobEndpoint
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__credential: 'managedidentity'
  SERVICEBUS_RESOURCE_ID: serviceBusId
  STATE_BLOB_ENDPOINT: blobEndpoint
  ServiceBus__clientId: identityClientId
  ServiceBus__credential: 'managedidentity'
  ServiceBus__fullyQualifiedNamespace: serviceBusHostName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  // By this tag azd finds the app that its service is deployed to.
  tags: union(tags, { 'azd-service-name': 'worker' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobEndpoint}deployment'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: runtimeName
        version: runtimeVersion
      }
      scaleAndConcurrency: {
        alwaysReady: alwaysReadyInstances
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
    httpsOnly: true
    outboundVnetRouting: isPrivate ? { allTraffic: true } : null
    serverFarmId: plan.id
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    virtualNetworkSubnetId: isPrivate ? subnetId : null
  }
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union(workerSettings, platformSettings)
}

resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

// azd and the release workflow upload with a token.
resource noDeploymentPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

output id string = app.id
output name string = app.name
