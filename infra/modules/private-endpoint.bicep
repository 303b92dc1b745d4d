// A private endpoint, and the record of its address in a private zone: an existing one, a new one, or none (where a policy writes it).

@description('Region of the endpoint.')
param location string

@description('Tags of the endpoint.')
param tags object

@description('Name of the endpoint.')
param name string

@description('Id of the subnet of the endpoint.')
param subnetId string

@description('Id of the resource that is reached through it.')
param targetId string

@description('The part of the resource that is reached through it.')
param groupId string

@description('Name of the zone that is made; not used when an existing one is given.')
param zoneName string

@description('Id of an existing private zone; empty for none.')
param existingZoneId string

@description('Whether to make a zone and link it with the network, when no existing one is given.')
param createZone bool

@description('Id of the virtual network that a new zone is linked with.')
param networkId string

var makesZone = createZone && empty(existingZoneId)
var zoneId = makesZone ? zone.id : existingZoneId

resource endpoint 'Microsoft.Network/privateEndpoints@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: name
        properties: {
          groupIds: [
            groupId
          ]
          privateLinkServiceId: targetId
        }
      }
    ]
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = if (makesZone) {
  name: zoneName
  location: 'global'
  tags: tags
}

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = if (makesZone) {
  parent: zone
  name: 'worker'
  location: 'global'
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: networkId
    }
  }
}

resource record 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01' = if (makesZone || !empty(existingZoneId)) {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: 'zone'
        properties: {
          privateDnsZoneId: zoneId
        }
      }
    ]
  }
}
