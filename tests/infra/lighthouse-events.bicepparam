// A customer who also sends events.
using '../../infra/lighthouse/events.bicep'

param endpointUrl = 'https://func-abcdefghijklm.azurewebsites.net/runtime/webhooks/eventgrid?functionName=receive-event&code=the-key'
