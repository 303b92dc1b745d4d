//! The built-in policies that assign user-assigned identities to machines: what they need was given before, or a person is told what is
//! lacking and where; and nobody else deploys to a machine meanwhile.

use simulator::estate::{Assignment, Definition, Estate, Initiative};
use simulator::rights::RoleAssignment;

use crate::stage::{Stage, assignment, events, land, record, subscription, until};

const BUILT_IN: &str = "/providers/Microsoft.Authorization/policyDefinitions/d367bd60-64ca-4364-98ea-276775bddd94";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const ACCESS: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
const RESOURCES: usize = 4;

fn scope() -> String {
    format!("/subscriptions/{}", subscription(0))
}

fn assigned() -> Assignment {
    let identity =
        format!("{}/resourceGroups/Shared/providers/Microsoft.ManagedIdentity/userAssignedIdentities/p", scope());
    Assignment::new(&scope(), "Identities", BUILT_IN)
        .with_parameter("bringYourOwnUserAssignedManagedIdentity", false)
        .with_user_identity(identity, "p", "c", "westeurope")
}

/// Resources that lack the identity, and a tag as well.
fn estate(assigned: Assignment) -> Estate {
    let estate = land(1)
        .with_definition(Definition::new(BUILT_IN, "DeployIfNotExists").with_role(CONTRIBUTOR).with_role(ACCESS))
        .with_assignment(assigned);
    (0..RESOURCES).fold(estate, |estate, place| {
        estate.with_record(record(0, place, "Identities")).with_record(record(0, place, "Tag"))
    })
}

fn granted(role: &str, at: &str, stage: &Stage) {
    stage.manager.amends(|estate| {
        let own = |one: &&Assignment| one.id.as_str().eq_ignore_ascii_case(&assignment(0, "Identities"));
        let principal = estate.assignments.iter().find(own).unwrap().identity.principal().unwrap().to_owned();
        estate.access.grants.push(RoleAssignment::new(at, role, &principal));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_are_assigned_beside_no_other_task_where_all_was_authorised_before() {
    let estate = estate(assigned());
    let burst = events(&estate);
    let stage = Stage::with_rights(estate, &[]).await;
    stage.deliver(burst).await;
    until("all is fixed", || stage.count("fixed") == 2 * RESOURCES).await;
    assert_eq!(stage.manager.refused_calls(), []);
    // No two tasks were on one resource at once.
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_authorised_at_the_place_of_the_identity_is_told_with_that_place() {
    let estate = estate(assigned().without_roles());
    let burst = events(&estate);
    let stage = Stage::with_rights(estate, &[("GRANT_ROLES", ACCESS)]).await;
    granted(CONTRIBUTOR, &scope(), &stage);
    stage.deliver(burst).await;
    let parked = stage.told("target_parked", 1).await;
    let (words, hint) = (parked[0]["words"].as_str().unwrap(), parked[0]["hint"].as_str().unwrap());
    let place = format!("{}/resourcegroups/built-in-identity-rg", scope());
    assert!(words.ends_with(&format!("lacks at {place}: User Access Administrator ({ACCESS})")), "{words}");
    assert!(hint.contains(&format!("--role {ACCESS} --scope '{place}'")) && hint.contains("never grants"), "{hint}");
    until("the others are fixed", || stage.count("fixed") == RESOURCES).await;
    assert_eq!(stage.calls("grantRole"), 0);
    let own = assignment(0, "Identities");
    assert!(stage.manager.tasks().iter().all(|task| !task.assignment.as_str().eq_ignore_ascii_case(&own)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_lives_and_dies_with_the_assignment_is_unfit() {
    let own = Assignment::new(&scope(), "Identities", BUILT_IN).with_system_identity("p", "t", "westeurope");
    let estate = estate(own);
    let burst = events(&estate);
    let stage = Stage::with_rights(estate, &[]).await;
    stage.deliver(burst).await;
    let parked = stage.told("target_parked", 1).await;
    assert_eq!(parked[0]["reason"], "identityUnfit", "{parked:?}");
    until("the others are fixed", || stage.count("fixed") == RESOURCES).await;
}

/// An initiative with the policy in it, whose parameters have names of the initiative's own.
fn in_an_initiative(assigned: Assignment) -> Estate {
    let set = format!("{}/providers/Microsoft.Authorization/policySetDefinitions/Baseline", scope());
    let mut parameters = serde_json::Map::new();
    for (name, value) in [
        ("bringYourOwnUserAssignedManagedIdentity", serde_json::json!(true)),
        ("identityResourceGroup", serde_json::json!("[parameters('groupOfIdentities')]")),
        ("userAssignedIdentityName", serde_json::json!("[parameters('nameOfIdentity')]")),
    ] {
        parameters.insert(name.to_owned(), value);
    }
    let initiative = Initiative::new(set.as_str())
        .with_configured_member("Identities", BUILT_IN, parameters)
        .with_parameter("groupOfIdentities", serde_json::json!("rg-unused"))
        .with_parameter("nameOfIdentity", serde_json::json!("id-machines-01"));
    let assigned = Assignment { definition: set.as_str().into(), ..assigned };
    let mut estate = estate(assigned.with_parameter("groupOfIdentities", "rg-shared")).with_initiative(initiative);
    for record in estate.records.iter_mut().filter(|one| one.key.assignment.name().eq_ignore_ascii_case("Identities")) {
        record.key.reference = Some("identities".to_owned());
    }
    estate
}

#[tokio::test(flavor = "multi_thread")]
async fn within_an_initiative_the_place_is_what_assignment_and_initiative_give_together() {
    let identity = "rg-shared/providers/microsoft.managedidentity/userassignedidentities/id-machines-01";
    let estate = in_an_initiative(assigned().without_roles());
    let burst = events(&estate);
    let stage = Stage::with_rights(estate, &[]).await;
    granted(CONTRIBUTOR, &scope(), &stage);
    stage.deliver(burst).await;
    let parked = stage.told("target_parked", 1).await;
    let words = parked[0]["words"].as_str().unwrap();
    let place = format!("{}/resourcegroups/{identity}", scope());
    assert!(words.ends_with(&format!("lacks at {place}: User Access Administrator ({ACCESS})")), "{words}");
}
