"""Microsoft's Python SDKs against a running `simulate`. Argument: the file with the line that it printed with --json."""

import json
import os
import sys
import time

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.managementgroups import ManagementGroupsMgmtClient
from azure.mgmt.policyinsights import PolicyInsightsClient
from azure.mgmt.policyinsights.models import QueryOptions, Remediation, RemediationFilters
from azure.mgmt.resource.locks import ManagementLockClient
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest
from azure.storage.blob import BlobServiceClient

from tally import Tally

places = json.load(open(sys.argv[1], encoding="utf-8"))
estate = json.load(open(places["estate"], encoding="utf-8"))
os.environ["REQUESTS_CA_BUNDLE"] = places["caFile"]
tally = Tally("Python SDKs")
check, refused = tally.check, tally.refused

login = {"authority": places["entra"], "disable_instance_discovery": True}
tenant, client = places["tenant"], places["operatorClientId"]
credential = ClientSecretCredential(tenant, client, places["operatorClientSecret"], **login)
by_certificate = CertificateCredential(tenant, client, places["operatorCertificate"], **login)
management = "https://management.azure.com/.default"
where = {"base_url": places["resourceManager"], "credential_scopes": [management]}

# The owner is one at home only: a customer's subscription is delegated to the worker alone.
at_home = [one for one in estate["subscriptions"] if one["tenant"] == tenant]
subscription = at_home[0]["id"]
scope = f"/subscriptions/{subscription}"
group = estate["management_groups"][0]["name"]
root = f"/providers/Microsoft.Management/managementGroups/{group}"
resource = next(one for one in estate["resources"] if one["id"].startswith(scope))
resource_id = resource["id"]
resource_group = resource_id.split("/")[4]
at_root = next(one for one in estate["assignments"] if one["id"].startswith(root))["id"]
in_subscription = next(one for one in estate["assignments"] if one["id"].startswith(scope))["id"]
definition = estate["definitions"][0]["id"].split("/")[-1]
initiative = estate["initiatives"][0]["id"].split("/")[-1]
reference = estate["initiatives"][0]["members"][0]["reference"]


def some(found):
    return len(list(found)) > 0


def named(name):
    return lambda found: found.name == name


# Logins.
check("token by secret", lambda: credential.get_token(management), lambda found: found.token.count(".") == 2)
check("token by certificate", lambda: by_certificate.get_token(management), lambda found: found.expires_on > time.time())
check("token for storage", lambda: credential.get_token("https://storage.azure.com/.default"))


def wrong_secret():
    try:
        ClientSecretCredential(tenant, client, "wrong", **login).get_token(management)
    except ClientAuthenticationError as error:
        return error.message
    return "not refused"


check("a wrong secret", wrong_secret, lambda words: "AADSTS7000215" in words)

