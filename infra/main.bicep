// Everything that the worker needs in one subscription: what it runs on in a resource group of its own, its rights where it
// remediates, and the events that it listens to. What stands at a management group is in management-group/: a template of a
// subscription cannot write there.

import { alwaysReady, eventSource, queue } from 'modules/types.bicep'

targetScope = 'subscription'

@description('Name of the azd environment: part of the name of the resource group, and of the end of all names.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Region of all resources.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Tags of all resources.')
param tags object = {}

// What the worker may do. docs/settings.md tells what each means.

@description('`plan` decides, logs and touches nothing; `act` opens remediation tasks.')
@allowed(['plan', 'act'])
param remediationMode string = 'plan'

@description('Only these assignments. Blank stops the start of the worker, so that a lost value does not let everything in.')
param includeAssignments string = '*'

@description('Not these assignments.')
param excludeAssignments string = ''

@description('Neither these scopes nor anything below.')
param excludeScopes string = ''

@description('No resources of these types.')
param excludeResourceTypes string = ''

@description('Only these assignments act, all others are planned for; blank for all.')
param actAssignments string = ''

@description('When anything may be changed, such as `Mon-Fri 20:00-06:00 Europe/Berlin; Sat,Sun`; blank for always.')
param changeWindow string = ''

@description('Sizes of the first steps of an assignment, or `off`; blank for the default of the worker.')
param firstSteps string = ''

@description('Most resources of an assignment in a day, or `none`; blank for the default of the worker.')
param maxResourcesPerDay string = ''

@description('How long after its outcome a finished task of the worker is deleted; `none` for never. Adds the right to delete tasks.')
param keepTasksFor string = 'none'

@description('When `sweep` runs.')
param sweepSchedule string = '0 */15 * * * *'

@description('Further settings of the worker, by name. They do not replace what is set here by other parameters.')
param moreSettings object = {}

// Where it may do it.

@description('Ids (GUIDs) of the subscriptions that it remediates; none for the one that this is deployed to.')
param remediatedSubscriptions string[] = []

@description('Whether its rights come from a management group instead (infra/management-group), and nothing is assigned here.')
param rightsFromManagementGroup bool = false

@description('Whether it may ask Azure Policy for an evaluation of what has no result yet.')
param triggerEvaluations bool = true

@description('Whether it may cancel its tasks when a person pauses it and asks for that.')
param cancelTasks bool = false

@description('Ids of the roles that it may grant to identities of policy assignments; none for no grants.')
param grantRoles string[] = []

@description('Object ids of people on call, or of their groups.')
param operatorPrincipalIds string[] = []

@description('What the people on call are.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorPrincipalType string = 'User'

// What it hears.

@description('Whether to listen to events of Azure Policy. Without them nothing is seen.')
param listenToEvents bool = true

@description('`queue`: to the queue policy-events. `function`: to receive-event, by the hook that runs after the deployment of the code.')
@allowed(['queue', 'function'])
param eventDelivery string = 'queue'

@description('Subscriptions whose events it hears, or topics that are there already; none for the remediated subscriptions.')
param eventSources eventSource[] = []

// What it runs on.

@description('The runtime of the app; a custom handler runs under any.')
param runtimeName string = 'custom'

@description('Version of the runtime.')
param runtimeVersion string = '1.0'

@description('Memory of an instance, in megabytes.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances on demand, of each function. Some regions refuse fewer than 40.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that are always there, and are paid for around the clock.')
param alwaysReadyInstances alwaysReady[] = []

@description('How the storage account is replicated.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSkuName string = 'Standard_LRS'

@description('Days for which a deleted blob container can be brought back.')
@minValue(1)
@maxValue(365)
param containerRetentionDays int = 14

@description('Days after which rejected items, and events that could not be delivered, are deleted.')
@minValue(1)
param rejectedRetentionDays int = 90

@description('Days for which log lines are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Gigabytes of log a day above which no more is taken in; -1 for no limit.')
param logDailyCapGb int = -1

@description('Mail addresses that alerts go to.')
param alertEmails string[] = []

@description('Ids of action groups that alerts go to.')
param actionGroupIds string[] = []

// Private networks: off by default, because Service Bus then needs the Premium tier.

@description('Whether storage and Service Bus are reached through private endpoints alone.')
param privateNetwork bool = false

@description('Addresses of a new virtual network.')
param networkAddressPrefix string = '10.90.0.0/24'

@description('Id of an existing subnet for the app, delegated to Microsoft.App/environments; empty for a new network.')
param appSubnetId string = ''

@description('Id of an existing subnet for the private endpoints; empty for a new network.')
param endpointSubnetId string = ''

@description('Whether to make the private DNS zones that are not given. Not where a policy writes the records into zones of a hub.')
param createDnsZones bool = true

@description('Id of an existing private DNS zone for blobs.')
param blobDnsZoneId string = ''

@description('Id of an existing private DNS zone for Service Bus.')
param serviceBusDnsZoneId string = ''

var token = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })
var appGroupName = 'rg-${environmentName}'
var storageName = 'st${token}'
var serviceBusName = 'sb-${token}'
var componentName = 'appi-${token}'
var topicName = 'evgt-${token}'
var roleName = guid(subscription().id, 'policy-remediator', token)

