//! A dead letter whose item killed the worker twice, as the crash marks tell, is rejected and not sent back. Those that were given up
//! with it are.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::service_bus::Entity;

use crate::stage::{Expected, Stage, land, observation, record, subscription, until, until_met};

const GOOD: usize = 3;
const SETTINGS: [(&str, &str); 2] = [("OPENING_GRACE", "200ms"), ("PARK_FOR", "1h")];
const TRIES: std::ops::RangeInclusive<u32> = 1..=10;
const HARDSHIP: &str = "the broker gives it up before the worker does";

/// A worker that dies of each reading of one subscription's blobs of this kind, until it dies of one item alone in hand for the second
/// time; all that is in the queue then is given up by the broker. None if the worker was faster.
async fn deadly(kind: &str, queue: &str, function: &str) -> Option<Stage> {
    let mut estate = land(2).with_record(record(0, 0, "Tag"));
    for place in 0..GOOD {
        estate = estate.with_record(record(1, place, "Tag"));
    }
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    let deadly = Rule::new("deadly", Service::Blob, Which::Always, Kind::KillBefore);
    stage.azure.faults().add(deadly.method("GET").path_contains(format!("{kind}%2F{}", subscription(0))));
    stage.enqueue("noncompliant-resources", bodies);
    stage.start_worker(&SETTINGS, 1).await;
    let is_marked = |stage: &Stage| {
        let marks = stage.azure.blobs().list("state", &format!("suspects/{function}/"));
        let mut marks = marks.into_iter().map(|blob| serde_json::from_slice::<Value>(&blob.content).unwrap());
        marks.any(|mark| mark["alone"] == true && mark["earlyDeaths"] == 1)
    };
    until("it is alone in hand for the second time", || is_marked(&stage) || !stage.rejected().is_empty()).await;
    stage.stop_worker().await;
    if !is_marked(&stage) {
        return None;
    }
    let (broker, entity) = (stage.azure.broker(), Entity::queue(queue));
    broker.shift(Duration::from_secs(301));
    for message in broker.receive(&entity, 100).unwrap() {
        broker.dead_letter(&entity, message.lock_token, "MaxDeliveryCountExceeded", "").unwrap();
    }
    stage.start_worker(&SETTINGS, 1).await;
    Some(stage)
}

/// Lets `recover` come by, which rejects the one that is to blame.
async fn is_rejected(stage: &Stage, queue: &str) {
    let deaths = stage.azure.faults().hits("deadly");
    stage.host().fire("recover").await.unwrap().unwrap();
    let rejected = stage.rejected();
    assert_eq!(rejected.len(), 1, "{rejected:#?}");
    assert_eq!((&rejected[0]["function"], &rejected[0]["queue"]), (&json!("recover"), &json!(queue)));
    let reason = rejected[0]["reason"].as_str().unwrap();
    assert!(reason.contains("the worker died 2 times while it handled only this message"), "{reason}");
    assert_eq!(stage.azure.broker().counts(queue).dead_lettered, 0, "one run is enough");
    until("the others are fixed", || stage.count("fixed") == GOOD && stage.host().idle()).await;
    assert_eq!(stage.azure.faults().hits("deadly"), deaths, "it was met again");
    assert_eq!(stage.unfit(), 1);
    // Put back by a person, it begins anew. What it was suspected with comes no more as often as to be looked for.
    for blob in stage.azure.blobs().list("state", "suspects/") {
        assert!(blob.name.contains("/group-"), "{}", blob.name);
        assert!(stage.azure.blobs().delete("state", &blob.name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_observation_that_killed_the_worker_twice_is_rejected_and_its_neighbours_are_sent_back() {
    until_met(HARDSHIP, TRIES, async |_| {
        let Some(stage) = deadly("targets", "noncompliant-resources", "collect").await else { return false };
        is_rejected(&stage, "noncompliant-resources").await;
        assert_eq!(stage.logged("message_returned").len(), GOOD);
        stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
        true
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_wake_up_that_killed_the_worker_twice_is_rejected_and_its_target_stopped() {
    until_met(HARDSHIP, TRIES, async |_| {
        let Some(stage) = deadly("subscriptions", "wake-ups", "remediate").await else { return false };
        is_rejected(&stage, "wake-ups").await;
        let told = stage.told("target_stopped", 1).await.remove(0);
        assert!(told["until"].is_string() && told["reason"].as_str().unwrap().contains("died 2 times"), "{told}");
        // Nothing would wake it but `sweep`, and that passes it over.
        let deaths = stage.azure.faults().hits("deadly");
        stage.host().fire("sweep").await.unwrap().unwrap();
        until("nothing is under way", || stage.host().idle()).await;
        assert_eq!(stage.azure.faults().hits("deadly"), deaths, "the same death is met again");
        stage.at_rest_with(Expected { rejected: 1, waiting: 1 }).await;
        true
    })
    .await;
}