# Subscriptions, groups, resources, providers.
subscriptions = SubscriptionClient(by_certificate, **where)
resources = ResourceManagementClient(credential, subscription, **where)
check("subscriptions", lambda: list(subscriptions.subscriptions.list()), lambda found: len(found) == len(at_home))
check("subscription", lambda: subscriptions.subscriptions.get(subscription), lambda found: found.subscription_id == subscription)
check("tenants", lambda: list(subscriptions.tenants.list()), lambda found: found[0].tenant_id == tenant)
check("locations", lambda: list(subscriptions.subscriptions.list_locations(subscription)), lambda found: "westeurope" in [one.name for one in found])
check("resource groups", lambda: list(resources.resource_groups.list()), some)
check("resource group", lambda: resources.resource_groups.get(resource_group), named(resource_group))
check("resource group is there", lambda: resources.resource_groups.check_existence(resource_group), lambda found: found is True)
check("resource group is not there", lambda: resources.resource_groups.check_existence("nothing"), lambda found: found is False)
check("resources", lambda: list(resources.resources.list()), some)
check("resources by type", lambda: list(resources.resources.list(filter="resourceType eq 'Microsoft.Storage/storageAccounts'")))
check("resources of a group", lambda: list(resources.resources.list_by_resource_group(resource_group, top=3)), some)
check("resource", lambda: resources.resources.get_by_id(resource_id, api_version="2024-01-01"), lambda found: found.id.lower() == resource_id.lower())
check("providers", lambda: list(resources.providers.list()), some)
check("provider", lambda: resources.providers.get("Microsoft.PolicyInsights"), lambda found: found.registration_state == "Registered")
check("unregister", lambda: resources.providers.unregister("Microsoft.PolicyInsights"), lambda found: found.registration_state == "NotRegistered")
insights = PolicyInsightsClient(credential, subscription, **where)
# The SDKs register what a refusal says is not registered, and ask again.
check("remediations, registered on the way", lambda: list(insights.remediations.list_for_subscription()))
check("registered by the SDK", lambda: resources.providers.get("Microsoft.PolicyInsights"), lambda found: found.registration_state == "Registered")
check("register", lambda: resources.providers.register("Microsoft.PolicyInsights"), lambda found: found.registration_state == "Registered")
check("provider in general", lambda: resources.providers.get_at_tenant_scope("Microsoft.PolicyInsights"))
refused("no such group", lambda: resources.resource_groups.get("nothing"), 404, "ResourceGroupNotFound")

# Management groups.
groups = ManagementGroupsMgmtClient(credential, **where)
check("management groups", lambda: list(groups.management_groups.list()), some)
check("management group", lambda: groups.management_groups.get(group, expand="children", recurse=True), named(group))
check("ancestors", lambda: groups.management_groups.get(group, expand="ancestors"), named(group))
check("path", lambda: groups.management_groups.get(group, expand="path"), named(group))
check("descendants", lambda: list(groups.management_groups.get_descendants(group)), some)
check("subscriptions below", lambda: list(groups.management_group_subscriptions.get_subscriptions_under_management_group(group)), some)

# Policies.
policy = PolicyClient(credential, subscription, **where)
check("assignments", lambda: list(policy.policy_assignments.list()), some)
check("assignments at the scope", lambda: list(policy.policy_assignments.list(filter="atScope()")), some)
check("assignments at it alone", lambda: list(policy.policy_assignments.list(filter="atExactScope()")), some)
check("assignments, expanded", lambda: list(policy.policy_assignments.list(expand="LatestDefinitionVersion, EffectiveDefinitionVersion")), some)
check("assignments of a management group", lambda: list(policy.policy_assignments.list_for_management_group(group, filter="atScope()")), some)
check("assignments of a group", lambda: list(policy.policy_assignments.list_for_resource_group(resource_group)), some)
check("assignment", lambda: policy.policy_assignments.get_by_id(at_root), lambda found: found.id.lower() == at_root.lower())
check("assignment, expanded", lambda: policy.policy_assignments.get(scope, in_subscription.split("/")[-1], expand="LatestDefinitionVersion"))
check("definitions", lambda: list(policy.policy_definitions.list_by_management_group(group)), some)
check("custom definitions", lambda: list(policy.policy_definitions.list(filter="policyType eq 'Custom'")), some)
check("built-in definitions", lambda: list(policy.policy_definitions.list_built_in()))
check("definition", lambda: policy.policy_definitions.get_at_management_group(group, definition), named(definition))
check("versions", lambda: list(policy.policy_definition_versions.list_by_management_group(group, definition)), some)
versions = list(policy.policy_definition_versions.list_by_management_group(group, definition))
check("version", lambda: policy.policy_definition_versions.get_at_management_group(group, definition, versions[0].name), named(versions[0].name))
check("initiatives", lambda: list(policy.policy_set_definitions.list_by_management_group(group)), some)
check("initiative", lambda: policy.policy_set_definitions.get_at_management_group(group, initiative, expand="LatestDefinitionVersion"), named(initiative))
check("initiative's versions", lambda: list(policy.policy_set_definition_versions.list_by_management_group(group, initiative)), some)
refused("no such assignment", lambda: policy.policy_assignments.get(scope, "nothing"), 404, "PolicyAssignmentNotFound")
refused("no such definition", lambda: policy.policy_definitions.get_at_management_group(group, "nothing"), 404, "PolicyDefinitionNotFound")
refused("no such initiative", lambda: policy.policy_set_definitions.get("nothing"), 404, "PolicySetDefinitionNotFound")
refused("no such management group", lambda: list(policy.policy_assignments.list_for_management_group("nothing", filter="atScope()")), 404, "ManagementGroupNotFound")

