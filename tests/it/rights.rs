//! The worker where rights are enforced: what its deployment gives it is enough.

use simulator::estate::{Assignment, ComplianceRecord, RecordKey};
use simulator::rights::RoleAssignment;

use time::OffsetDateTime;

use crate::stage::{DEFINITION, Stage, account, events, land, record, subscription, until};

const RESOURCES: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_deployment_are_enough() {
    let estate = (0..RESOURCES).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let burst = events(&estate);
    let stage = Stage::with_rights(estate, &[]).await;
    stage.deliver(burst).await;
    until("all is fixed", || stage.count("fixed") == RESOURCES).await;
    stage.settled(RESOURCES).await;
    assert_eq!(stage.manager.refused_calls(), []);
    let worker = stage.azure.identity().identities().system_assigned.clone().unwrap();
    let tasks = stage.manager.tasks();
    assert!(tasks.iter().all(|task| task.created_by.object_id == worker.object_id), "{tasks:?}");
    stage.at_rest().await;
}

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
pub(crate) const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";

/// The resources of an assignment whose identity has no roles.
pub(crate) async fn poor(settings: &[(&str, &str)]) -> Stage {
    let scope = format!("/subscriptions/{}", subscription(0));
    let identity = Assignment::new(&scope, "Poor", DEFINITION).with_system_identity("p", "t", "westeurope");
    let owner = serde_json::json!({ "owner": "team-x" });
    let estate = land(1).with_assignment(identity.without_roles().with_metadata("policyRemediator", owner));
    let estate = (0..RESOURCES).fold(estate, |estate, place| estate.with_record(record(0, place, "Poor")));
    let burst = events(&estate);
    let stage = Stage::with_rights(estate, settings).await;
    stage.deliver(burst).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_settings_allow_is_granted_once_and_its_target_goes_on() {
    let stage = poor(&[("GRANT_ROLES", CONTRIBUTOR), ("FACTS_TTL", "1ms")]).await;
    // What was granted is looked at again after half a minute.
    until("all is fixed", || stage.count("fixed") == RESOURCES).await;
    let granted = stage.told("role_granted", 1).await;
    assert!(granted[0]["role"] == CONTRIBUTOR && granted[0]["delegated"] == false, "{granted:?}");
    assert_eq!(stage.calls("grantRole"), 1);
    let first = &stage.manager.tasks()[0];
    assert_eq!(first.resources.len(), 1, "one goes ahead of the others");
    assert_eq!(stage.logged("resource_retry").len() + stage.logged("target_parked").len(), 0);
    let listed = crate::commands::run_on(&stage, &["grants", "list", "--json"]).await;
    let grants = listed.json()["grants"].as_array().unwrap().clone();
    assert_eq!((listed.code, grants.len()), (Some(0), 1), "{grants:?} {}", listed.stderr);
    let (role, why) = (grants[0]["role"].as_str().unwrap(), grants[0]["description"].as_str().unwrap());
    assert!(role.ends_with(CONTRIBUTOR) && why.ends_with("policyassignments/poor"), "{grants:?}");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_no_setting_allows_is_told_with_its_command_and_never_granted() {
    let stage = poor(&[("GRANT_ROLES", OWNER)]).await;
    let parked = stage.told("target_parked", 1).await;
    let hint = parked[0]["hint"].as_str().unwrap();
    assert!(hint.contains("az role assignment create") && hint.contains(CONTRIBUTOR), "{hint}");
    assert_eq!(parked[0]["owner"], "team-x");
    let listed = crate::commands::run_on(&stage, &["parked", "list", "--json"]).await.json();
    assert_eq!(listed["items"][0]["owner"], "team-x", "{listed}");
    let shown = crate::commands::run_on(&stage, &["parked", "show"]).await.stdout;
    assert!(shown.contains("owner") && shown.contains("team-x"), "{shown}");
    assert_eq!((stage.calls("grantRole"), stage.manager.tasks().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_worker_may_list_assignments_an_empty_list_means_that_they_are_gone() {
    let group = "/providers/Microsoft.Management/managementGroups/contoso";
    let inherited = Assignment::new(group, "Inherited", DEFINITION).with_system_identity("p", "t", "westeurope");
    let key = RecordKey::new(account(0, 0), inherited.id.as_str(), None);
    let seen = OffsetDateTime::now_utc() - time::Duration::minutes(1);
    let mut estate = land(1).with_assignment(inherited).with_record(ComplianceRecord::non_compliant(key, seen));
    let burst = events(&estate);
    estate.assignments.clear();
    let stage = Stage::with_rights(estate, &[]).await;
    let worker = stage.azure.identity().identities().system_assigned.clone().unwrap();
    // Its role stands at the subscription alone: what is assigned to the group cannot be read by its id.
    stage.manager.amends(|estate| {
        let own = |grant: &&mut RoleAssignment| grant.principal == worker.object_id && grant.scope.as_str() == group;
        let at_group = estate.access.grants.iter_mut().find(own).unwrap();
        at_group.scope = format!("/subscriptions/{}", subscription(0)).as_str().into();
    });
    stage.deliver(burst).await;
    until("it is skipped", || stage.count("skipped") == 1).await;
    let told = stage.told("resource_skipped", 1).await;
    assert_eq!(told[0]["reason"], "assignmentGone", "{told:?}");
    assert_eq!(stage.logged("subscription_parked").len(), 0);
    stage.at_rest().await;
}
