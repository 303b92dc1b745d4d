//! What follows of a dead letter is sent before it is deleted. Whatever happens to the deletion, the letter only comes again, and
//! what was sent for it is not sent twice.

use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::service_bus::{Entity, Message};

use crate::stage::{Stage, land, observation, record, until};

/// One observation in the dead-letter queue, and a worker.
async fn stage() -> Stage {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let seen = observation(&estate.records[0], estate.records[0].evaluated_at).to_string();
    let mut stage = Stage::without_worker(estate).await;
    let (broker, entity) = (stage.azure.broker(), Entity::queue("noncompliant-resources"));
    broker.send("noncompliant-resources", vec![Message::text(seen)]).unwrap().unwrap();
    let token = broker.receive(&entity, 1).unwrap()[0].lock_token;
    broker.dead_letter(&entity, token, "MaxDeliveryCountExceeded", "").unwrap();
    stage.start_worker(&[], 1).await;
    stage
}

fn strike(stage: &Stage, times: Which, kind: Kind) {
    let rule = Rule::new("deletion", Service::ServiceBus, times, kind).method("DELETE");
    stage.azure.faults().add(rule);
}

/// The letter is dealt with once more when its lock is over, and its return was known by then.
async fn ends_well(stage: Stage) {
    let counts = || stage.azure.broker().counts("noncompliant-resources");
    stage.settled(1).await;
    assert_eq!((stage.unfit(), counts().dead_lettered), (0, 1));
    stage.azure.broker().shift(Duration::from_secs(300));
    stage.host().fire("recover").await.unwrap().unwrap();
    assert_eq!((counts().dead_lettered, counts().duplicates), (0, 1));
    assert_eq!(stage.logged("observation_merged").len(), 1, "it was handled once");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_deletion_is_told_and_made_up_for() {
    // A token that is refused is replaced once; the fresh one is refused, too.
    for (status, times) in [(401, 2), (403, 1)] {
        let stage = stage().await;
        strike(&stage, Which::First(times), Kind::Status(status));
        stage.host().fire("recover").await.unwrap().unwrap();
        let kept = stage.logged("dead_letter_kept");
        assert!(kept[0]["reason"].as_str().unwrap().contains("Azure Service Bus Data Receiver"), "{kept:?}");
        ends_well(stage).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_sending_and_deleting_only_makes_it_come_again() {
    let stage = stage().await;
    strike(&stage, Which::First(1), Kind::KillBefore);
    assert!(stage.host().fire("recover").await.unwrap().is_err());
    until("the worker is back", || stage.host().starts(0) == 2).await;
    ends_well(stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_the_deletion_is_no_failure() {
    let stage = stage().await;
    strike(&stage, Which::First(1), Kind::CutAfter);
    stage.host().fire("recover").await.unwrap().unwrap();
    assert_eq!(stage.azure.broker().counts("noncompliant-resources").dead_lettered, 0);
    stage.settled(1).await;
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_takes_nothing_leaves_the_letter_where_it_is() {
    let stage = stage().await;
    let full = Rule::new("full", Service::ServiceBus, Which::Always, Kind::Status(403));
    stage.azure.faults().add(full.method("POST").path_contains("/noncompliant-resources/messages"));
    let _ = stage.host().fire("recover").await.unwrap();
    assert_eq!(stage.azure.broker().counts("noncompliant-resources").dead_lettered, 1);
    assert_eq!((stage.rejected().len(), stage.logged("message_returned").len()), (0, 0));
    stage.azure.faults().remove("full");
    stage.azure.broker().shift(Duration::from_secs(300));
    stage.host().fire("recover").await.unwrap().unwrap();
    stage.settled(1).await;
    stage.at_rest().await;
}
