// @azure/arm-policyinsights against a running `simulate`: the client that sends `filters.resourceIds`. Argument: the file with the line
// that it printed with --json. Node trusts its certificates by NODE_EXTRA_CA_CERTS.
import { readFileSync } from 'node:fs';
import { PolicyInsightsClient } from '@azure/arm-policyinsights';
import { ClientSecretCredential } from '@azure/identity';

const places = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const estate = JSON.parse(readFileSync(places.estate, 'utf8'));
let count = 0;
const wrong = [];

async function check(name, call, expect = () => true) {
  count += 1;
  try {
    const found = await call();
    if (!expect(found)) wrong.push(`${name}: unexpected ${JSON.stringify(found)?.slice(0, 500)}`);
    return found;
  } catch (error) {
    wrong.push(`${name}: ${error.statusCode ?? ''} ${error.message?.slice(0, 600)}`);
    return undefined;
  }
}

async function refused(name, call, status, code) {
  count += 1;
  try {
    wrong.push(`${name}: not refused, ${JSON.stringify(await call())?.slice(0, 300)}`);
  } catch (error) {
    if (error.statusCode !== status || error.code !== code) wrong.push(`${name}: refused otherwise, ${error.statusCode} ${error.code}: ${error.message}`);
  }
}

async function all(pages) {
  const found = [];
  for await (const one of pages) found.push(one);
  return found;
}

const credential = new ClientSecretCredential(places.tenant, places.operatorClientId, places.operatorClientSecret, {
  authorityHost: places.entra,
  disableInstanceDiscovery: true,
});
const subscription = estate.subscriptions[0].id;
const client = new PolicyInsightsClient(credential, subscription, {
  endpoint: places.resourceManager,
  credentialScopes: ['https://management.azure.com/.default'],
});
const group = estate.management_groups[0].name;
const scope = `/subscriptions/${subscription}`;
const records = estate.records.filter((one) => one.state === 'NonCompliant' && one.key.resource.startsWith(scope) && !one.key.reference);
const assignment = records[0].key.assignment;
const ids = records.filter((one) => one.key.assignment === assignment).slice(-2).map((one) => one.key.resource);
const tasks = client.remediations;

async function ended(name) {
  for (let round = 0; round < 120; round += 1) {
    const found = await tasks.getAtSubscription(name);
    if (['Succeeded', 'Failed', 'Canceled'].includes(found.provisioningState)) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return {};
}

const lower = (list) => list.map((one) => one.toLowerCase()).sort().join();
await check('states', () => all(client.policyStates.listQueryResultsForSubscription('latest', subscription, { queryOptions: { top: 3 } })), (found) => found.length === 3);
await check('states of a management group', () => all(client.policyStates.listQueryResultsForManagementGroup('latest', group)), (found) => found.length > 0);
await check('states of a resource', () => all(client.policyStates.listQueryResultsForResource('latest', ids[0])), (found) => found.length > 0);
await check('events', () => all(client.policyEvents.listQueryResultsForSubscription('default', subscription)), (found) => found.length > 0);
await check('events of a management group', () => all(client.policyEvents.listQueryResultsForManagementGroup('default', group)), (found) => found.length > 0);
await check('events of a resource', () => all(client.policyEvents.listQueryResultsForResource('default', ids[0])), (found) => found.length > 0);
await check('operations', () => client.operations.list(), (found) => found.value.some((one) => one.name.endsWith('remediations/write')));
await check('summary', () => client.policyStates.summarizeForSubscription('latest', subscription), (found) => found.value.length === 1);
await check('summary of a management group', () => client.policyStates.summarizeForManagementGroup('latest', group));
await check('task for two resources', () => tasks.createOrUpdateAtSubscription('by-js', { policyAssignmentId: assignment, filters: { resourceIds: ids }, failureThreshold: { percentage: 0.4 } }), (found) => lower(found.filters.resourceIds) === lower(ids));
await refused('the same again while it is on its way', () => tasks.createOrUpdateAtSubscription('by-js', { policyAssignmentId: assignment, resourceCount: 1 }), 400, 'InvalidUpdateRemediationRequest');
await check('task', () => tasks.getAtSubscription('by-js'), (found) => found.name === 'by-js');
await check('ended', () => ended('by-js'), (found) => ['Succeeded', 'Failed'].includes(found.provisioningState));
await check('its deployments', () => all(tasks.listDeploymentsAtSubscription('by-js')), (found) => lower(found.map((one) => one.remediatedResourceId)) === lower(ids));
await check('tasks', () => all(tasks.listForSubscription()), (found) => found.length > 0);
await check('tasks of a management group', () => all(tasks.listForManagementGroup(group)));
await check('deleted', () => tasks.deleteAtSubscription('by-js'));
await refused('gone', () => tasks.getAtSubscription('by-js'), 404, 'RemediationNotFound');
await refused('cancel of none', () => tasks.cancelAtSubscription('by-js'), 404, 'RemediationNotFound');
await refused('of no assignment', () => tasks.createOrUpdateAtSubscription('x', { policyAssignmentId: `${scope}/providers/Microsoft.Authorization/policyAssignments/nothing` }), 404, 'PolicyAssignmentNotFound');

for (const line of wrong) console.log(`WRONG  @azure/arm-policyinsights: ${line}`);
console.log(`@azure/arm-policyinsights: ${count} calls, ${wrong.length} wrong`);
process.exit(wrong.length ? 1 : 0);
