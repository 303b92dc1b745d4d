//! Who may call: rights at a scope, the service's words where they are missing, and that a change of them takes its time.

use super::*;
use crate::rights::{Access, DenyAssignment, Lag, Permission, RoleAssignment, RoleDefinition};
use serde_json::json;
use std::time::Duration;

fn with(grants: &[(&str, &str)]) -> Access {
    let grants = grants.iter().map(|(scope, role)| RoleAssignment::new(*scope, role, WORKER));
    grants.fold(Access::enforced(), Access::with_grant)
}

#[tokio::test]
async fn a_call_without_a_right_is_refused_with_client_action_and_scope() {
    let local = Guarded::start(land().with_access(with(&[(SUBSCRIPTION, READER)]))).await;
    let task = format!("{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/remediations/n");
    assert_eq!(local.get(&worker(), SUBSCRIPTION).await.status, 200);
    let refused = local.by(&worker(), "PUT", &task, Some(json!({}))).await;
    assert_eq!(refused.error(), (403, "AuthorizationFailed"));
    assert_eq!(
        message(&refused),
        format!(
            "The client 'app-of-{WORKER}' with object id '{WORKER}' does not have authorization to perform action \
             'Microsoft.PolicyInsights/remediations/write' over scope '{task}' or the scope is invalid. If access was \
             recently granted, please refresh your credentials."
        )
    );
    let known = local.manager.refused_calls();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].caller.as_str(), known[0].scope.as_str()), (WORKER, task.as_str()));
}

