//! An event with a time in the future is rejected, and one that says that a resource complies is held against the policy states:
//! whoever can post events can make the worker look, and nothing more.

use serde_json::{Value, json};
use simulator::estate::{ComplianceState, RecordKey};

use crate::stage::{Expected, Stage, account, assignment, events, land, observation, record, until};

const FAR: &str = "2999-01-01T00:00:00Z";

fn key() -> RecordKey {
    RecordKey::new(account(0, 0), assignment(0, "Tag"), None)
}

/// The forged event, before or after a true one, and then later true evaluations: the resource is remediated.
async fn after(forge: impl FnOnce(&mut Value), true_first: bool, rejected: usize) {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let mut forged = all[0].clone();
    forge(&mut forged);
    let stage = Stage::with(estate, &[("SETTLE_DELAY", "1s")]).await;
    if true_first {
        stage.deliver(all).await;
    }
    stage.deliver(vec![forged]).await;
    for _ in 0..2 {
        let true_event = stage.manager.evaluation_finds(&key(), ComplianceState::NonCompliant).unwrap();
        stage.deliver(vec![true_event.event_grid()]).await;
    }
    until("it is remediated", || stage.complies(&assignment(0, "Tag"), &account(0, 0))).await;
    stage.settled(1).await;
    for item in stage.rejected() {
        assert!(item["reason"].as_str().unwrap().contains("CLOCK_TOLERANCE"), "{item}");
    }
    stage.at_rest_with(Expected { rejected, ..Expected::default() }).await;
}

fn says_compliant(event: &mut Value) {
    event["data"]["complianceState"] = json!("Compliant");
    event["eventType"] = json!("Microsoft.PolicyInsights.PolicyStateChanged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_non_compliant_event_of_the_far_future_does_not_hold_its_resource_back() {
    after(|event| event["data"]["timestamp"] = json!(FAR), false, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compliant_event_of_the_far_future_does_not_hide_a_resource() {
    let forge = |event: &mut Value| {
        event["data"]["timestamp"] = json!(FAR);
        says_compliant(event);
    };
    after(forge, true, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_on_the_queue_is_not_believed_either() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let far = simulator::estate::parse_instant(FAR).unwrap();
    let body = observation(&estate.records[0], far).to_string();
    let all = events(&estate);
    let stage = Stage::start(estate).await;
    stage.enqueue("noncompliant-resources", [body]);
    until("it is rejected", || stage.rejected().len() == 1).await;
    stage.deliver(all).await;
    stage.settled(1).await;
    assert_eq!(stage.unfit(), 0);
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_says_compliant_is_held_against_the_policy_states() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let mut forged = all[0].clone();
    says_compliant(&mut forged);
    let now = time::OffsetDateTime::now_utc();
    forged["data"]["timestamp"] = json!(simulator::estate::instant_text(now));
    let stage = Stage::with(estate, &[("SETTLE_DELAY", "62s")]).await;
    stage.deliver(all).await;
    until("it waits", || stage.count("waiting") == 1).await;
    stage.deliver(vec![forged]).await;
    until("it is remediated", || stage.complies(&assignment(0, "Tag"), &account(0, 0))).await;
    stage.settled(1).await;
    assert_eq!(stage.count("fixed"), 1);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compliant_event_of_an_unknown_target_writes_nothing() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let mut event = events(&estate).remove(0);
    says_compliant(&mut event);
    let stage = Stage::start(estate).await;
    stage.deliver(vec![event]).await;
    let told = stage.told("observation_merged", 1).await;
    assert_eq!(told[0]["merged"], "unknown");
    assert!(stage.documents().is_empty(), "{:?}", stage.documents());
    stage.at_rest().await;
}
