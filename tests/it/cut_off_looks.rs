//! A target whose looks always take long and are cut off, as by a platform that restarts the worker, is stopped and told after eight
//! in a row. Nothing of it is rejected, and other targets go on all the while.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::functions_host::Phase;

use crate::stage::{Stage, account, assignment, land, observation, record, subscription, until};

/// Far more than the eight that are needed: on the slowest machine a pass may end by itself.
const ROUNDS: u64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_target_whose_looks_are_always_cut_off_is_stopped_and_told_after_eight_and_others_go_on() {
    let estate =
        land(2).with_record(record(0, 0, "Tag")).with_record(record(1, 0, "Tag")).with_record(record(1, 1, "Tag"));
    let mut bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let later = bodies.pop().unwrap();
    let mut stage = Stage::without_worker(estate).await;
    let slow = Rule::new("slow", Service::ResourceManager, Which::Always, Kind::Delay(Duration::from_secs(17)));
    stage.azure.faults().add(slow.path_contains(subscription(0)));
    stage.enqueue("noncompliant-resources", bodies);
    // A batch waits for a pass for half of its budget at most.
    stage.start_worker(&[("INVOCATION_BUDGET", "2s"), ("OPENING_GRACE", "200ms"), ("PARK_FOR", "1h")], 1).await;
    until("the other target is fixed beside it", || stage.complies(&assignment(1, "Tag"), &account(1, 0))).await;

    let document = |stage: &Stage| {
        let of_slow = |(name, document): (String, Value)| name.contains(&subscription(0)).then_some(document);
        stage.documents().into_iter().find_map(of_slow).unwrap_or_default()
    };
    let cut_off = |stage: &Stage| document(stage)["cutOff"].as_u64().unwrap_or_default();
    let is_stopped = |stage: &Stage| !stage.logged("target_stopped").is_empty();
    let (mut most, mut so_far) = (0, 0);
    for _ in 0..ROUNDS {
        let long_looks = || stage.logged("fallback_scheduled").len();
        until("a look takes long and its batch has ended", || {
            is_stopped(&stage) || (long_looks() > so_far && stage.host().idle())
        })
        .await;
        so_far = long_looks();
        most = most.max(cut_off(&stage));
        if is_stopped(&stage) {
            break;
        }
        let starts = stage.host().starts(0);
        stage.host().kill(0);
        let is_ready = || matches!(*stage.host().phase(0).unwrap().borrow(), Phase::Ready { .. });
        until("the worker is back", || stage.host().starts(0) > starts && is_ready()).await;
        // The wake-up that was left behind, which comes in 40 s.
        let slow = document(&stage);
        let wake_up = json!({
            "version": 1, "target": slow["target"], "generation": slow["generation"], "leftBehind": true,
        });
        stage.enqueue("wake-ups", [wake_up.to_string()]);
    }
    let stopped = stage.told("target_stopped", 1).await.remove(0);
    assert!(stopped["reason"].as_str().unwrap().starts_with("8 passes in a row took long"), "{stopped}");
    assert!(stopped["until"].is_string() && most == 8, "{most}: {stopped}");
    until("it is forgotten how many", || cut_off(&stage) < 8).await;

    // It is left alone, and the other target goes on.
    until("nothing is under way", || stage.host().idle()).await;
    let calls = stage.azure.faults().hits("slow");
    let wake_up = json!({ "version": 1, "target": document(&stage)["target"], "generation": 1_000 });
    stage.enqueue("wake-ups", [wake_up.to_string()]);
    stage.host().fire("sweep").await.unwrap().unwrap();
    stage.enqueue("noncompliant-resources", [later]);
    until("the other target is fixed again", || stage.complies(&assignment(1, "Tag"), &account(1, 1))).await;
    assert_eq!((stage.azure.faults().hits("slow"), stage.rejected().len()), (calls, 0), "nothing is asked for it");
    // A person has found the cause, and ends the stop.
    stage.azure.faults().clear();
    let blob = stage.azure.blobs().list("state", "stopped/").remove(0).name;
    assert!(stage.azure.blobs().delete("state", &blob));
    while !stage.complies(&assignment(0, "Tag"), &account(0, 0)) {
        stage.host().fire("sweep").await.unwrap().unwrap();
    }
    stage.settled(3).await;
    stage.at_rest().await;
}
