//! A message that the host cannot bind (an AMQP sequence or number of a sender that is not ours) fails every batch that it is in
//! before the worker is called. Its neighbours are given up with it, and come back; it alone is rejected.

use serde_json::json;
use simulator::service_bus::{Batches, Message};

use crate::stage::{Expected, Stage, land, observation, record, until};

const GOOD: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_message_is_rejected_and_all_that_travelled_with_it_is_remediated() {
    let mut estate = land(1);
    for place in 0..GOOD {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let mut stage = Stage::without_worker(estate.clone()).await;
    let mut messages: Vec<Message> =
        estate.records.iter().map(|r| Message::text(observation(r, r.evaluated_at).to_string())).collect();
    messages.insert(GOOD / 2, Message::foreign([0x54, 0x07]));
    // All of them travel together.
    stage.azure.broker().hand_out(Batches::Full);
    stage.azure.broker().send("noncompliant-resources", messages).unwrap().unwrap();
    stage.start_worker(&[], 1).await;
    let counts = |stage: &Stage| stage.azure.broker().counts("noncompliant-resources");
    until("the batch is given up", || counts(&stage).dead_lettered == GOOD + 1).await;
    assert!(stage.logged("observation_merged").is_empty(), "the worker was never called");

    stage.host().fire("recover").await.unwrap().unwrap();
    assert_eq!(counts(&stage).dead_lettered, 0, "one run is enough");
    stage.settled(GOOD).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, GOOD));
    let rejected = stage.rejected();
    assert_eq!((rejected.len(), &rejected[0]["function"]), (1, &json!("recover")));
    stage.at_rest_with(Expected { rejected: 1, ..Expected::default() }).await;
}
