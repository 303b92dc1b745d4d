//! `sweep` scans what it is told to: what no event told of is found and fixed, once a time however many timers fire.

use serde_json::{Value, json};
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::service_bus::{Entity, Message};

use crate::stage::{Expected, Stage, land, record, subscription, until};

const GROUP: &str = "/providers/Microsoft.Management/managementGroups/contoso";

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_fixes_what_no_event_told_of_and_two_timers_are_one_scan() {
    let estate = (0..3).fold(land(2), |estate, place| estate.with_record(record(place % 2, place, "Tag")));
    // A day, so that no other one begins while the test runs, but for the one at midnight.
    let stage = Stage::with(estate, &[("SWEEP_SCOPES", GROUP), ("SWEEP_SCAN_INTERVAL", "1d")]).await;
    for _ in 0..2 {
        stage.host().fire("sweep").await.unwrap().unwrap();
    }
    until("the scan has ended", || !stage.logged("run_ended").is_empty()).await;
    stage.settled(3).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, 3));
    stage.host().fire("sweep").await.unwrap().unwrap();
    let names = |event: &str| -> std::collections::BTreeSet<String> {
        stage.logged(event).iter().map(|line| line["run_id"].as_str().unwrap().to_owned()).collect()
    };
    until("each that was due has ended", || names("run_ended") == names("scan_due")).await;
    assert_eq!(stage.logged("run_started").len(), names("scan_due").len(), "one run each");
    assert!(names("scan_due").iter().all(|name| name.starts_with("scan-")));
    assert_eq!(stage.azure.blobs().list("state", "runs/").len(), names("scan_due").len());
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_goes_on_with_is_woken_by_sweep() {
    let estate = (0..2).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let stage = Stage::with(estate, &[]).await;
    let busy = Rule::new("busy", Service::ResourceManager, Which::First(1), Kind::Throttle { retry_after: 20 });
    stage
        .azure
        .faults()
        .add(busy.path_contains(format!("{}/providers/Microsoft.PolicyInsights/policyStates", subscription(0))));
    let scope = format!("/subscriptions/{}", subscription(0));
    stage.enqueue("batch-runs", [json!({ "version": 1, "runId": "lost", "scopes": [scope] }).to_string()]);
    stage.told("run_rests", 1).await;
    stage.azure.faults().add(taking());
    forget(&stage, &json!({}));
    stage.host().fire("sweep").await.unwrap().unwrap();
    assert_eq!(stage.told("run_woken", 1).await[0]["run_id"], "lost");
    assert_eq!(stage.told("run_ended", 1).await[0]["state"], "done");
    assert!(stage.azure.faults().hits("taking") > 0, "whoever goes on with it says so first");
    stage.settled(2).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_survived_goes_past_the_place_and_ends() {
    let estate = (0..2).fold(land(2), |estate, number| estate.with_record(record(number, 0, "Tag")));
    let stage = Stage::with(estate, &[]).await;
    let busy = Rule::new("busy", Service::ResourceManager, Which::First(1), Kind::Throttle { retry_after: 20 });
    stage
        .azure
        .faults()
        .add(busy.path_contains(format!("{}/providers/Microsoft.PolicyInsights/policyStates", subscription(0))));
    let scopes = [0, 1].map(|number| format!("/subscriptions/{}", subscription(number)));
    stage.enqueue("batch-runs", [json!({ "version": 1, "runId": "deadly", "scopes": scopes }).to_string()]);
    stage.told("run_rests", 1).await;
    forget(&stage, &json!({ "woken": 3, "taken": true }));
    stage.host().fire("sweep").await.unwrap().unwrap();
    let ended = stage.told("run_ended", 1).await;
    assert_eq!((&ended[0]["state"], &ended[0]["sent"]), (&json!("incomplete"), &json!(1)));
    let trouble = &stage.told("run_trouble", 1).await[0];
    assert!(trouble["reason"].as_str().unwrap().contains("4 times in a row"), "{trouble:#}");
    stage.settled(1).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_document_cannot_be_used_stops_alone_and_the_others_are_woken_and_scanned() {
    let estate = (0..2).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let stage = Stage::with(estate, &[("SWEEP_SCOPES", GROUP), ("SWEEP_SCAN_INTERVAL", "1d")]).await;
    let scope = format!("/subscriptions/{}", subscription(0));
    let body = |run_id: &str| json!({ "version": 1, "runId": run_id, "scopes": [scope] }).to_string();
    let busy = Rule::new("busy", Service::ResourceManager, Which::First(1), Kind::Throttle { retry_after: 20 });
    stage.azure.faults().add(busy.path_contains(format!("{scope}/providers/Microsoft.PolicyInsights/policyStates")));
    stage.enqueue("batch-runs", [body("lost")]);
    stage.told("run_rests", 1).await;
    forget(&stage, &json!({}));
    // One that comes before it in the list, and an earlier scan of the scope.
    let day = std::time::Duration::from_secs(86_400);
    let earlier =
        remediation::run::scan(&GROUP.parse().unwrap(), day, time::OffsetDateTime::now_utc() - 2 * day).run_id;
    for run_id in ["early", earlier.as_str()] {
        stage.azure.blobs().put("state", &format!("runs/{run_id}.json"), r#"{"version":9}"#).unwrap();
    }
    stage.enqueue("batch-runs", [body("early")]);
    until("its message is rejected", || stage.rejected().len() == 1).await;
    assert!(stage.rejected()[0]["reason"].as_str().unwrap().contains("newer worker"), "{:?}", stage.rejected());
    for _ in 0..2 {
        stage.host().fire("sweep").await.unwrap().unwrap();
    }
    assert_eq!(stage.told("run_woken", 1).await[0]["run_id"], "lost");
    stage.told("run_ended", 2).await;
    assert!(!stage.logged("scan_due").is_empty(), "an unusable scan keeps no other away");
    let mut told: Vec<_> = stage.logged("run_stopped").iter().map(|line| line["run_id"].clone()).collect();
    told.sort_by_key(Value::to_string);
    assert_eq!(told, [json!("early"), json!(earlier)], "each is told once");
    stage.settled(2).await;
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_has_ended_and_was_restored_without_its_metadata_is_known_to_have_ended() {
    let stage = Stage::with(land(1), &[("SWEEP_SCOPES", GROUP), ("SWEEP_SCAN_INTERVAL", "30d")]).await;
    stage.host().fire("sweep").await.unwrap().unwrap();
    stage.told("run_ended", 1).await;
    let scan = || stage.azure.blobs().list("state", "runs/").remove(0);
    let (name, metadata) = (scan().name, scan().metadata);
    assert!(metadata.keys().any(|member| member == "endedat"), "{metadata:?}");
    stage.azure.blobs().put("state", &name, scan().content).unwrap();
    assert!(scan().metadata.is_empty());
    stage.host().fire("sweep").await.unwrap().unwrap();
    assert_eq!(scan().metadata, metadata, "else it is in the way of every later one");
    assert_eq!((stage.logged("run_woken").len(), stage.logged("run_started").len()), (0, 1));
    stage.at_rest().await;
}

/// Strikes, without harm, the write by which somebody takes up a run that was woken.
fn taking() -> Rule {
    let no_time = Kind::Delay(std::time::Duration::ZERO);
    Rule::new("taking", Service::Blob, Which::Always, no_time).path_contains("runs%2F").body_contains("\"taken\":true")
}

/// The message of the only run is lost, and its time was long ago.
fn forget(stage: &Stage, more: &Value) {
    let blob = stage.azure.blobs().list("state", "runs/").remove(0);
    let mut document: Value = serde_json::from_slice(&blob.content).unwrap();
    assert!(document["wakeAt"].is_string(), "{document:#}");
    document["wakeAt"] = json!("2026-01-01T00:00:00Z");
    document["progressAt"] = json!("2026-01-01T00:00:00Z");
    document.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let past = "2026-01-01T00:00:00Z";
    let metadata = blob.metadata.iter().map(|(name, value)| match name.as_str() {
        "wakeat" | "progressat" => (name.as_str(), past),
        _ => (name.as_str(), value.as_str()),
    });
    let (content, metadata) = (serde_json::to_vec(&document).unwrap(), metadata.collect::<Vec<_>>());
    stage.azure.blobs().put_with_metadata("state", &blob.name, content, &metadata).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_of_a_run_whose_document_cannot_be_used_is_rejected_and_does_not_come_again_for_ever() {
    let mut stage = Stage::without_worker(land(1)).await;
    let (broker, entity) = (stage.azure.broker(), Entity::queue("batch-runs"));
    let body = json!({ "version": 1, "runId": "early", "continues": 3 }).to_string();
    broker.send("batch-runs", vec![Message::text(body)]).unwrap().unwrap();
    let token = broker.receive(&entity, 1).unwrap()[0].lock_token;
    broker.dead_letter(&entity, token, "MaxDeliveryCountExceeded", "").unwrap();
    stage.start_worker(&[], 1).await;
    stage.azure.blobs().put("state", "runs/early.json", r#"{"version":9}"#).unwrap();
    stage.host().fire("recover").await.unwrap().unwrap();
    assert_eq!((stage.rejected().len(), stage.logged("run_stopped").len()), (1, 1));
    assert_eq!(stage.azure.broker().counts("batch-runs").dead_lettered, 0);
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
}
