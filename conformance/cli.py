"""The Azure CLI against a running `simulate`. Argument: the file with the line that it printed with --json. One process serves all
commands, since each start of the CLI takes seconds."""

import contextlib
import io
import json
import logging
import os
import subprocess
import sys

places = json.load(open(sys.argv[1], encoding="utf-8"))
estate = json.load(open(places["estate"], encoding="utf-8"))
os.environ["REQUESTS_CA_BUNDLE"] = places["caFile"]
os.environ["AZURE_CORE_COLLECT_TELEMETRY"] = "false"
# The local Entra ID is not one of Microsoft's hosts.
os.environ["AZURE_CORE_INSTANCE_DISCOVERY"] = "false"

from azure.cli.core import get_default_cli  # noqa: E402

from tally import Tally  # noqa: E402

tally = Tally("Azure CLI")


def az(command):
    """Runs a command; gives what it prints, or raises what it complains of."""
    words = command if isinstance(command, list) else command.split()
    cli, out, complaints = get_default_cli(), io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(complaints)
    handler.setLevel(logging.ERROR)
    logging.getLogger("cli").addHandler(handler)
    try:
        with contextlib.redirect_stderr(complaints):
            code = cli.invoke(words + ["--output", "json"], out_file=out)
    except SystemExit as stopped:
        code = stopped.code
    finally:
        logging.getLogger("cli").removeHandler(handler)
    if code:
        raise RuntimeError(complaints.getvalue().strip() or f"exit {code}")
    text = out.getvalue().strip()
    return json.loads(text) if text else None


def check(command, expect=lambda found: True):
    name = command if isinstance(command, str) else " ".join(command)
    return tally.check(f"az {name}"[:140], lambda: az(command), expect)


def refused(command, words):
    def told():
        try:
            return f"not refused: {az(command)}"
        except RuntimeError as error:
            return str(error)

    name = command if isinstance(command, str) else " ".join(command)
    return tally.check(f"az {name}"[:140], told, lambda found: words in found)


def some(found):
    return bool(found)


# The owner is one at home only: a customer's subscription is delegated to the worker alone.
at_home = [one for one in estate["subscriptions"] if one["tenant"] == places["tenant"]]
subscription = at_home[0]["id"]
scope = f"/subscriptions/{subscription}"
group = estate["management_groups"][0]["name"]
root = f"/providers/Microsoft.Management/managementGroups/{group}"
resource = next(one["id"] for one in estate["resources"] if one["id"].startswith(scope))
resource_group = resource.split("/")[4]
at_root = next(one["id"] for one in estate["assignments"] if one["id"].startswith(root))
in_subscription = next(one["id"] for one in estate["assignments"] if one["id"].startswith(scope))
name = in_subscription.split("/")[-1]
definition = estate["definitions"][0]["id"].split("/")[-1]
initiative = estate["initiatives"][0]["id"].split("/")[-1]
reference = estate["initiatives"][0]["members"][0]["reference"]
tenant, client = places["tenant"], places["operatorClientId"]

