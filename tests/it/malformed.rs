//! What cannot be read is kept with its reason and holds nothing else up; what needs nothing is acknowledged with a reason.

use serde_json::{Value, json};
use simulator::Service;
use simulator::estate::{ComplianceState, EventKind, PolicyEvent};

use crate::stage::{Expected, Stage, event, land, observation, record, until};

#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_with_one_malformed_message_fifty_are_handled_and_one_is_rejected_with_its_reason() {
    let mut estate = land(1);
    for place in 0..50 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let mut bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    bodies.insert(20, r#"{"version":1,"seen":"nonCompliant","resourceId":"no id"}"#.to_owned());
    let mut stage = Stage::without_worker(estate).await;
    // All are there before the worker is: one batch.
    stage.enqueue_as_one_batch("noncompliant-resources", bodies);
    stage.start_worker(&[], 1).await;
    stage.settled(50).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, 50));
    let batches = stage.azure.ledger().filter(|e| e.service == Service::Functions && e.path == "/collect");
    assert_eq!(batches.len(), 1, "one batch, acknowledged at once");
    let rejected = stage.rejected();
    assert_eq!(rejected[0]["function"], "collect");
    assert!(rejected[0]["reason"].as_str().unwrap().contains("cannot be read"), "{rejected:#?}");
    assert!(rejected[0]["payload"].as_str().unwrap().contains("no id"));
    assert_eq!(stage.told("item_rejected", 1).await[0]["reason"], rejected[0]["reason"]);
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_wake_ups_and_messages_of_a_newer_version_are_rejected_with_their_reasons() {
    let stage = Stage::start(land(1)).await;
    stage.enqueue("wake-ups", ["nonsense".to_owned(), json!({ "version": 7 }).to_string()]);
    let newer = json!({ "version": 3, "seen": "nonCompliant" }).to_string();
    stage.enqueue("noncompliant-resources", [newer]);
    until("three are rejected", || stage.rejected().len() == 3).await;
    let reasons: String = stage.rejected().iter().map(|item| item["reason"].to_string()).collect();
    for words in ["cannot be read", "has version 7", "has version 3", "deploy the newer worker"] {
        assert!(reasons.contains(words), "{words}: {reasons}");
    }
    stage.at_rest_with(Expected { rejected: 3, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_events_are_rejected_with_their_payload_cut_at_256_kibibytes() {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let good = event(&estate, &estate.records[0]);
    let mut long = good.clone();
    long["subject"] = json!("");
    long["data"]["complianceReasonCode"] = json!("ä".repeat(140_000));
    let mut timeless = good.clone();
    timeless["data"]["timestamp"] = json!("soon");
    let stage = Stage::start(estate).await;
    stage.deliver(vec![long.clone(), good, timeless]).await;
    stage.settled(1).await;
    assert_eq!(stage.unfit(), 0);
    let rejected = stage.rejected();
    let find = |words: &str| rejected.iter().find(|item| item["reason"].as_str().unwrap().contains(words)).unwrap();
    let cut = find("subject");
    let payload = cut["payload"].as_str().unwrap();
    assert!((256 * 1024 - 1..=256 * 1024).contains(&payload.len()), "{}", payload.len());
    assert!(cut["payloadBytes"].as_u64().unwrap() > 280_000, "{}", cut["payloadBytes"]);
    assert_eq!((&cut["isCut"], &find("timestamp")["isCut"]), (&json!(true), &json!(false)));
    assert!(find("timestamp")["payload"].as_str().unwrap().contains("soon"));
    assert!(rejected.iter().all(|item| item["function"] == "receive-event"));
    stage.at_rest_with(Expected { rejected: 2, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_cannot_be_reckoned_with_are_rejected_as_events_and_as_messages() {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let times = ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"];
    let good = (event(&estate, &estate.records[0]), observation(&estate.records[0], estate.records[0].evaluated_at));
    let with = |mut item: Value, member: &str, time: &str| {
        *item.pointer_mut(member).unwrap() = json!(time);
        item
    };
    let events = times.iter().map(|time| with(good.0.clone(), "/data/timestamp", time)).collect();
    let messages: Vec<String> =
        times.iter().map(|time| with(good.1.clone(), "/observedAt", time).to_string()).collect();
    let stage = Stage::start(estate).await;
    stage.deliver(events).await;
    stage.enqueue("noncompliant-resources", messages);
    until("six are rejected", || stage.rejected().len() == 6).await;
    assert!(stage.rejected().iter().all(|item| item["reason"].to_string().contains("years 2000 to 2999")));
    assert!(stage.logged("panic").is_empty() && stage.documents().is_empty());
    stage.at_rest_with(Expected { rejected: 6, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_need_nothing_are_acknowledged_with_a_reason() {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let one = &estate.records[0];
    let about = |state: ComplianceState, kind: EventKind| {
        PolicyEvent::of(&estate, &one.clone().in_state(state), kind).event_grid()
    };
    let mut foreign = event(&estate, one);
    foreign["eventType"] = json!("Microsoft.Storage.BlobCreated");
    let events: Vec<Value> = vec![
        about(ComplianceState::NonCompliant, EventKind::Deleted),
        about(ComplianceState::Exempt, EventKind::Changed),
        about(ComplianceState::Compliant, EventKind::Created),
        about(ComplianceState::Unknown, EventKind::Changed),
        foreign,
    ];
    let stage = Stage::start(estate).await;
    stage.deliver(events).await;
    let mut reasons: Vec<String> =
        stage.logged("event_ignored").iter().map(|line| line["reason"].as_str().unwrap().to_owned()).collect();
    reasons.sort();
    assert_eq!(reasons, ["compliant_from_the_start", "exempt", "foreign_type", "other_state"]);
    assert!(stage.documents().is_empty() && stage.manager.tasks().is_empty());
    stage.at_rest().await;
}
