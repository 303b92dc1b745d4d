//! Making role assignments at home: every answer that is known of it.

use super::*;
use crate::{
    estate::{Assignment, Definition},
    rights::{Access, Lag, LockLevel, RoleAssignment},
};
use serde_json::json;
use std::time::Duration;

const ACCESS_ADMINISTRATOR: &str = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";

fn body(role: &str, principal: &str, more: Value) -> Option<Value> {
    let mut properties = json!({
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"),
        "principalId": principal,
        "principalType": "ServicePrincipal"
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        properties[name] = value.clone();
    }
    Some(json!({ "properties": properties }))
}

fn name(number: u32) -> String {
    format!("{SUBSCRIPTION}{AUTHORIZATION}/roleAssignments/a0000000-0000-4000-8000-{number:012}")
}

fn granter() -> Access {
    Access::enforced().with_grant(RoleAssignment::new(SUBSCRIPTION, ACCESS_ADMINISTRATOR, WORKER))
}

#[tokio::test]
async fn the_same_grant_is_made_once() {
    let local = Guarded::start(land().with_access(granter())).await;
    let put = async |number, role, principal| {
        local.by(&worker(), "PUT", &name(number), body(role, principal, json!({ "description": "why" }))).await
    };
    let made = put(1, LOG_ANALYTICS, IDENTITY).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let properties = &made.body["properties"];
    assert_eq!(
        properties["roleDefinitionId"],
        format!("{SUBSCRIPTION}{AUTHORIZATION}/roleDefinitions/{LOG_ANALYTICS}")
    );
    assert_eq!((&properties["scope"], &properties["description"]), (&json!(SUBSCRIPTION), &json!("why")));
    assert_eq!(properties["createdBy"], WORKER);
    assert_eq!(put(1, LOG_ANALYTICS, IDENTITY).await.status, 200, "the same again");
    assert_eq!(put(2, LOG_ANALYTICS, IDENTITY).await.error(), (409, "RoleAssignmentExists"));
    assert_eq!(put(1, READER, IDENTITY).await.error(), (400, "RoleAssignmentUpdateNotPermitted"));
    assert_eq!(put(3, "dead0000-0000-4000-8000-000000000000", IDENTITY).await.error().1, "RoleDefinitionDoesNotExist");
    let grants = local.manager.estate().access.grants;
    assert_eq!(grants.iter().filter(|one| one.principal == IDENTITY).count(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_grant_is_said() {
    let locked = granter().with_lock(format!("{SUBSCRIPTION}/resourceGroups/two"), LockLevel::ReadOnly);
    let local = Guarded::start(land().with_access(locked)).await;
    let group = format!(
        "{SUBSCRIPTION}/resourceGroups/two{AUTHORIZATION}/roleAssignments/a0000000-0000-4000-8000-000000000009"
    );
    let holder =
        json!({ "delegatedManagedIdentityResourceId": format!("{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments/a") });
    let untyped = json!({ "properties": { "roleDefinitionId": LOG_ANALYTICS, "principalId": "nobody" } });
    let customer = format!("{CUSTOMER}{AUTHORIZATION}/roleAssignments/a0000000-0000-4000-8000-000000000009");
    for (path, body, expected) in [
        (name(1), None, (400, "InvalidRequestContent")),
        (
            format!("{SUBSCRIPTION}{AUTHORIZATION}/roleAssignments/mine"),
            body(READER, IDENTITY, json!({})),
            (400, "InvalidRoleAssignmentId"),
        ),
        (name(1), body(READER, IDENTITY, holder), (400, "BadRequest")),
        (group, body(READER, IDENTITY, json!({})), (409, "ScopeLocked")),
        (name(1), Some(untyped), (400, "PrincipalNotFound")),
        (customer, body(READER, IDENTITY, json!({})), (403, "AuthorizationFailed")),
    ] {
        let answer = local.by(&worker(), "PUT", &path, body).await;
        assert_eq!(answer.error(), expected, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_condition_lets_only_its_roles_be_granted() {
    let condition = format!(
        "((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/write'}})) OR \
         (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{LOG_ANALYTICS}}} \
         AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase \
         {{'ServicePrincipal'}}))"
    );
    let bound = RoleAssignment::new(SUBSCRIPTION, ACCESS_ADMINISTRATOR, WORKER).with_condition(&condition);
    let local = Guarded::start(land().with_access(Access::enforced().with_grant(bound))).await;
    let put = async |role, more| local.by(&worker(), "PUT", &name(1), body(role, IDENTITY, more)).await;
    let refused = put(CONTRIBUTOR, json!({})).await;
    assert_eq!(refused.error(), (403, "AuthorizationFailed"));
    assert!(
        message(&refused).contains("has an authorization with ABAC condition that is not fulfilled to perform action")
    );
    assert_eq!(put(LOG_ANALYTICS, json!({ "principalType": "User" })).await.status, 403);
    assert_eq!(put(LOG_ANALYTICS, json!({})).await.status, 201);
    let listed = local.get(&worker(), &format!("{SUBSCRIPTION}{AUTHORIZATION}/roleAssignments")).await;
    let own = listed.values().iter().find(|one| one["properties"]["principalId"] == WORKER).expect("its own");
    assert_eq!(
        (&own["properties"]["condition"], &own["properties"]["conditionVersion"]),
        (&json!(condition), &json!("2.0"))
    );
}

#[tokio::test]
async fn a_new_identity_is_unknown_for_a_while() {
    let lag = Lag { directory: Duration::from_secs(60), ..Lag::default() };
    let definition = Definition::new(format!("{SUBSCRIPTION}{AUTHORIZATION}/policyDefinitions/d").as_str(), "Modify");
    let access = granter().with_lag(lag).with_grant(RoleAssignment::new(SUBSCRIPTION, POLICY_CONTRIBUTOR, WORKER));
    let old =
        Assignment::new(SUBSCRIPTION, "old", definition.id.clone()).with_system_identity(IDENTITY, HOME, "westeurope");
    let local = Guarded::start(land().with_definition(definition).with_assignment(old).with_access(access)).await;
    let assignment = format!("{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments/new");
    let asked = json!({
        "location": "westeurope",
        "identity": { "type": "SystemAssigned" },
        "properties": { "policyDefinitionId": format!("{SUBSCRIPTION}{AUTHORIZATION}/policyDefinitions/d") }
    });
    let made = local.by(&worker(), "PUT", &assignment, Some(asked)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let principal = made.body["identity"]["principalId"].as_str().expect("an identity").to_owned();
    let put = async |number, principal: &str| {
        local.by(&worker(), "PUT", &name(number), body(READER, principal, json!({}))).await
    };
    assert_eq!(put(1, IDENTITY).await.status, 201, "one that was always there");
    let unknown = put(2, &principal).await;
    assert_eq!(unknown.error(), (400, "PrincipalNotFound"));
    assert!(message(&unknown).contains(HOME));
    local.pass(60);
    assert_eq!(put(2, &principal).await.status, 201);
}
