//! Tasks of an identity without the roles fail when they run, resource by resource, and work once somebody has granted them.

use super::*;
use crate::{
    estate::{Assignment, ComplianceRecord, Definition, RecordKey},
    rights::{Access, DenyAssignment, Permission, RoleAssignment},
};
use serde_json::json;

fn resource(group: &str) -> String {
    format!("{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/st{group}")
}

/// An assignment over two groups; its identity holds these roles, the worker what it needs.
fn estate(definition: Definition, grants: &[(&str, &str)]) -> Estate {
    let assignment = Assignment::new(SUBSCRIPTION, "a", definition.id.clone());
    let record = |group: &str| {
        let key = RecordKey::new(resource(group), assignment.id.clone(), None);
        ComplianceRecord::non_compliant(key, start())
    };
    let access = Access::enforced().with_grant(RoleAssignment::new(SUBSCRIPTION, POLICY_CONTRIBUTOR, WORKER));
    let grants = grants.iter().map(|(scope, role)| RoleAssignment::new(*scope, role, IDENTITY));
    let estate = land().with_record(record("one")).with_record(record("two")).with_definition(definition);
    estate
        .with_assignment(assignment.with_system_identity(IDENTITY, HOME, "westeurope"))
        .with_access(grants.fold(access, Access::with_grant))
}

fn definition(effect: &str) -> Definition {
    Definition::new(format!("{SUBSCRIPTION}{AUTHORIZATION}/policyDefinitions/d"), effect).with_role(LOG_ANALYTICS)
}

/// The codes and words of what failed, by the resource's group.
async fn outcome(local: &Guarded, name: &str) -> Vec<(String, String, String)> {
    let task = format!("{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/remediations/{name}");
    let asked =
        json!({ "properties": { "policyAssignmentId": format!("{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments/a") } });
    let made = local.by(&worker(), "PUT", &task, Some(asked)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["systemData"]["createdBy"], WORKER, "the caller reaches the rules");
    local.pass(100);
    let deployments = local.by(&worker(), "POST", &format!("{task}/listDeployments"), None).await;
    let mut found: Vec<_> = deployments
        .values()
        .iter()
        .filter(|one| one["status"] == "Failed")
        .map(|one| {
            let inner = one["error"].pointer("/details/0").unwrap_or(&one["error"]);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let group = text(&one["remediatedResourceId"]).split('/').nth(4).unwrap_or_default().to_owned();
            (group, text(&inner["code"]), text(&inner["message"]))
        })
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn what_the_identity_lacks_fails_with_the_recorded_words() {
    let deny = DenyAssignment::new("d", "System", SUBSCRIPTION, Permission::actions(&["Microsoft.Storage/*"]));
    let workspace = format!("{SUBSCRIPTION}/resourceGroups/two/providers/Microsoft.OperationalInsights/workspaces/w");
    let one = format!("{SUBSCRIPTION}/resourceGroups/one");
    let tags = "4a9ae827-6dc8-4573-8ac7-8239d42aa03f";
    for (definition, grants, denial, code, words) in [
        (
            definition("DeployIfNotExists"),
            vec![],
            None,
            "DeployIfNotExistsEvaluationFailed",
            "does not have the necessary permissions to create deployment",
        ),
        (
            definition("DeployIfNotExists"),
            vec![(SUBSCRIPTION, tags)],
            None,
            "AuthorizationFailed",
            "does not have authorization to perform action 'Microsoft.Storage/storageAccounts/write'",
        ),
        (
            definition("Modify"),
            vec![(SUBSCRIPTION, tags)],
            None,
            "Forbidden",
            "The 'PATCH' request failed with status code: 'Forbidden'",
        ),
        (
            definition("Modify"),
            vec![(SUBSCRIPTION, CONTRIBUTOR)],
            Some(deny.clone()),
            "RemediationFailed",
            "because of the deny assignment with name 'System'",
        ),
        (
            definition("DeployIfNotExists"),
            vec![(SUBSCRIPTION, CONTRIBUTOR)],
            Some(deny),
            "DenyAssignmentAuthorizationFailed",
            "because of the deny assignment",
        ),
        (
            definition("DeployIfNotExists").linked_to(format!("{CUSTOMER}/w")),
            vec![(SUBSCRIPTION, LOG_ANALYTICS)],
            None,
            "LinkedAuthorizationFailed",
            "on the linked scope(s)",
        ),
        (
            definition("DeployIfNotExists").linked_to(workspace.as_str()),
            vec![(one.as_str(), LOG_ANALYTICS)],
            None,
            "LinkedAuthorizationFailed",
            workspace.as_str(),
        ),
    ] {
        let mut estate = estate(definition, &grants);
        estate.access.denials.extend(denial);
        let local = Guarded::start(estate).await;
        let found = outcome(&local, "t").await;
        let (_, first, message) = found.first().expect("a failure");
        assert_eq!(first, code, "{found:?}");
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn a_role_counts_by_resource_and_wider_ones_do_too() {
    let one = format!("{SUBSCRIPTION}/resourceGroups/one");
    for (grants, failing) in [
        (vec![(SUBSCRIPTION, LOG_ANALYTICS)], vec![]),
        (vec![(SUBSCRIPTION, CONTRIBUTOR)], vec![]),
        (vec![(ROOT, OWNER)], vec![]),
        (vec![(one.as_str(), LOG_ANALYTICS)], vec!["two"]),
        (vec![(SUBSCRIPTION, READER)], vec!["one", "two"]),
        (vec![(CUSTOMER, LOG_ANALYTICS)], vec!["one", "two"]),
    ] {
        let local = Guarded::start(estate(definition("DeployIfNotExists"), &grants)).await;
        let found = outcome(&local, "t").await;
        let groups: Vec<&str> = found.iter().map(|(group, _, _)| group.as_str()).collect();
        assert_eq!(groups, failing, "{grants:?}");
    }
}

#[tokio::test]
async fn a_role_that_somebody_grants_lets_the_next_task_through() {
    let local = Guarded::start(estate(definition("DeployIfNotExists"), &[])).await;
    assert_eq!(outcome(&local, "before").await.len(), 2);
    let admin = somebody(HOME, "admin", true);
    local.manager.amends(|estate| estate.access.grants.push(RoleAssignment::new(SUBSCRIPTION, OWNER, "admin")));
    let id = format!("{SUBSCRIPTION}{AUTHORIZATION}/roleAssignments/a0000000-0000-4000-8000-000000000001");
    let body = json!({ "properties": {
        "roleDefinitionId": LOG_ANALYTICS, "principalId": IDENTITY, "principalType": "ServicePrincipal"
    } });
    assert_eq!(local.by(&admin, "PUT", &id, Some(body)).await.status, 201);
    assert_eq!(outcome(&local, "after").await, []);
}
