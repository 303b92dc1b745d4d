//! What is final is decided from what was read after it was seen, never from an older list: Azure sends no second event for a
//! state that stays as it is.

use simulator::estate::{Assignment, Estate};

use crate::stage::{DEFINITION, Stage, account, assignment, event, events, land, record, subscription, until};

/// `change` is made after the facts were read, and before the event of the second assignment.
async fn second(estate: Estate, change: impl FnOnce(&mut Estate)) -> serde_json::Value {
    let estate = estate.with_record(record(0, 0, "Tag")).with_record(record(0, 1, "New"));
    let stage = Stage::with(estate.clone(), &[("FACTS_TTL", "60s"), ("PARK_FOR", "14d")]).await;
    stage.deliver(vec![events(&estate)[0].clone()]).await;
    until("the first is fixed", || stage.count("fixed") == 1).await;
    stage.manager.amends(change);
    let now = stage.manager.estate();
    stage.deliver(vec![event(&now, &estate.records[1])]).await;
    let state = || stage.state_of(&assignment(0, "New"), &account(0, 1));
    until("the second is settled", || !state().is_null() && state()["is"] != "waiting" && state()["is"] != "inTask")
        .await;
    let state = state();
    stage.at_rest().await;
    state
}

fn scope() -> String {
    format!("/subscriptions/{}", subscription(0))
}

fn with_identity() -> Assignment {
    Assignment::new(&scope(), "New", DEFINITION).with_system_identity("p", "t", "westeurope")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_that_is_newer_than_the_list_is_not_taken_for_gone() {
    let state = second(land(1), |estate| estate.assignments.push(with_identity())).await;
    assert_eq!(state["is"], "fixed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_is_newer_than_the_list_does_not_park_the_target_for_two_weeks() {
    let without = land(1).with_assignment(Assignment::new(&scope(), "New", DEFINITION));
    let state = second(without, |estate| {
        estate.assignments.retain(|one| !one.id.as_str().to_lowercase().ends_with("/new"));
        estate.assignments.push(with_identity());
    })
    .await;
    assert_eq!(state["is"], "fixed");
}