# Policy states.
states = insights.policy_states
check("states", lambda: list(states.list_query_results_for_subscription("latest", subscription)), some)
check("states, filtered", lambda: list(states.list_query_results_for_subscription("latest", subscription, QueryOptions(top=3, filter="complianceState eq 'NonCompliant'", order_by="timestamp desc", select="resourceId,timestamp"))), some)
check("states, grouped", lambda: list(states.list_query_results_for_subscription("latest", subscription, QueryOptions(apply="groupby((policyAssignmentId),aggregate($count as count))"))), some)
check("states of a group", lambda: list(states.list_query_results_for_resource_group("latest", subscription, resource_group)), some)
check("states of a resource", lambda: list(states.list_query_results_for_resource("latest", resource_id)), some)
check("states of a management group", lambda: list(states.list_query_results_for_management_group("latest", group, QueryOptions(top=2))), some)
check("states of an assignment", lambda: list(states.list_query_results_for_subscription_level_policy_assignment("latest", subscription, in_subscription.split("/")[-1])), some)
events = insights.policy_events
check("events", lambda: list(events.list_query_results_for_subscription("default", subscription)), some)
check("events, filtered", lambda: list(events.list_query_results_for_subscription("default", subscription, QueryOptions(top=3, filter="complianceState eq 'NonCompliant'", order_by="timestamp desc"))), some)
check("events of a management group", lambda: list(events.list_query_results_for_management_group("default", group, QueryOptions(top=2))), some)
check("events of an assignment", lambda: list(events.list_query_results_for_subscription_level_policy_assignment("default", subscription, in_subscription.split("/")[-1])), some)
check("operations", insights.operations.list, lambda found: any(one.name.endswith("remediations/write") for one in found.value))
check("summary", lambda: states.summarize_for_subscription("latest", subscription), lambda found: len(found.value) == 1)
check("summary of a management group", lambda: states.summarize_for_management_group("latest", group))
check("summary of a group", lambda: states.summarize_for_resource_group("latest", subscription, resource_group))
check("summary of a resource", lambda: states.summarize_for_resource("latest", resource_id))
check("summary of an assignment", lambda: states.summarize_for_subscription_level_policy_assignment("latest", subscription, in_subscription.split("/")[-1]))
check("evaluation", lambda: states.begin_trigger_resource_group_evaluation(subscription, resource_group, polling_interval=1).result(120))

# Remediation tasks.
tasks = insights.remediations
wanted = Remediation(policy_assignment_id=at_root, filters=RemediationFilters(locations=[resource["location"]]))
def soon(read):
    """Lists show a task a little late."""
    for _ in range(60):
        found = list(read())
        if found:
            return found
        time.sleep(0.5)
    return found


check("task at a subscription", lambda: tasks.create_or_update_at_subscription("by-sdk", wanted), lambda found: found.provisioning_state == "Accepted")
check("task", lambda: tasks.get_at_subscription("by-sdk"), named("by-sdk"))
check("tasks", lambda: soon(lambda: tasks.list_for_subscription(QueryOptions(top=5))), some)
check("tasks, filtered", lambda: soon(lambda: tasks.list_for_subscription(QueryOptions(filter=f"policyAssignmentId eq '{at_root}'"))), some)
refused("a task on the way is not deleted", lambda: tasks.delete_at_subscription("by-sdk"), 400, "InvalidDeleteRemediationRequest")
check("cancelled", lambda: tasks.cancel_at_subscription("by-sdk"), lambda found: found.provisioning_state in ("Cancelling", "Canceled"))


