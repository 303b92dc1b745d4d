// The storage account: the package, the host's locks, and what the worker keeps. No shared keys, nothing public.
//
// Container soft delete is on. Blob soft delete and versioning are off: state documents are rewritten all day, each rewrite would
// keep a billed copy, and copies slow every listing. What is lost of `state` is found again by a scan.
//
// Answers to scanners (checkov): CKV_AZURE_35 and 59, public access: off with `privateNetwork`, else only tokens open anything;
// CKV_AZURE_206, replication: `storageSkuName`.

@description('Region of the account.')
param location string

@description('Tags of the account.')
param tags object

@description('Name of the account.')
@minLength(3)
@maxLength(24)
param name string

@description('How the account is replicated.')
param skuName string

@description('Whether the account can be reached only through private endpoints.')
param isPrivate bool

@description('Days for which a deleted container can be brought back.')
param containerRetentionDays int

@description('Days after which rejected items and undelivered events are deleted.')
param rejectedRetentionDays int

var containers = [
  'deployment'
  'state'
  'rejected'
  'events-dead-letter'
]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: skuName
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      // Event Grid delivers what it gives up as a trusted service.
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    containerDeleteRetentionPolicy: {
      enabled: true
      days: containerRetentionDays
    }
    deleteRetentionPolicy: {
      enabled: false
    }
    isVersioningEnabled: false
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for container in containers: {
    parent: blobs
    name: container
    properties: {
      publicAccess: 'None'
    }
  }
]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  dependsOn: [
    container
  ]
  properties: {
    policy: {
      rules: [
        {
          name: 'old-rejected-items'
          enabled: true
          type: 'Lifecycle'
          definition: {
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: rejectedRetentionDays
                }
              }
            }
            filters: {
              blobTypes: [
                'blockBlob'
              ]
              prefixMatch: [
                'rejected/'
                'events-dead-letter/'
              ]
            }
          }
        }
      ]
    }
  }
}

output id string = account.id
