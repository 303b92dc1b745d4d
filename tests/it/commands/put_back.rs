//! What was rejected, and what Event Grid gave up, is listed, shown and put back.

use serde_json::json;
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::commands::run_on;
use crate::stage::{Stage, account, assignment, event, land, observation, record, until};

/// A rejected message of `collect`, as if a defect that is mended since had rejected it.
fn rejected(payload: &str) -> String {
    json!({ "version": 1, "function": "collect", "queue": "noncompliant-resources", "reason": "a defect",
        "at": "2026-11-21T07:00:00Z", "payload": payload, "encoding": "text", "payloadBytes": payload.len(), "isCut": false })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_handled_now_is_put_back_and_what_cannot_stays_with_its_reason() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let message = observation(&estate.records[0], estate.records[0].evaluated_at).to_string();
    let stage = Stage::start(estate).await;
    stage.enqueue("noncompliant-resources", ["nonsense".to_owned()]);
    until("one is rejected", || stage.rejected().len() == 1).await;
    stage.azure.blobs().put("rejected", "collect/mended.json", rejected(&message)).unwrap();

    let listed = run_on(&stage, &["rejected", "list", "--json"]).await;
    assert_eq!((listed.code, &listed.json()["count"]), (Some(3), &json!(2)), "{}", listed.stderr);
    let shown = run_on(&stage, &["rejected", "show", "collect/mended.json"]).await;
    assert!(shown.stdout.contains("a defect") && shown.stdout.contains("storageAccounts"), "{}", shown.stdout);
    let missing = run_on(&stage, &["rejected", "show", "collect/other.json"]).await;
    assert!(missing.code == Some(1) && missing.stderr.contains("there is no collect/other.json"), "{}", missing.stderr);

    let retried = run_on(&stage, &["rejected", "retry", "--all", "--json"]).await;
    let done = retried.json();
    assert_eq!((retried.code, &done["items"], &done["sent"]), (Some(3), &json!(2), &json!(1)), "{done}");
    assert!(done["stay"][0]["why"].as_str().unwrap().contains("cannot be read"), "{done}");
    until("it is fixed", || stage.complies(&assignment(0, "Tag"), &account(0, 0))).await;
    assert_eq!(stage.rejected().len(), 1, "what was put back is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_read_costs_itself_and_each_is_read_when_its_turn_comes() {
    let estate = (0..40).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let messages: Vec<_> = estate.records.iter().map(|it| observation(it, it.evaluated_at).to_string()).collect();
    let stage = Stage::start(estate).await;
    for (place, message) in messages.iter().enumerate() {
        stage.azure.blobs().put("rejected", &format!("collect/{place:02}.json"), rejected(message)).unwrap();
    }
    let locked = Rule::new("locked", Service::Blob, Which::Always, Kind::Status(403));
    stage.azure.faults().add(locked.path_contains("07.json").method("GET"));
    let mark = stage.azure.ledger().mark();
    let retried = run_on(&stage, &["rejected", "retry", "--all", "--json"]).await;
    let done = retried.json();
    assert_eq!((retried.code, &done["items"], &done["sent"]), (Some(1), &json!(40), &json!(39)), "{done}");
    assert_eq!(done["stay"][0]["blob"], "collect/07.json", "{done}");
    let calls = stage.azure.ledger().since(mark).0;
    let of_items = calls.iter().filter(|it| it.service == Service::Blob && it.path.contains("/rejected/"));
    let methods: Vec<_> = of_items.filter(|it| it.path.contains(".json")).map(|it| it.method.as_str()).collect();
    let first = methods.iter().position(|method| *method == "DELETE").unwrap();
    assert!(first < 40, "the first is put back before the last is read: {methods:?}");
    let left = run_on(&stage, &["rejected", "retry", "collect/00.json", "--json"]).await;
    assert!(left.code == Some(1) && left.stdout.contains("there is no collect/00.json"), "{}", left.stdout);
    stage.settled(39).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_event_grid_gave_up_go_through_the_parser() {
    let estate = land(1).with_record(record(0, 0, "Tag")).with_record(record(0, 1, "Tag"));
    let mut events: Vec<_> = estate.records.iter().map(|record| event(&estate, record)).collect();
    for event in &mut events {
        event["deadLetterReason"] = json!("MaxDeliveryAttemptsExceeded");
        event["deliveryAttempts"] = json!(30);
    }
    let stage = Stage::start(estate).await;
    let put = |name: &str, content: String| stage.azure.blobs().put("events-dead-letter", name, content).unwrap();
    put("topic/sub/2026/11/21/7/a.json", json!([events[0]]).to_string());
    put("topic/sub/2026/11/21/7/b.json", json!([events[1], { "id": "7" }]).to_string());

    let listed = run_on(&stage, &["rejected", "list", "--dead-letter"]).await;
    assert!(listed.code == Some(3) && listed.stdout.contains("MaxDeliveryAttemptsExceeded"), "{}", listed.stdout);
    let retried = run_on(&stage, &["rejected", "retry", "--dead-letter", "--all", "--json"]).await;
    let done = retried.json();
    assert_eq!((retried.code, &done["sent"]), (Some(3), &json!(2)), "{done} {}", retried.stderr);
    assert_eq!(done["stay"][0]["blob"], "topic/sub/2026/11/21/7/b.json", "one of its events cannot be read");
    stage.settled(2).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, 2));
    let left: Vec<_> = stage.azure.blobs().list("events-dead-letter", "").into_iter().map(|blob| blob.name).collect();
    assert_eq!(left, ["topic/sub/2026/11/21/7/b.json"]);
    let empty = run_on(&stage, &["rejected", "list"]).await;
    assert!(empty.code == Some(0) && empty.stdout.contains("Nothing lies there"), "{}", empty.stdout);
}