// Service Bus is the one service whose addresses the compiler does not know for each cloud.
var clouds = {
  AzureCloud: { name: 'public', serviceBus: 'servicebus.windows.net' }
  AzureUSGovernment: { name: 'usgovernment', serviceBus: 'servicebus.usgovcloudapi.net' }
  AzureChinaCloud: { name: 'china', serviceBus: 'servicebus.chinacloudapi.cn' }
}
var cloud = clouds[environment().name]
var blobEndpoint = 'https://${storageName}.blob.${environment().suffixes.storage}/'

// How often a message is delivered before it is dead-lettered: docs/adr/0007.
var eventsQueue = 'policy-events'
var queues queue[] = [
  { name: eventsQueue, maxDeliveryCount: 100 }
  { name: 'noncompliant-resources', maxDeliveryCount: 100 }
  { name: 'wake-ups', maxDeliveryCount: 100 }
  { name: 'batch-runs', maxDeliveryCount: 20 }
]

// Ids are compared, and people write them in any case.
var ownId = toLower(subscription().subscriptionId)
// As ids that are known before anything is there: what hangs on them can be told in advance.
var storageId = resourceId(ownId, appGroupName, 'Microsoft.Storage/storageAccounts', storageName)
var serviceBusId = resourceId(ownId, appGroupName, 'Microsoft.ServiceBus/namespaces', serviceBusName)
var eventsQueueId = '${serviceBusId}/queues/${eventsQueue}'

var remediated = empty(remediatedSubscriptions) ? [ownId] : map(remediatedSubscriptions, id => toLower(id))
var withRights = rightsFromManagementGroup ? [] : remediated

var ofRemediated = map(remediated, id => { subscriptionId: id })
var wantedSources = empty(eventSources) ? ofRemediated : eventSources
var sources = listenToEvents ? wantedSources : []
var newTopics = map(filter(sources, source => empty(source.?topicId)), source => toLower(source.subscriptionId!))
var topicGroups = map(newTopics, id => id == ownId ? appGroupName : '${appGroupName}-events')
var existingTopics = map(filter(sources, source => !empty(source.?topicId)), source => split(source.topicId!, '/'))

// A setting that is blank counts as not set; so it is not there at all.
var guardRails = filter(
  [
    { name: 'EXCLUDE_ASSIGNMENTS', value: excludeAssignments }
    { name: 'EXCLUDE_SCOPES', value: excludeScopes }
    { name: 'EXCLUDE_RESOURCE_TYPES', value: excludeResourceTypes }
    { name: 'GRANT_ROLES', value: join(grantRoles, ',') }
    { name: 'ACT_ASSIGNMENTS', value: actAssignments }
    { name: 'CHANGE_WINDOW', value: changeWindow }
    { name: 'FIRST_STEPS', value: firstSteps }
    { name: 'MAX_RESOURCES_PER_DAY', value: maxResourcesPerDay }
  ],
  setting => !empty(setting.value)
)
var chosenSettings = {
  AZURE_CLOUD: cloud.name
  HOME_TENANT_ID: tenant().tenantId
  INCLUDE_ASSIGNMENTS: includeAssignments
  KEEP_TASKS_FOR: keepTasksFor
  REMEDIATION_MODE: remediationMode
  SWEEP_SCHEDULE: sweepSchedule
}
var workerSettings = union(moreSettings, toObject(guardRails, item => item.name, item => item.value), chosenSettings)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: appGroupName
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    name: 'id-${token}'
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    name: storageName
    skuName: storageSkuName
    isPrivate: privateNetwork
    containerRetentionDays: containerRetentionDays
    rejectedRetentionDays: rejectedRetentionDays
  }
}

module serviceBus 'modules/service-bus.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    name: serviceBusName
    queues: queues
    isPrivate: privateNetwork
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    workspaceName: 'log-${token}'
    componentName: componentName
    retentionDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module network 'modules/private-network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    location: location
    tags: allTags
    token: token
    addressPrefix: networkAddressPrefix
    appSubnetId: appSubnetId
    endpointSubnetId: endpointSubnetId
    createDnsZones: createDnsZones
    blobDnsZoneId: blobDnsZoneId
    serviceBusDnsZoneId: serviceBusDnsZoneId
    storageId: storage.outputs.id
    serviceBusId: serviceBus.outputs.id
    serviceBusZoneName: 'privatelink.${cloud.serviceBus}'
  }
}

// Names of role assignments are made of the principal: an identity that is made anew gets assignments of its own, where the name
// of an old one could not be used again.
module workerRoles 'modules/worker-roles.bicep' = {
  scope: group
  dependsOn: [
    storage
    serviceBus
    monitoring
  ]
  params: {
    #disable-next-line what-if-short-circuiting
    principalId: identity.outputs.principalId
    storageName: storageName
    serviceBusName: serviceBusName
    queues: queues
    componentName: componentName
  }
}