#[tokio::test]
async fn each_call_needs_its_own_action() {
    let insights = "/providers/Microsoft.PolicyInsights";
    let calls = [
        ("GET", SUBSCRIPTION.to_owned(), "Microsoft.Resources/subscriptions/read"),
        ("GET", format!("{SUBSCRIPTION}/resourceGroups/one"), "Microsoft.Resources/subscriptions/resourceGroups/read"),
        ("GET", format!("{SUBSCRIPTION}{insights}/remediations"), "Microsoft.PolicyInsights/remediations/read"),
        ("DELETE", format!("{SUBSCRIPTION}{insights}/remediations/n"), "Microsoft.PolicyInsights/remediations/delete"),
        (
            "POST",
            format!("{SUBSCRIPTION}{insights}/remediations/n/listDeployments"),
            "Microsoft.PolicyInsights/remediations/listDeployments/read",
        ),
        (
            "POST",
            format!("{SUBSCRIPTION}{insights}/policyStates/latest/queryResults"),
            "Microsoft.PolicyInsights/policyStates/queryResults/action",
        ),
        (
            "POST",
            format!("{SUBSCRIPTION}{insights}/policyStates/latest/triggerEvaluation"),
            "Microsoft.PolicyInsights/policyStates/triggerEvaluation/action",
        ),
        (
            "GET",
            format!("{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments"),
            "Microsoft.Authorization/policyAssignments/read",
        ),
        (
            "GET",
            format!("{SUBSCRIPTION}{AUTHORIZATION}/policySetDefinitions"),
            "Microsoft.Authorization/policySetDefinitions/read",
        ),
        ("GET", format!("{SUBSCRIPTION}{AUTHORIZATION}/permissions"), "Microsoft.Authorization/permissions/read"),
        ("GET", ROOT.to_owned(), "Microsoft.Management/managementGroups/read"),
    ];
    for (method, path, action) in &calls {
        let refused = Guarded::start(land().with_access(Access::enforced())).await;
        let answer = refused.by(&worker(), method, path, None).await;
        assert_eq!(answer.error(), (403, "AuthorizationFailed"), "{method} {path}");
        assert!(message(&answer).contains(&format!("'{action}'")), "{}", message(&answer));
        let only = RoleDefinition::custom("c", "Only", ROOT).with_permission(Permission::actions(&[action]));
        let allowed = Guarded::start(land().with_access(with(&[(ROOT, "c")]).with_role(only))).await;
        let answer = allowed.by(&worker(), method, path, None).await;
        assert_ne!(answer.status, 403, "{method} {path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_role_at_a_group_gives_definitions_and_an_empty_list_of_assignments() {
    let group = format!("{SUBSCRIPTION}/resourceGroups/one");
    let assignment = crate::estate::Assignment::new(SUBSCRIPTION, "a", "/d");
    let estate = land().with_assignment(assignment).with_access(with(&[(&group, POLICY_CONTRIBUTOR)]));
    let local = Guarded::start(estate).await;
    let list = |scope: &str| format!("{scope}{AUTHORIZATION}/policyAssignments");
    assert_eq!(local.get(&worker(), &list(SUBSCRIPTION)).await.body, json!({ "value": [] }));
    assert_eq!(local.get(&worker(), &list(&group)).await.values().len(), 1);
    assert_eq!(local.get(&worker(), &format!("{SUBSCRIPTION}{AUTHORIZATION}/policyDefinitions")).await.status, 200);
    assert_eq!(local.get(&worker(), "/subscriptions").await.values().len(), 1, "it sees what it has a foot in");
    let groups = "/providers/Microsoft.Management/managementGroups?api-version=2021-04-01";
    assert_eq!(local.get(&worker(), groups).await.values().len(), 1);
    let stranger = somebody(HOME, "nobody", false);
    assert_eq!(local.get(&stranger, "/subscriptions").await.values().len(), 0);
    assert_eq!(local.get(&stranger, groups).await.values().len(), 0);
}

#[tokio::test]
async fn a_deny_assignment_is_named() {
    let denial = DenyAssignment::new(
        "d0000000-0000-4000-8000-000000000001",
        "System deny assignment",
        format!("{SUBSCRIPTION}/resourceGroups/one"),
        Permission::actions(&["*"]).without(&["*/read"]),
    );
    let id = denial.id();
    let local = Guarded::start(land().with_access(with(&[(SUBSCRIPTION, OWNER)]).with_denial(denial))).await;
    let task = format!("{SUBSCRIPTION}/resourceGroups/one/providers/Microsoft.PolicyInsights/remediations/n");
    let denied = local.by(&worker(), "PUT", &task, Some(json!({}))).await;
    assert_eq!(denied.error(), (403, "DenyAssignmentAuthorizationFailed"));
    assert!(message(&denied).contains("deny assignment with name 'System deny assignment'"), "{}", message(&denied));
    let list = |scope: &str, query: &str| format!("{scope}{AUTHORIZATION}/denyAssignments{query}");
    for (scope, query, count) in [
        (SUBSCRIPTION, "", 1),
        (SUBSCRIPTION, "?$filter=atScope()", 0),
        (&format!("{SUBSCRIPTION}/resourceGroups/one"), "?$filter=atScope()", 1),
        (&format!("{SUBSCRIPTION}/resourceGroups/two"), "", 0),
    ] {
        assert_eq!(local.get(&worker(), &list(scope, query)).await.values().len(), count, "{scope} {query}");
    }
    let single = local.get(&worker(), id.as_str()).await.body;
    assert_eq!(single["properties"]["principals"][0]["type"], "SystemDefined");
}

#[tokio::test]
async fn a_new_right_acts_after_a_while_and_a_deleted_one_lasts_as_long() {
    let lag = Lag { acting: Duration::from_secs(300), reading: Duration::from_secs(20), ..Lag::default() };
    let admin = somebody(HOME, "admin", true);
    let access = Access::enforced().with_lag(lag).with_grant(RoleAssignment::new(SUBSCRIPTION, OWNER, "admin"));
    let local = Guarded::start(land().with_access(access)).await;
    let id = format!("{SUBSCRIPTION}{AUTHORIZATION}/roleAssignments/a0000000-0000-4000-8000-000000000001");
    let body = json!({ "properties": {
        "roleDefinitionId": format!("{SUBSCRIPTION}{AUTHORIZATION}/roleDefinitions/{READER}"),
        "principalId": WORKER,
        "principalType": "ServicePrincipal"
    } });
    assert_eq!(local.by(&admin, "PUT", &id, Some(body)).await.status, 201);
    assert_eq!(local.get(&admin, &id).await.error(), (404, "RoleAssignmentNotFound"), "not to be read yet");
    local.pass(21);
    assert_eq!(local.get(&admin, &id).await.body["properties"]["createdBy"], "admin");
    assert_eq!(local.get(&worker(), SUBSCRIPTION).await.status, 403);
    local.pass(300);
    assert_eq!(local.get(&worker(), SUBSCRIPTION).await.status, 200);
    assert_eq!(local.by(&admin, "DELETE", &id, None).await.status, 200);
    assert_eq!(local.get(&admin, &id).await.status, 404);
    assert_eq!(local.get(&worker(), SUBSCRIPTION).await.status, 200);
    local.pass(301);
    assert_eq!(local.get(&worker(), SUBSCRIPTION).await.status, 403);
    assert_eq!(local.by(&admin, "DELETE", &id, None).await.status, 204);
}
