//! What the worker's calls to Resource Manager are about, read from the wire.

use simulator::ledger::Entry;

/// The kind of a call; none where the worker has no such call.
pub fn kind(entry: &Entry) -> Option<&'static str> {
    let path = entry.path.to_ascii_lowercase();
    let tail = path.rsplit('/').next().unwrap_or_default();
    Some(match (entry.method.as_str(), path.contains("/providers/microsoft.policyinsights/remediations")) {
        ("PUT", true) if tail.starts_with("pr-") => "createTask",
        ("DELETE", true) if tail.starts_with("pr-") => "deleteTask",
        ("POST", true) if tail == "cancel" => "cancelTask",
        ("POST", true) if tail == "listdeployments" => "listDeployments",
        ("GET", true) if tail == "remediations" => "listTasks",
        ("GET", true) if tail.starts_with("pr-") => "readTask",
        ("POST", false) if tail == "queryresults" => "queryStates",
        ("POST", false) if path == "/providers/microsoft.resourcegraph/resources" => "queryGraph",
        ("GET", false) if tail == "descendants" => "listDescendants",
        ("POST", false) if tail == "triggerevaluation" => "triggerEvaluation",
        ("GET", false) if path.contains("/asyncoperationresults/") => "readEvaluation",
        ("GET", false) if tail == "policyassignments" => "listAssignments",
        ("GET", false) if path.contains("/policyassignments/") => "readAssignment",
        ("GET", false) if path.rsplit('/').nth(1) == Some("subscriptions") => "readSubscription",
        ("GET", false) if path.contains("/policysetdefinitions/") && path.contains("/versions/") => {
            "readSetDefinitionVersion"
        }
        ("GET", false) if path.contains("/policydefinitions/") && path.contains("/versions/") => {
            "readDefinitionVersion"
        }
        ("GET", false) if path.contains("/policysetdefinitions/") => "readSetDefinition",
        ("GET", false) if tail == "policysetdefinitions" => "listSetDefinitions",
        ("GET", false) if path.contains("/policydefinitions/") => "readDefinition",
        ("GET", false) if tail == "policydefinitions" => "listDefinitions",
        ("GET", false) if tail == "roleassignments" => "listRoleAssignments",
        ("GET", false) if tail == "denyassignments" => "listDenyAssignments",
        ("GET", false) if tail == "permissions" => "listPermissions",
        ("GET", false) if path.contains("/roledefinitions/") => "readRoleDefinition",
        ("GET", false) if tail == "registrationassignments" => "listRegistrations",
        ("PUT", false) if path.contains("/providers/microsoft.authorization/roleassignments/") => "grantRole",
        _ => return None,
    })
}
