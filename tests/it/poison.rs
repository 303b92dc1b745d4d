//! An item that kills the worker whenever it is handled: the rest of its batch is done, and it ends in `rejected`.

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Expected, Stage, land, observation, record, subscription, until};

const GOOD: usize = 10;

/// Kills the worker whenever it reads a blob of this name's part.
fn deadly(stage: &Stage, part: String) {
    let rule = Rule::new("deadly", Service::Blob, Which::Always, Kind::KillBefore);
    stage.azure.faults().add(rule.method("GET").path_contains(part));
}

/// One batch: good items of one subscription, and in their midst one of another.
fn bodies(stage: &Stage) -> Vec<String> {
    let estate = stage.manager.estate();
    let mut bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let poison = bodies.pop().unwrap();
    bodies.insert(GOOD / 2, poison);
    bodies
}

async fn stage() -> Stage {
    let mut estate = land(2);
    for place in 0..GOOD {
        estate = estate.with_record(record(1, place, "Tag"));
    }
    let stage = Stage::without_worker(estate.with_record(record(0, 1, "Tag"))).await;
    stage.enqueue_as_one_batch("noncompliant-resources", bodies(&stage));
    stage
}

async fn died_of(stage: &Stage, function: &str) {
    let item = &stage.rejected()[0];
    assert_eq!(item["function"], function);
    assert!(item["reason"].as_str().unwrap().contains("the worker died"), "{item}");
    println!("the worker was started {} times; {}", stage.host().starts(0), item["reason"]);
    assert!(stage.host().starts(0) < 20, "{} starts", stage.host().starts(0));
    until("no suspicion is left", || stage.azure.blobs().list("state", "suspects/").is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_kills_the_worker_ends_in_rejected_and_the_rest_of_its_batch_is_done() {
    let mut stage = stage().await;
    deadly(&stage, format!("targets%2F{}", subscription(0)));
    stage.start_worker(&[], 1).await;
    until("the poison is rejected", || stage.rejected().len() == 1).await;
    stage.settled(GOOD).await;
    assert_eq!((stage.count("fixed"), stage.unfit()), (GOOD, 1));
    assert_eq!(stage.manager.tasks().iter().map(|task| task.resources.len()).sum::<usize>(), GOOD);
    died_of(&stage, "collect").await;
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wake_up_that_kills_the_worker_ends_in_rejected_and_the_other_targets_go_on() {
    let mut stage = stage().await;
    deadly(&stage, format!("subscriptions%2F{}", subscription(0)));
    stage.start_worker(&[], 1).await;
    until("the poison is rejected", || stage.rejected().len() == 1).await;
    until("the others are fixed", || stage.count("fixed") == GOOD).await;
    assert_eq!((stage.count("waiting"), stage.unfit()), (1, 1));
    died_of(&stage, "remediate").await;
    stage.at_rest_with(Expected { rejected: 1, waiting: 1 }).await;
}
