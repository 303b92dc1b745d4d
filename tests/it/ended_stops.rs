//! A target that is stopped because the worker died of it is taken up again by itself when `PARK_FOR` is over, and not before.

use serde_json::Value;
use simulator::Service;
use simulator::estate::parse_instant;
use simulator::faults::{Kind, Rule, Which};
use time::OffsetDateTime;

use crate::stage::{Expected, LONGER_AND_LONGER, Stage, land, observation, record, subscription, until, until_met};

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_target_is_taken_up_again_by_itself_when_park_for_is_over_and_not_before() {
    until_met("sweep passes it over before its stop is over", LONGER_AND_LONGER, a_stop_ends).await;
}

/// Whether `sweep` had come by before the stop was over, so many seconds after it began.
async fn a_stop_ends(seconds: u64) -> bool {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let seen = observation(&estate.records[0], estate.records[0].evaluated_at).to_string();
    let mut stage = Stage::without_worker(estate).await;
    let deadly = Rule::new("deadly", Service::Blob, Which::Always, Kind::KillBefore);
    stage.azure.faults().add(deadly.method("GET").path_contains(format!("subscriptions%2F{}", subscription(0))));
    stage.enqueue("noncompliant-resources", [seen]);
    stage.start_worker(&[("OPENING_GRACE", "200ms"), ("PARK_FOR", &format!("{seconds}s"))], 1).await;
    until("the target is stopped", || !stage.logged("target_stopped").is_empty()).await;
    let record = stage.azure.blobs().list("state", "stopped/").remove(0);
    let record: Value = serde_json::from_slice(&record.content).unwrap();
    let until_when = record["until"].as_str().and_then(parse_instant).unwrap();
    until("nothing is under way", || stage.host().idle()).await;
    // What it died of is gone, and nobody tells the worker.
    stage.azure.faults().clear();
    stage.host().fire("sweep").await.unwrap().unwrap();
    let healed = stage.logged("target_healed");
    let waits = stage.count("waiting");
    if OffsetDateTime::now_utc() >= until_when {
        return false;
    }
    assert_eq!((healed.len(), waits), (0, 1), "it is stopped until {until_when}");
    until("the stop is over", || OffsetDateTime::now_utc() > until_when).await;
    while stage.logged("target_healed").is_empty() {
        stage.host().fire("sweep").await.unwrap().unwrap();
    }
    stage.settled(1).await;
    assert_eq!(stage.unfit(), 0);
    let told: Vec<Value> = stage.logged("target_stopped");
    assert_eq!(told.len(), 1, "told once: {told:#?}");
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
    true
}
