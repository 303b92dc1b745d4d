//! What no message would bring back, `sweep` does.

use std::time::Duration;

use simulator::service_bus::QueueRules;
use time::OffsetDateTime;

use crate::stage::{Stage, account, assignment, events, land, record, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_wake_up_is_healed_by_sweep_and_one_that_is_on_its_way_is_left_alone() {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let events = events(&estate);
    // Due 62 s after the evaluation of a minute ago: in two seconds.
    let stage = Stage::with(estate, &[("SETTLE_DELAY", "63s"), ("OPENING_GRACE", "500ms")]).await;
    stage.deliver(events).await;
    until("the resource waits", || stage.count("waiting") == 1 && stage.host().idle()).await;
    stage.host().fire("sweep").await.unwrap().unwrap();
    assert_eq!(stage.logged("swept")[0]["healed"], 0, "nothing is overdue yet");

    // The broker forgets it.
    let scheduled = stage.azure.broker().counts("wake-ups").scheduled;
    assert_eq!(scheduled, 1);
    stage.azure.broker().create("wake-ups", QueueRules::standard(1000));
    let wake_at = stage.documents().into_values().next().unwrap()["wakeAt"].as_str().unwrap().to_owned();
    let overdue = simulator::estate::parse_instant(&wake_at).unwrap() + Duration::from_millis(600);
    until("the wake-up is overdue", || OffsetDateTime::now_utc() > overdue).await;
    assert_eq!((stage.count("waiting"), stage.manager.tasks().len()), (1, 0), "without a wake-up nothing happens");

    stage.host().fire("sweep").await.unwrap().unwrap();
    stage.settled(1).await;
    assert!(stage.complies(&assignment(0, "Tag"), &account(0, 1)));
    assert_eq!(stage.logged("target_healed").len(), 1);
    stage.at_rest().await;
}
