//! What the broker gave up on: `recover` sends it back, wakes its target or rejects it, and nothing of it is swallowed as a
//! duplicate.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::service_bus::{Entity, Message, QueueRules};

use crate::stage::{Expected, Stage, events, land, observation, record, until};

/// Lets the broker give up a message of the queue, before a worker runs.
fn bury(stage: &Stage, queue: &str, message: Message) {
    let (broker, entity) = (stage.azure.broker(), Entity::queue(queue));
    broker.send(queue, vec![message]).unwrap().unwrap();
    let token = broker.receive(&entity, 1).unwrap()[0].lock_token;
    broker.dead_letter(&entity, token, "MaxDeliveryCountExceeded", "given up by the test").unwrap();
}

/// The `MessageId`s of everything that was sent to a queue, in order.
fn ids_sent(stage: &Stage, queue: &str) -> Vec<String> {
    let entries = stage.azure.ledger().of(Service::ServiceBus);
    let sends = entries.into_iter().filter(|entry| entry.path == format!("/{queue}/messages"));
    let batches = sends.filter_map(|entry| serde_json::from_slice::<Vec<Value>>(&entry.request_body?).ok());
    batches.flatten().map(|sent| sent["BrokerProperties"]["MessageId"].as_str().unwrap().to_owned()).collect()
}

async fn recover(stage: &Stage) {
    stage.host().fire("recover").await.unwrap().unwrap();
}

fn dead(stage: &Stage, queue: &str) -> usize {
    stage.azure.broker().counts(queue).dead_lettered
}

/// Fails the first invocations of a function, without the worker's doing.
fn lose(stage: &Stage, function: &str, times: u64) {
    let lost = Rule::new("lost", Service::Functions, Which::First(times), Kind::CutBefore);
    stage.azure.faults().add(lost.path_contains(function));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_lettered_wake_up_is_taken_care_of() {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    stage.azure.broker().create("wake-ups", QueueRules::standard(2));
    lose(&stage, "/remediate", 2);
    stage.start_worker(&[("OPENING_GRACE", "100ms")], 1).await;
    stage.deliver(events).await;
    until("it is dead-lettered", || dead(&stage, "wake-ups") == 1).await;
    recover(&stage).await;
    stage.settled(1).await;
    assert_eq!(dead(&stage, "wake-ups"), 0, "it lies there for ever");
    assert_eq!(stage.azure.broker().counts("wake-ups").duplicates, 0, "nothing was swallowed");
    let returned = stage.logged("message_returned");
    assert_eq!((returned.len(), &returned[0]["queue"]), (1, &json!("wake-ups")));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observation_comes_back_as_often_as_it_must_and_each_return_is_told_and_has_an_id_of_its_own() {
    const RETURNS: usize = 3;
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    stage.azure.broker().create("noncompliant-resources", QueueRules::standard(2));
    lose(&stage, "/collect", 2 * RETURNS as u64);
    stage.start_worker(&[], 1).await;
    stage.deliver(events).await;
    // One run may meet it more than once: here it is given up within milliseconds.
    let is_through = |stage: &Stage| stage.azure.faults().hits("lost") == 2 * RETURNS as u64;
    while dead(&stage, "noncompliant-resources") > 0 || !is_through(&stage) {
        until("it is dead-lettered", || dead(&stage, "noncompliant-resources") == 1 || is_through(&stage)).await;
        recover(&stage).await;
    }
    stage.settled(1).await;
    assert_eq!(stage.unfit(), 0);
    let told: Vec<_> = stage.logged("message_returned").iter().map(|line| line["returns"].clone()).collect();
    assert_eq!(told, [json!(1), json!(2), json!(3)]);
    let ids = ids_sent(&stage, "noncompliant-resources");
    assert_eq!(ids.len(), 1 + RETURNS);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    assert!(ids.iter().all(|id| id.len() <= 128));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_rejected_with_its_bytes_and_its_queue() {
    let mut stage = Stage::without_worker(land(1)).await;
    bury(&stage, "noncompliant-resources", Message::foreign([0xff, 0x00]));
    bury(&stage, "wake-ups", Message::text("tell me"));
    stage.start_worker(&[], 1).await;
    recover(&stage).await;
    let mut rejected = stage.rejected();
    rejected.sort_by_key(|item| item["queue"].as_str().unwrap().to_owned());
    let of = |item: &Value| ["function", "queue", "payload", "encoding", "isCut"].map(|name| item[name].clone());
    assert_eq!(
        of(&rejected[0]),
        [json!("recover"), json!("noncompliant-resources"), json!("/wA="), json!("base64"), json!(false)]
    );
    assert_eq!(of(&rejected[1]), [json!("recover"), json!("wake-ups"), json!("tell me"), json!("text"), json!(false)]);
    for item in &rejected {
        assert!(item["reason"].as_str().unwrap().contains("MaxDeliveryCountExceeded"), "{item}");
    }
    stage.at_rest_with(Expected { rejected: 2, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_wake_up_of_a_target_in_which_nothing_waits_is_dropped_and_told() {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let target = json!({
        "scope": format!("/subscriptions/{}", crate::stage::subscription(0)),
        "policyAssignmentId": crate::stage::assignment(0, "Tag"),
    });
    let mut stage = Stage::without_worker(estate).await;
    let wake_up = json!({ "version": 1, "target": target, "generation": 3 });
    bury(&stage, "wake-ups", Message::text(wake_up.to_string()));
    stage.start_worker(&[], 1).await;
    recover(&stage).await;
    let dropped = stage.logged("message_dropped");
    assert_eq!((dropped.len(), &dropped[0]["reason"]), (1, &json!("nothingWaits")));
    assert!(ids_sent(&stage, "wake-ups").is_empty());
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_refuses_leaves_the_others_their_turn() {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let seen = observation(&estate.records[0], estate.records[0].evaluated_at).to_string();
    let mut stage = Stage::without_worker(estate).await;
    bury(&stage, "noncompliant-resources", Message::text(seen));
    bury(&stage, "wake-ups", Message::text("tell me"));
    stage.start_worker(&[], 1).await;
    let refused = |path: &str| {
        let rule = Rule::new("refused", Service::ServiceBus, Which::Always, Kind::Status(403));
        stage.azure.faults().add(rule.method("POST").path_contains(path));
    };
    refused("/noncompliant-resources/$deadletterqueue/");
    recover(&stage).await;
    assert_eq!((dead(&stage, "noncompliant-resources"), dead(&stage, "wake-ups")), (1, 0));
    let left = stage.logged("dead_letters_left");
    assert_eq!((left.len(), &left[0]["queue"]), (1, &json!("noncompliant-resources")));
    assert!(left[0]["reason"].as_str().unwrap().contains("Azure Service Bus Data Receiver"), "{}", left[0]);
    refused("/$deadletterqueue/");
    assert!(stage.host().fire("recover").await.unwrap().is_err(), "no queue could be read: the host shows it");
    stage.azure.faults().remove("refused");
    recover(&stage).await;
    stage.settled(1).await;
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
}
