//! A deployment that succeeds without making its resource compliant is found out: the policy states are asked about every fix
//! that no event verified, and what helps never is parked.

use simulator::estate::{ComplianceState, RecordKey};

use crate::stage::{Stage, account, assignment, events, land, record, until};

fn key() -> RecordKey {
    RecordKey::new(account(0, 0), assignment(0, "Tag"), None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_that_never_shows_is_told_of() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("FLAP_WINDOW", "3s")]).await;
    stage.deliver(all).await;
    stage.settled(1).await;
    // The template did something else: the next evaluations find the resource as it was, which is no change, so no event comes.
    stage.manager.evaluation_finds(&key(), ComplianceState::NonCompliant).unwrap();
    let reasons = || -> Vec<_> { stage.logged("resource_waiting").iter().map(|l| l["reason"].clone()).collect() };
    until("it is told", || reasons().contains(&"fixDidNotHelp".into())).await;
    until("it is fixed again", || stage.unfit() == 0).await;
    until("the second fix is verified, without an event", || !stage.logged("resource_verified").is_empty()).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_fix_helps_is_parked_after_the_flap_limit() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("VERIFY_AFTER", "1s"), ("FLAP_LIMIT", "2")]).await;
    stage.deliver(all).await;
    for fixes in 1..=2 {
        until("it is fixed", || stage.logged("resource_fixed").len() == fixes && stage.is_settled()).await;
        stage.manager.evaluation_finds(&key(), ComplianceState::NonCompliant).unwrap();
    }
    until("it is parked", || stage.count("parked") == 1).await;
    let state = stage.state_of(&assignment(0, "Tag"), &account(0, 0));
    assert_eq!(state["reason"], "fixDidNotHelp");
    assert!(state["words"].as_str().unwrap().contains("succeeded"), "{state}");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fixes_are_asked_about_together_and_once() {
    const RESOURCES: usize = 30;
    let estate = (0..RESOURCES).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("VERIFY_AFTER", "6s"), ("COALESCE_WINDOW", "1s")]).await;
    stage.deliver(all).await;
    stage.settled(RESOURCES).await;
    let asked = stage.calls("queryStates");
    until("all are verified", || stage.logged("resource_verified").len() == RESOURCES).await;
    assert!(stage.calls("queryStates") <= asked + 12, "{} calls", stage.calls("queryStates") - asked);
    stage.at_rest().await;
}
