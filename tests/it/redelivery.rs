//! Messages are hints: late, early, repeated or out of order they change nothing but timing.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::Service;
use time::OffsetDateTime;

use crate::stage::{LONGER_AND_LONGER, Stage, events, land, observation, record, until, until_met};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_batch_a_day_later_opens_no_task() {
    let mut estate = land(1);
    for place in 0..6 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let stage = Stage::start(estate).await;
    stage.deliver(events.clone()).await;
    stage.settled(6).await;
    let tasks = stage.manager.tasks().len();
    let stored = |stage: &Stage| stage.azure.broker().counts("noncompliant-resources").stored;
    let before = stored(&stage);

    // The broker has forgotten the ids, so both the events and the raw messages get through.
    stage.azure.broker().shift(Duration::from_secs(25 * 3600));
    stage.deliver(events).await;
    stage.enqueue("noncompliant-resources", bodies);
    let duplicates =
        |stage: &Stage| stage.logged("observation_merged").iter().filter(|l| l["merged"] == "duplicate").count();
    until("all are taken in once more", || duplicates(&stage) >= 12).await;
    assert_eq!(duplicates(&stage), 12);
    assert_eq!(stored(&stage) - before, 12, "none was dropped by the broker");
    stage.settled(6).await;
    assert_eq!(stage.manager.tasks().len(), tasks);
    stage.at_rest().await;
}

/// The current wake-up of the only target, as a message.
fn wake_up(stage: &Stage) -> Value {
    let document = stage.documents().into_values().next().unwrap();
    json!({ "version": 1, "target": document["target"], "generation": document["generation"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wake_up_that_comes_early_or_twice_changes_nothing() {
    until_met("wake-ups are looked at before the resource is due", LONGER_AND_LONGER, wake_ups_come_early).await;
}

/// Whether they came before it was due, so many seconds after the start.
async fn wake_ups_come_early(seconds: u64) -> bool {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let events = events(&estate);
    // Its evaluation was a minute ago.
    let due = estate.records[0].evaluated_at + Duration::from_secs(60 + seconds);
    let stage = Stage::with(estate, &[("SETTLE_DELAY", &format!("{}s", 60 + seconds))]).await;
    stage.deliver(events).await;
    until("the resource is known", || !stage.entries().is_empty() && stage.host().idle()).await;
    let early = wake_up(&stage).to_string();
    stage.enqueue("wake-ups", [early.clone(), early.clone()]);
    let looks = |stage: &Stage| stage.logged("target_reconciled").len();
    until("the early wake-ups are looked at", || looks(&stage) > 0 && stage.host().idle()).await;
    let found = (stage.count("waiting"), stage.manager.tasks().len());
    if OffsetDateTime::now_utc() >= due {
        return false;
    }
    assert_eq!(found, (1, 0), "early is not due");
    // By now these two are of an older generation.
    stage.enqueue("wake-ups", [early.clone(), early]);
    stage.settled(1).await;
    assert_eq!((stage.unfit(), stage.manager.tasks().len()), (0, 1));
    let stale = || stage.logged("target_reconciled").iter().any(|look| look["stale"] == true);
    until("a void wake-up is told apart", stale).await;
    stage.at_rest().await;
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wake_up_that_never_came_is_sent_again_with_the_next_event_of_the_target() {
    let mut estate = land(1);
    for place in 0..2 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let stage = Stage::start(estate).await;
    // The broker takes the wake-up and loses it: nobody listens while it is thrown away.
    let faults = stage.azure.faults();
    let unheard = simulator::faults::Rule::new(
        "unheard",
        Service::Functions,
        simulator::faults::Which::Always,
        simulator::faults::Kind::CutBefore,
    );
    faults.add(unheard.path_contains("/remediate"));
    stage.deliver(vec![events[0].clone()]).await;
    until("the resource waits", || stage.count("waiting") == 1).await;
    until("the wake-up was tried", || faults.hits("unheard") > 0).await;
    stage.azure.broker().create("wake-ups", simulator::service_bus::QueueRules::standard(1000));
    faults.remove("unheard");
    stage.deliver(vec![events[1].clone()]).await;
    stage.settled(2).await;
    assert_eq!(stage.unfit(), 0);
    stage.at_rest().await;
}
