//! Locks that people make and take away, and what stands against whom meanwhile.

use super::*;
use crate::{
    estate::{Assignment, ComplianceRecord, Definition, RecordKey},
    rights::{Access, RoleAssignment},
};
use serde_json::json;

const GROUP: &str = "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2/resourceGroups/one";
const CAN_NOT_DELETE: &str = "CanNotDelete";
const READ_ONLY: &str = "ReadOnly";

fn account(group: &str) -> String {
    format!("{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/st{group}")
}

fn lock(scope: &str, name: &str) -> String {
    format!("{scope}{AUTHORIZATION}/locks/{name}?api-version=2016-09-01")
}

fn level(word: &str) -> Option<Value> {
    Some(json!({ "properties": { "level": word, "notes": "why" } }))
}

fn task(scope: &str) -> String {
    format!("{scope}/providers/Microsoft.PolicyInsights/remediations/fix")
}

/// A land whose owner is the worker, with a policy of this effect that two accounts do not comply with.
fn owned(effect: &str) -> Estate {
    let definition = format!("{SUBSCRIPTION}{AUTHORIZATION}/policyDefinitions/d");
    let assignment = Assignment::new(SUBSCRIPTION, "a", definition.as_str());
    let assignment = assignment.with_system_identity(IDENTITY, HOME, "westeurope");
    let id = assignment.id.clone();
    let record = |group: &str| {
        ComplianceRecord::non_compliant(RecordKey::new(account(group), id.clone(), None), OffsetDateTime::UNIX_EPOCH)
    };
    let access = Access::enforced()
        .with_grant(RoleAssignment::new(SUBSCRIPTION, OWNER, WORKER))
        .with_grant(RoleAssignment::new(SUBSCRIPTION, OWNER, IDENTITY));
    land()
        .with_definition(Definition::new(definition.as_str(), "D").with_literal_effect(effect))
        .with_record(record("one"))
        .with_record(record("two"))
        .with_assignment(assignment)
        .with_access(access)
}

fn asked() -> Option<Value> {
    Some(
        json!({ "properties": { "policyAssignmentId": format!("{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments/a") } }),
    )
}

#[tokio::test]
async fn a_lock_is_made_changed_shown_and_taken_away_at_each_scope_that_can_be_locked() {
    let local = Guarded::start(owned("modify")).await;
    for scope in [SUBSCRIPTION, GROUP, &account("one")] {
        let id = lock(scope, "Keep");
        assert_eq!(local.get(&worker(), &id).await.error(), (404, "LockNotFound"));
        let made = local.by(&worker(), "PUT", &id, level("cannotdelete")).await;
        assert_eq!((made.status, &made.body["properties"]["level"]), (201, &json!(CAN_NOT_DELETE)), "{}", made.body);
        assert_eq!(local.get(&worker(), &id.to_lowercase()).await.body, made.body);
        let changed = local.by(&worker(), "PUT", &id, level(READ_ONLY)).await;
        assert_eq!((changed.status, &changed.body["properties"]["notes"]), (200, &json!("why")));
        let list = format!("{scope}{AUTHORIZATION}/locks?api-version=2020-05-01");
        assert_eq!(local.get(&worker(), &list).await.values(), [changed.body]);
        assert_eq!(local.by(&worker(), "DELETE", &id, None).await.status, 200, "it does not protect itself");
        assert_eq!(local.by(&worker(), "DELETE", &id, None).await.status, 204);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_lock_is_said() {
    let local = Guarded::start(owned("modify")).await;
    let bound = somebody(HOME, IDENTITY, false);
    local.manager.amends(|estate| {
        estate.access.grants.retain(|one| one.principal != IDENTITY);
        estate.access.grants.push(RoleAssignment::new(SUBSCRIPTION, CONTRIBUTOR, IDENTITY));
        estate.access.grants.push(RoleAssignment::new(ROOT, OWNER, WORKER));
    });
    let long = json!({ "properties": { "level": READ_ONLY, "notes": "n".repeat(513) } });
    for (who, scope, body, expected) in [
        (worker(), SUBSCRIPTION, None, (400, "InvalidRequestContent")),
        (worker(), SUBSCRIPTION, level("Half"), (400, "InvalidRequestContent")),
        (worker(), SUBSCRIPTION, Some(long), (400, "InvalidRequestContent")),
        (worker(), ROOT, level(READ_ONLY), (400, "InvalidLockScope")),
        (worker(), &account("three"), level(READ_ONLY), (404, "ResourceNotFound")),
        (bound, SUBSCRIPTION, level(READ_ONLY), (403, "AuthorizationFailed")),
    ] {
        assert_eq!(local.by(&who, "PUT", &lock(scope, "Keep"), body).await.error(), expected, "{scope}");
    }
    assert!(local.manager.estate().access.locks.is_empty());
}

#[tokio::test]
async fn a_lock_stands_against_writes_and_deletions_at_its_scope_and_below_until_it_is_gone() {
    for (word, write, delete) in [(CAN_NOT_DELETE, 201, 409), (READ_ONLY, 409, 409)] {
        let local = Guarded::start(owned("modify")).await;
        assert_eq!(local.by(&worker(), "PUT", &lock(GROUP, "Keep"), level(word)).await.status, 201);
        for scope in [GROUP, &account("one")] {
            let put = local.by(&worker(), "PUT", &task(scope), asked()).await;
            assert_eq!(put.status, write, "{word} {scope}: {}", put.body);
            let deleted = local.by(&worker(), "DELETE", &task(scope), None).await;
            assert_eq!(deleted.error(), (delete, "ScopeLocked"), "{word} {scope}");
            assert!(message(&deleted).contains("cannot perform delete operation"), "{}", deleted.body);
            assert!(message(&deleted).contains(&format!("locked: '{GROUP}'")), "{}", deleted.body);
            // No two tasks of one assignment meet: the first ends.
            local.pass(600);
        }
        let beside = local.by(&worker(), "PUT", &task(&account("two")), asked()).await;
        assert_eq!(beside.status, 201, "{word}: what is beside it");
        assert_eq!(local.by(&worker(), "DELETE", &lock(GROUP, "Keep"), None).await.status, 200);
        let put = local.by(&worker(), "PUT", &task(GROUP).replace("fix", "later"), asked()).await;
        assert_eq!(put.status, 201, "{word}: once it is gone: {}", put.body);
    }
}

#[tokio::test]
async fn a_task_above_a_read_only_lock_fails_where_the_lock_is() {
    for (effect, code) in [("modify", "RemediationFailed"), ("deployIfNotExists", "DeploymentFailed")] {
        let local = Guarded::start(owned(effect)).await;
        assert_eq!(local.by(&worker(), "PUT", &lock(GROUP, "Keep"), level(READ_ONLY)).await.status, 201);
        assert_eq!(local.by(&worker(), "PUT", &task(SUBSCRIPTION), asked()).await.status, 201);
        local.pass(600);
        let told = local.by(&worker(), "POST", &format!("{}/listDeployments", task(SUBSCRIPTION)), None).await;
        assert_eq!(told.values().len(), 2, "{}", told.body);
        for one in told.values() {
            let is_locked = one["remediatedResourceId"].as_str().is_some_and(|id| id.to_lowercase().contains("/one/"));
            assert_eq!(one["status"], if is_locked { "Failed" } else { "Succeeded" }, "{effect} {one}");
            if is_locked {
                assert_eq!(one["error"]["code"], code, "{one}");
                assert!(one["error"].to_string().contains("following scope(s) are locked"), "{one}");
            }
        }
    }
}
