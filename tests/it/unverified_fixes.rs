//! A deployment that succeeds without making its resource compliant is found out: the policy states are asked about every fix
//! that no event verified, and what helps never is parked.

use simulator::estate::{ComplianceState, RecordKey};

use crate::stage::{LONGER_AND_LONGER, Stage, account, assignment, events, land, record, until, until_met};

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
    until("the second fix is verified, without an event", || !stage.logged("fixes_verified").is_empty()).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_fix_helps_is_parked_after_the_flap_limit() {
    until_met("it does not comply again before it is asked about", LONGER_AND_LONGER, no_fix_helps).await;
}

/// Whether that was so, where a fix is asked about after so many seconds.
async fn no_fix_helps(seconds: u64) -> bool {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let verify_after = format!("{seconds}s");
    let stage = Stage::with(estate, &[("VERIFY_AFTER", &verify_after), ("FLAP_LIMIT", "2")]).await;
    stage.deliver(all).await;
    for fixes in 1..=2 {
        let is_verified = || !stage.logged("fixes_verified").is_empty();
        let is_fixed = || stage.logged("resource_fixed").len() == fixes && stage.is_settled();
        until("it is fixed", || is_verified() || is_fixed()).await;
        stage.manager.evaluation_finds(&key(), ComplianceState::NonCompliant).unwrap();
        if is_verified() {
            return false;
        }
    }
    until("it is parked", || stage.count("parked") == 1 || !stage.logged("fixes_verified").is_empty()).await;
    if stage.count("parked") == 0 {
        return false;
    }
    let state = stage.state_of(&assignment(0, "Tag"), &account(0, 0));
    assert_eq!(state["reason"], "fixDidNotHelp");
    assert!(state["words"].as_str().unwrap().contains("succeeded"), "{state}");
    stage.at_rest().await;
    true
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
    until("all are verified", || stage.verified() == RESOURCES).await;
    assert!(stage.calls("queryStates") <= asked + 12, "{} calls", stage.calls("queryStates") - asked);
    stage.at_rest().await;
}