def ended(read):
    for _ in range(120):
        found = read()
        if found.provisioning_state in ("Succeeded", "Failed", "Canceled"):
            return found
        time.sleep(0.5)
    return found


def is_over(found):
    return found.provisioning_state in ("Succeeded", "Failed", "Canceled")


check("canceled", lambda: ended(lambda: tasks.get_at_subscription("by-sdk")), is_over)
refused("cancelled twice", lambda: tasks.cancel_at_subscription("by-sdk"), 400, "InvalidCancelRemediationRequest")
check("its deployments", lambda: list(tasks.list_deployments_at_subscription("by-sdk")))
check("deleted", lambda: tasks.delete_at_subscription("by-sdk"), named("by-sdk"))
refused("gone", lambda: tasks.get_at_subscription("by-sdk"), 404, "RemediationNotFound")
check("task at a group", lambda: tasks.create_or_update_at_resource_group(resource_group, "at-group", Remediation(policy_assignment_id=in_subscription, policy_definition_reference_id=reference)))
check("ended at a group", lambda: ended(lambda: tasks.get_at_resource_group(resource_group, "at-group")), is_over)
check("deployments at a group", lambda: list(tasks.list_deployments_at_resource_group(resource_group, "at-group")), some)
check("tasks of a group", lambda: soon(lambda: tasks.list_for_resource_group(resource_group)), some)
check("task at a resource", lambda: tasks.create_or_update_at_resource(resource_id, "at-resource", Remediation(policy_assignment_id=at_root)))
check("ended at a resource", lambda: ended(lambda: tasks.get_at_resource(resource_id, "at-resource")), is_over)
check("tasks of a resource", lambda: soon(lambda: tasks.list_for_resource(resource_id)), some)
check("task at a management group", lambda: tasks.create_or_update_at_management_group(group, "at-root", Remediation(policy_assignment_id=at_root)))
check("ended at a management group", lambda: ended(lambda: tasks.get_at_management_group(group, "at-root")), is_over)
check("tasks of a management group", lambda: soon(lambda: tasks.list_for_management_group(group)), some)
refused("of no assignment", lambda: tasks.create_or_update_at_subscription("x", Remediation(policy_assignment_id=f"{scope}/providers/Microsoft.Authorization/policyAssignments/nothing")), 404, "PolicyAssignmentNotFound")

# Rights.
rights = AuthorizationManagementClient(credential, subscription, **where)
check("role assignments", lambda: list(rights.role_assignments.list_for_subscription(filter="atScope()")), some)
check("role assignments of a scope", lambda: list(rights.role_assignments.list_for_scope(scope)), some)
check("role assignments of a group", lambda: list(rights.role_assignments.list_for_resource_group(resource_group)), some)
check("role definitions", lambda: list(rights.role_definitions.list(scope, filter="atScopeAndBelow()")), some)
check("a role by name", lambda: list(rights.role_definitions.list(scope, filter="roleName eq 'Contributor'")), lambda found: len(found) == 1)
owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
check("a role", lambda: rights.role_definitions.get(scope, owner), lambda found: found.role_name == "Owner")
check("deny assignments", lambda: list(rights.deny_assignments.list()))
check("permissions", lambda: list(rights.permissions.list_for_resource_group(resource_group)), some)
assigned = "7b3f9f2e-4c3c-4d4a-9a86-0f4f3d0f6a01"
made = {"role_definition_id": f"{scope}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7", "principal_id": "9d1c6f0e-0b7c-4c39-9d5c-7f3f1a1d7b52", "principal_type": "ServicePrincipal"}
from azure.mgmt.authorization.models import RoleAssignmentCreateParameters  # noqa: E402

