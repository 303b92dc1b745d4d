//! What no message would bring back, `sweep` does.

use std::time::Duration;

use simulator::estate::parse_instant;
use simulator::service_bus::QueueRules;
use time::OffsetDateTime;

use crate::stage::{LONGER_AND_LONGER, Stage, account, assignment, events, land, record, until, until_met};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_wake_up_is_healed_by_sweep_and_one_that_is_on_its_way_is_left_alone() {
    until_met("the wake-up is lost before it is due", LONGER_AND_LONGER, a_wake_up_is_lost).await;
}

/// Whether it was lost before it was due, so many seconds after the start.
async fn a_wake_up_is_lost(seconds: u64) -> bool {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let events = events(&estate);
    // Its evaluation was a minute ago.
    let settle = format!("{}s", 60 + seconds);
    let stage = Stage::with(estate, &[("SETTLE_DELAY", &settle), ("OPENING_GRACE", "500ms")]).await;
    stage.deliver(events).await;
    until("the resource is known", || !stage.entries().is_empty() && stage.host().idle()).await;
    let waiting = stage.documents().into_values().next().unwrap();
    stage.host().fire("sweep").await.unwrap().unwrap();
    let swept = stage.logged("swept").remove(0);

    // The broker forgets it.
    let scheduled = stage.azure.broker().counts("wake-ups").scheduled;
    stage.azure.broker().create("wake-ups", QueueRules::standard(1000));
    let Some(wake_at) = waiting["wakeAt"].as_str().and_then(parse_instant) else { return false };
    if OffsetDateTime::now_utc() >= wake_at {
        return false;
    }
    assert_eq!(swept["healed"], 0, "nothing is overdue yet");
    assert_eq!((stage.count("waiting"), scheduled), (1, 1));
    let overdue = wake_at + Duration::from_millis(600);
    until("the wake-up is overdue", || OffsetDateTime::now_utc() > overdue).await;
    assert_eq!((stage.count("waiting"), stage.manager.tasks().len()), (1, 0), "without a wake-up nothing happens");

    stage.host().fire("sweep").await.unwrap().unwrap();
    stage.settled(1).await;
    assert!(stage.complies(&assignment(0, "Tag"), &account(0, 1)));
    stage.told("target_healed", 1).await;
    stage.at_rest().await;
    true
}
