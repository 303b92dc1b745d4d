//! The worker where rights are enforced: what its deployment gives it is enough.

use simulator::estate::Assignment;
use simulator::rights::RoleAssignment;

use crate::stage::{DEFINITION, Stage, events, land, record, subscription, until};

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
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";

/// The resources of an assignment whose identity has no roles, and a worker that is Owner.
async fn poor(settings: &[(&str, &str)]) -> Stage {
    let scope = format!("/subscriptions/{}", subscription(0));
    let identity = Assignment::new(&scope, "Poor", DEFINITION).with_system_identity("p", "t", "westeurope");
    let estate = land(1).with_assignment(identity.without_roles());
    let estate = (0..RESOURCES).fold(estate, |estate, place| estate.with_record(record(0, place, "Poor")));
    let burst = events(&estate);
    let stage = Stage::with_rights(estate, settings).await;
    let worker = stage.azure.identity().identities().system_assigned.clone().unwrap();
    let owner = RoleAssignment::new("", OWNER, &worker.object_id);
    stage.manager.amends(|estate| estate.access.grants.push(owner));
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
    assert_eq!((stage.calls("grantRole"), stage.manager.tasks().len()), (0, 0));
}