check("role assigned", lambda: rights.role_assignments.create(scope, assigned, RoleAssignmentCreateParameters(**made)), named(assigned))
check("role assignment", lambda: rights.role_assignments.get(scope, assigned), named(assigned))
check("role taken back", lambda: rights.role_assignments.delete(scope, assigned))
locks = ManagementLockClient(credential, subscription, **where)
check("locks", lambda: list(locks.management_locks.list_at_subscription_level()))
check("locks of a group", lambda: list(locks.management_locks.list_at_resource_group_level(resource_group)))
keep = {"level": "CanNotDelete", "notes": "a check"}
check("lock of the subscription", lambda: locks.management_locks.create_or_update_at_subscription_level("keep", keep), named("keep"))
check("the lock", lambda: locks.management_locks.get_at_subscription_level("keep"), lambda found: found.level == "CanNotDelete")
check("lock of a group", lambda: locks.management_locks.create_or_update_at_resource_group_level(resource_group, "keep", keep), named("keep"))
check("lock of the group", lambda: locks.management_locks.get_at_resource_group_level(resource_group, "keep"), named("keep"))
check("lock by scope", lambda: locks.management_locks.create_or_update_by_scope(resource_id, "keep", keep | {"level": "ReadOnly"}), named("keep"))
check("lock of a resource", lambda: locks.management_locks.get_by_scope(resource_id, "keep"), lambda found: found.level == "ReadOnly")
refused("a task at a locked resource", lambda: tasks.delete_at_resource(resource_id, "nothing"), 409, "ScopeLocked")
check("lock of the resource gone", lambda: locks.management_locks.delete_by_scope(resource_id, "keep"))
check("lock of the group gone", lambda: locks.management_locks.delete_at_resource_group_level(resource_group, "keep"))
check("lock of the subscription gone", lambda: locks.management_locks.delete_at_subscription_level("keep"))
check("no locks", lambda: list(locks.management_locks.list_at_subscription_level()), lambda found: not found)

# Resource Graph.
graph = ResourceGraphClient(credential, **where)
query = "policyresources | where type =~ 'microsoft.policyinsights/policystates' | summarize count() by tostring(properties.complianceState)"
check("graph", lambda: graph.resources(QueryRequest(subscriptions=[subscription], query=query)), lambda found: found.count > 0)
check("graph, resources", lambda: graph.resources(QueryRequest(subscriptions=[subscription], query="resources | project id, location | limit 3")), lambda found: len(found.data) == 3)

# Blobs.
blobs = BlobServiceClient(places["blob"], credential=credential)
container = blobs.get_container_client("state")
blob = container.get_blob_client("conformance/one.json")
check("blob written", lambda: blob.upload_blob(b"{}", overwrite=True, metadata={"kind": "test"}), lambda found: "etag" in found)
check("blob read", lambda: blob.download_blob().readall(), lambda found: found == b"{}")
check("its properties", lambda: blob.get_blob_properties(), lambda found: found.metadata == {"kind": "test"} and found.size == 2)
check("blobs listed", lambda: list(container.list_blobs(name_starts_with="conformance/", include=["metadata"])), lambda found: found[0].metadata == {"kind": "test"})
check("blobs by folder", lambda: list(container.walk_blobs()), some)
written = check("its tag", lambda: blob.get_blob_properties())
etag = written and written.etag


def conditional(tag, only_new=False):
    from azure.core import MatchConditions

    condition = MatchConditions.IfMissing if only_new else MatchConditions.IfNotModified
    return blob.upload_blob(b"{1}", overwrite=not only_new, etag=tag, match_condition=condition)


check("blob swapped", lambda: conditional(etag), lambda found: found["etag"] != etag)
refused("blob swapped with an old tag", lambda: conditional(etag), 412, "ConditionNotMet")
refused("blob made twice", lambda: blob.upload_blob(b"x"), 409, "BlobAlreadyExists")
check("blob deleted", lambda: blob.delete_blob())
refused("blob deleted twice", lambda: blob.delete_blob(), 404, "BlobNotFound")
check("blob is gone", lambda: blob.exists(), lambda found: found is False)
refused("no such container", lambda: list(blobs.get_container_client("nothing").list_blobs()), 404, "ContainerNotFound")
tally.end()
