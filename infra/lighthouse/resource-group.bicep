// Delegates one resource group of the customer.

@description('Name of the assignment: a GUID.')
param name string

@description('Id of the registration that it follows.')
param registrationDefinitionId string

resource part 'Microsoft.ManagedServices/registrationAssignments@2022-10-01' = {
  name: name
  properties: {
    registrationDefinitionId: registrationDefinitionId
  }
}
