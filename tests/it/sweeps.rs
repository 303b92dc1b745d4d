//! Where there are more targets than fit into one sweep, the next one goes on where it stopped.

use std::time::Duration;

use serde_json::json;
use simulator::Service;
use simulator::estate::parse_instant;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;
use simulator::service_bus::QueueRules;
use time::OffsetDateTime;

use crate::stage::{Stage, events, land, record, subscription, until, until_met};

/// So many blobs are a page of the list.
const PAGE: usize = 2_500;
const SETTLED: [(&str, &str); 2] = [("waiting", "0"), ("intask", "0")];

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_does_not_come_to_the_end_is_told_and_the_next_one_goes_on_there() {
    until_met("the resource is known before it is woken, and the first page read in time", [5, 20, 80], sweeps).await;
}

/// Whether both were so, with so much time.
async fn sweeps(seconds: u64) -> bool {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let all = events(&estate);
    let (settle, budget) = (format!("{}s", 60 + seconds), format!("{}s", seconds));
    let settings = [("SETTLE_DELAY", settle.as_str()), ("OPENING_GRACE", "200ms"), ("INVOCATION_BUDGET", &budget)];
    let stage = Stage::with(estate, &settings).await;
    stage.deliver(all).await;
    until("the resource is known", || stage.entries().len() == 1 && stage.host().idle()).await;
    if stage.count("waiting") == 0 {
        return false;
    }
    stage.azure.broker().create("wake-ups", QueueRules::standard(1000));
    for n in 0..PAGE {
        let name = format!("targets/{}/{n:020}.json", subscription(0));
        stage.azure.blobs().put_with_metadata("state", &name, "{}", &SETTLED).unwrap();
    }
    // The first page has all that is settled; the second cannot be listed.
    let list = Rule::new("second page", Service::Blob, Which::Always, Kind::Status(503));
    stage.azure.faults().add(list.method("GET").query_contains("marker="));
    if stage.host().fire("sweep").await.unwrap().is_ok() {
        return false;
    }
    let swept = stage.told("swept", 1).await.remove(0);
    assert_eq!((&swept["targets"], &swept["partial"]), (&json!(PAGE), &json!(true)), "{swept}");
    stage.azure.faults().remove("second page");

    let overdue = || {
        let waiting = stage.documents().into_values().find(|document| document["wakeAt"].is_string()).unwrap();
        parse_instant(waiting["wakeAt"].as_str().unwrap()).unwrap() + Duration::from_millis(300)
    };
    until("the wake-up is overdue", || OffsetDateTime::now_utc() > overdue()).await;
    // The first page of the whole list only tells that it is to be read in parts.
    let of_targets = |entry: &Entry| entry.service == Service::Blob && entry.query.contains("prefix=targets");
    let before = stage.azure.ledger().count(of_targets);
    stage.host().fire("sweep").await.unwrap().unwrap();
    let went_on = stage.azure.ledger().filter(of_targets).split_off(before);
    assert!(went_on.len() == 1 && went_on[0].query.contains("marker="), "{went_on:#?}");
    let swept = stage.told("swept", 2).await.remove(1);
    assert_eq!([&swept["targets"], &swept["healed"]], [&json!(1), &json!(1)], "{swept}");
    assert_eq!(swept["partial"], true, "it has not seen the first page");
    until("it is fixed", || stage.count("fixed") == 1).await;
    stage.host().fire("sweep").await.unwrap().unwrap();
    let swept = stage.told("swept", 3).await.remove(2);
    assert_eq!((&swept["targets"], &swept["partial"]), (&json!(PAGE + 1), &json!(false)), "from the beginning again");
    true
}