module role 'rights/role.bicep' = if (!rightsFromManagementGroup) {
  params: {
    name: roleName
    token: token
    subscriptionIds: remediated
    triggerEvaluations: triggerEvaluations
    deleteTasks: keepTasksFor != 'none'
    cancelTasks: cancelTasks
  }
}

module rights 'rights/subscription.bicep' = [
  for id in withRights: {
    scope: subscription(id)
    dependsOn: [
      role
    ]
    params: {
      #disable-next-line what-if-short-circuiting
      principalId: identity.outputs.principalId
      roleName: roleName
      grantRoles: grantRoles
    }
  }
]

// After the roles: what the app cannot do at its start it finds out late.
module app 'modules/function-app.bicep' = {
  scope: group
  dependsOn: [
    workerRoles
    rights
  ]
  params: {
    location: location
    tags: allTags
    planName: 'plan-${token}'
    name: 'func-${token}'
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    blobEndpoint: blobEndpoint
    serviceBusHostName: '${serviceBusName}.${cloud.serviceBus}'
    serviceBusId: serviceBusId
    componentName: componentName
    runtimeName: runtimeName
    runtimeVersion: runtimeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    isPrivate: privateNetwork
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    workerSettings: workerSettings
  }
}

module operators 'modules/operators.bicep' = if (!empty(operatorPrincipalIds)) {
  scope: group
  dependsOn: [
    storage
    serviceBus
  ]
  params: {
    principalIds: operatorPrincipalIds
    principalType: operatorPrincipalType
    storageName: storageName
    serviceBusName: serviceBusName
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    token: token
    workspaceId: monitoring.outputs.workspaceId
    serviceBusId: serviceBus.outputs.id
    queues: queues
    emails: alertEmails
    actionGroupIds: actionGroupIds
  }
}

module topic 'events/subscription-topic.bicep' = [
  for (id, index) in newTopics: {
    scope: subscription(id)
    dependsOn: [
      group
    ]
    params: {
      location: location
      tags: allTags
      resourceGroupName: topicGroups[index]
      createsGroup: topicGroups[index] != appGroupName
      topicName: topicName
    }
  }
]

module existingTopic 'events/existing-topic.bicep' = [
  for id in existingTopics: {
    scope: resourceGroup(id[2], id[4])
    params: {
      name: last(id)
    }
  }
]

module topicRoles 'events/topic-roles.bicep' = [
  for (id, index) in newTopics: {
    scope: group
    dependsOn: [
      storage
      serviceBus
    ]
    params: {
      #disable-next-line what-if-short-circuiting
      principalId: topic[index].outputs.principalId
      storageName: storageName
      serviceBusName: serviceBusName
      queueName: eventDelivery == 'queue' ? eventsQueue : ''
    }
  }
]

module existingTopicRoles 'events/topic-roles.bicep' = [
  for (id, index) in existingTopics: {
    scope: group
    dependsOn: [
      storage
      serviceBus
    ]
    params: {
      #disable-next-line what-if-short-circuiting
      principalId: existingTopic[index].outputs.principalId
      storageName: storageName
      serviceBusName: serviceBusName
      queueName: eventDelivery == 'queue' ? eventsQueue : ''
    }
  }
]

// With `function` they are made by the hook after the deployment of the code: Event Grid asks for the function first.
var queuedTopics = eventDelivery == 'queue' ? newTopics : []
var queuedExistingTopics = eventDelivery == 'queue' ? existingTopics : []

module listener 'events/event-subscriptions.bicep' = [
  for (id, index) in queuedTopics: {
    scope: resourceGroup(id, topicGroups[index])
    dependsOn: [
      topicRoles
    ]
    params: {
      topicName: topicName
      token: token
      queueId: eventsQueueId
      functionId: ''
      storageId: storageId
    }
  }
]

module existingListener 'events/event-subscriptions.bicep' = [
  for id in queuedExistingTopics: {
    scope: resourceGroup(id[2], id[4])
    dependsOn: [
      existingTopicRoles
    ]
    params: {
      topicName: last(id)
      token: token
      queueId: eventsQueueId
      functionId: ''
      storageId: storageId
    }
  }
]

var newTopicIds = [
  for (id, index) in newTopics: resourceId(id, topicGroups[index], 'Microsoft.EventGrid/systemTopics', topicName)
]

output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_TENANT_ID string = tenant().tenantId
output EVENT_DELIVERY string = eventDelivery
output EVENT_SUBSCRIPTION_TOKEN string = token
output EVENT_TOPIC_IDS array = concat(newTopicIds, map(existingTopics, id => join(id, '/')))
output FUNCTION_APP_ID string = app.outputs.id
output FUNCTION_APP_NAME string = app.outputs.name
output ServiceBus__fullyQualifiedNamespace string = '${serviceBusName}.${cloud.serviceBus}'
output STATE_BLOB_ENDPOINT string = blobEndpoint
output STORAGE_ACCOUNT_ID string = storageId
output WORKER_PRINCIPAL_ID string = identity.outputs.principalId