check(f"cloud register --name local --endpoint-resource-manager {places['resourceManager']}")
check("cloud show --name local", lambda found: found["endpoints"]["activeDirectory"] == places["entra"])
check("cloud set --name local")
login = f"login --service-principal --username {client} --tenant {tenant}"
refused(f"{login} --password wrong", "AADSTS7000215")
check(f"{login} --certificate {places['operatorCertificate']}", some)
check("logout")
check(f"{login} --password {places['operatorClientSecret']}", some)
check("account list", lambda found: len(found) == len(at_home))
check(f"account set --subscription {subscription}")
check("account show", lambda found: found["id"] == subscription and found["tenantId"] == tenant)
check("account get-access-token", lambda found: found["accessToken"].count(".") == 2)
check("account get-access-token --scope https://storage.azure.com/.default", some)
check("account list-locations", lambda found: "westeurope" in [one["name"] for one in found])
check("group list", some)
check(f"group show --name {resource_group}", lambda found: found["name"] == resource_group)
check(f"group exists --name {resource_group}", lambda found: found is True)
check("group exists --name nothing", lambda found: found is False)
refused("group show --name nothing", "ResourceGroupNotFound")
check("resource list", some)
check(f"resource list --resource-group {resource_group}", some)
check("resource list --resource-type Microsoft.Storage/storageAccounts")
check(f"resource show --ids {resource}", lambda found: found["id"].lower() == resource.lower())
check("provider list", some)
check("provider show --namespace Microsoft.PolicyInsights", lambda found: found["registrationState"] == "Registered")
check("provider unregister --namespace Microsoft.PolicyInsights")
check("provider show --namespace Microsoft.PolicyInsights", lambda found: found["registrationState"] == "NotRegistered")
# The CLI registers what a refusal says is not registered, and asks again.
check("policy remediation list")
check("provider show --namespace Microsoft.PolicyInsights", lambda found: found["registrationState"] == "Registered")
check("provider register --namespace Microsoft.PolicyInsights")
check("account management-group list --no-register", some)
check(f"account management-group show --name {group} --expand --recurse --no-register", lambda found: found["name"] == group)
check("policy assignment list", some)
check("policy assignment list --disable-scope-strict-match", some)
check(["policy", "assignment", "list", "--scope", root], some)
check(["policy", "assignment", "show", "--name", name], lambda found: found["id"].lower() == in_subscription.lower())
check(["policy", "assignment", "show", "--name", at_root.split("/")[-1], "--scope", root], some)
refused("policy assignment show --name nothing", "PolicyAssignmentNotFound")
check("policy definition list")
check(["policy", "definition", "list", "--management-group", group], some)
check(["policy", "definition", "show", "--name", definition, "--management-group", group], lambda found: found["name"] == definition)
refused("policy definition show --name nothing", "PolicyDefinitionNotFound")
check(["policy", "set-definition", "list", "--management-group", group], some)
check(["policy", "set-definition", "show", "--name", initiative, "--management-group", group], lambda found: found["name"] == initiative)
check("policy exemption list")
check("policy exemption list --disable-scope-strict-match")
check("policy state list --top 5", lambda found: len(found) == 5)
check(["policy", "state", "list", "--filter", "complianceState eq 'NonCompliant'", "--top", "2"], lambda found: len(found) == 2)
check(["policy", "state", "list", "--resource", resource], some)
check(["policy", "state", "list", "--resource-group", resource_group], some)
check(["policy", "state", "list", "--management-group", group, "--top", "2"], some)
check(["policy", "state", "list", "--policy-assignment", name], some)
check("policy event list", some)
check(["policy", "event", "list", "--management-group", group, "--top", "2"], lambda found: len(found) == 2)
check(["policy", "event", "list", "--resource", resource], some)
check("policy state summarize", some)
check(["policy", "state", "summarize", "--management-group", group], some)
check(["policy", "state", "trigger-scan", "--resource-group", resource_group, "--no-wait"])
check(["policy", "remediation", "create", "--name", "by-cli", "--policy-assignment", at_root], lambda found: found["name"] == "by-cli")
check("policy remediation show --name by-cli", lambda found: found["name"] == "by-cli")
check("policy remediation list", some)
check("policy remediation cancel --name by-cli", some)
check("policy remediation deployment list --name by-cli")
refused("policy remediation show --name nothing", "RemediationNotFound")
check(["policy", "remediation", "create", "--name", "in-group", "--policy-assignment", in_subscription, "--definition-reference-id", reference, "--resource-group", resource_group])
check(["policy", "remediation", "create", "--name", "at-root", "--policy-assignment", at_root, "--management-group", group], some)
check(["policy", "remediation", "list", "--management-group", group], some)
check(["policy", "remediation", "list", "--resource-group", resource_group], some)
check("role definition list --name Contributor", lambda found: len(found) == 1)
check(["role", "assignment", "list", "--scope", scope, "--fill-principal-name", "false", "--fill-role-definition-name", "false"])
check(["role", "assignment", "list", "--all", "--fill-principal-name", "false", "--fill-role-definition-name", "false"], some)
check("lock list")
check(["lock", "list", "--resource-group", resource_group])
in_group = ["--name", "keep", "--resource-group", resource_group]
check(["lock", "create", *in_group, "--lock-type", "CanNotDelete", "--notes", "why"], lambda found: found["level"] == "CanNotDelete")
check(["lock", "show", *in_group], lambda found: found["notes"] == "why")
check(["lock", "update", *in_group, "--lock-type", "ReadOnly"], lambda found: found["level"] == "ReadOnly")
refused(["policy", "assignment", "delete", "--name", "nothing", "--resource-group", resource_group], "ScopeLocked")
check(["lock", "delete", *in_group])
check("lock create --name keep --lock-type CanNotDelete", lambda found: found["name"] == "keep")
check("lock list", some)
check("lock delete --name keep")
check(["deployment", "group", "list", "--resource-group", resource_group])
check("deployment sub list")
check(["rest", "--method", "get", "--url", f"{places['resourceManager']}{scope}/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01"])


def worker(*arguments):
    """The worker's own command, as whoever is logged in with the CLI."""
    settings = os.path.join(os.environ["AZURE_CONFIG_DIR"], "worker.env")
    names = ["ServiceBus__fullyQualifiedNamespace", "STATE_BLOB_ENDPOINT", "RESOURCE_MANAGER_ENDPOINT", "SSL_CERT_FILE"]
    with open(settings, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={places['env'][name]}\n" for name in names)
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    env = {name: value for name, value in os.environ.items() if not name.startswith("IDENTITY_")} | {"PATH": path}
    command = [os.environ["POLICY_REMEDIATOR"], *arguments, "--env-file", settings]
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if said.returncode not in (0, 3):
        raise RuntimeError(said.stderr)
    return json.loads(said.stdout)


tally.check("the worker's status", lambda: worker("status", "--json"), lambda found: found["kind"] == "status")
check("logout")
tally.end()
