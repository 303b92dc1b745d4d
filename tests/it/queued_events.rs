//! Events that Event Grid delivers to a queue: the same comes of them as of those that it posts, one by one or in lists; what cannot
//! be handled is rejected by itself, and what the broker gave up on is sent on.

use serde_json::{Value, json};
use simulator::service_bus::{Entity, event_grid};

use crate::stage::{Expected, Stage, events, land, record, until};

const QUEUE: &str = "policy-events";

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_queue_are_taken_in_one_by_one_and_in_lists_whatever_comes_with_them() {
    let estate = (1..=4).fold(land(1), |estate, number| estate.with_record(record(0, number, "Tag")));
    let all = events(&estate);
    let timeless = {
        let mut event = all[0].clone();
        event["data"]["timestamp"] = json!("soon");
        event
    };
    let stage = Stage::start(estate).await;
    event_grid::deliver(stage.azure.broker(), QUEUE, &[all[0].clone(), all[0].clone()]).unwrap().unwrap();
    let list =
        json!([all[1], timeless, all[2], {"id": "1", "eventType": "Microsoft.Other", "subject": "s", "data": {}}]);
    stage.enqueue(QUEUE, [list.to_string(), "no json".to_owned(), "[]".to_owned(), all[3].to_string()]);
    stage.settled(4).await;
    until("what cannot be read is rejected", || stage.rejected().len() == 3).await;
    let rejected = stage.rejected();
    let is_of = |item: &Value| item["function"] == "receive-queued-events" && item["queue"] == QUEUE;
    assert!(rejected.iter().all(is_of), "{rejected:?}");
    for words in ["not JSON", "without an event", "data.timestamp \"soon\""] {
        assert!(rejected.iter().any(|item| item["reason"].as_str().unwrap().contains(words)), "{words}: {rejected:?}");
    }
    assert_eq!(stage.logged("event_ignored")[0]["reason"], "foreign_type");
    stage.at_rest_with(Expected { rejected: 3, ..Expected::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_the_broker_gave_up_on_are_sent_on_and_what_is_wrong_among_them_is_rejected() {
    let estate = (1..=2).fold(land(1), |estate, number| estate.with_record(record(0, number, "Tag")));
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let broker = stage.azure.broker().clone();
    let (first, second) = (json!([all[0], 7]).to_string(), all[1].to_string());
    stage.enqueue(QUEUE, [first, second, "{".to_owned(), "[]".to_owned()]);
    let entity = Entity::queue(QUEUE);
    until("all are given up", || {
        broker.receive(&entity, 10).unwrap().iter().for_each(|letter| {
            broker.dead_letter(&entity, letter.lock_token, "TTLExpiredException", "14 days are over").unwrap();
        });
        broker.counts(QUEUE).dead_lettered == 4
    })
    .await;
    stage.start_worker(&[], 1).await;
    stage.host().fire("recover").await.unwrap().unwrap();
    assert_eq!((broker.counts(QUEUE).dead_lettered, stage.rejected().len()), (0, 3));
    stage.settled(2).await;
    let returned = stage.logged("events_returned");
    assert_eq!(returned.iter().map(|line| line["events"].as_u64().unwrap()).sum::<u64>(), 2, "{returned:?}");
    assert!(stage.rejected().iter().all(|item| item["reason"].as_str().unwrap().contains("it was dead-lettered")));
    stage.at_rest_with(Expected { rejected: 3, ..Expected::default() }).await;
}
