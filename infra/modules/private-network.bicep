// The option `privateNetwork`: the app's way into a virtual network, and private endpoints for storage and Service Bus.

@description('Region of everything.')
param location string

@description('Tags of everything.')
param tags object

@description('Unique end of the names.')
param token string

@description('Addresses of a new network; not used when subnets are given.')
param addressPrefix string

@description('Id of an existing subnet for the app alone, delegated to Microsoft.App/environments; empty for a new network.')
param appSubnetId string

@description('Id of an existing subnet for the private endpoints; empty for a new network.')
param endpointSubnetId string

@description('Whether to make the private zones that are not given.')
param createDnsZones bool

@description('Id of an existing private zone for blobs; empty for none.')
param blobDnsZoneId string

@description('Id of an existing private zone for Service Bus; empty for none.')
param serviceBusDnsZoneId string

@description('Id of the storage account.')
param storageId string

@description('Id of the Service Bus namespace.')
param serviceBusId string

@description('Name of the private zone of Service Bus, in this cloud.')
param serviceBusZoneName string

var makesNetwork = empty(appSubnetId) || empty(endpointSubnetId)
var endpoints = makesNetwork ? network!.outputs.endpointSubnetId : endpointSubnetId
var networkId = split(endpoints, '/subnets/')[0]

module network 'network.bicep' = if (makesNetwork) {
  params: {
    location: location
    tags: tags
    name: 'vnet-${token}'
    addressPrefix: addressPrefix
  }
}

module blob 'private-endpoint.bicep' = {
  params: {
    location: location
    tags: tags
    name: 'pep-blob-${token}'
    subnetId: endpoints
    targetId: storageId
    groupId: 'blob'
    zoneName: 'privatelink.blob.${environment().suffixes.storage}'
    existingZoneId: blobDnsZoneId
    createZone: createDnsZones
    networkId: networkId
  }
}

module serviceBus 'private-endpoint.bicep' = {
  params: {
    location: location
    tags: tags
    name: 'pep-sb-${token}'
    subnetId: endpoints
    targetId: serviceBusId
    groupId: 'namespace'
    zoneName: serviceBusZoneName
    existingZoneId: serviceBusDnsZoneId
    createZone: createDnsZones
    networkId: networkId
  }
}

output appSubnetId string = makesNetwork ? network!.outputs.appSubnetId : appSubnetId
