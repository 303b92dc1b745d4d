//! `sweep` scans what it is told to: what no event told of is found and fixed, once a time however many timers fire.

use serde_json::{Value, json};
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, land, record, subscription, until};

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
