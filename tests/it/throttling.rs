//! A subscription that says "not before" is left alone until then, by every call.

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;
use time::Duration;

use crate::stage::{Stage, events, land, record, subscription, until_met};

const SUBSCRIPTIONS: usize = 3;
const SEED: u64 = 20_261_121;

#[tokio::test(flavor = "multi_thread")]
async fn with_a_third_of_all_calls_throttled_everything_is_fixed_and_no_call_comes_earlier_than_told() {
    until_met("more than a fifth of all calls were throttled", SEED..SEED + 5, a_third_is_throttled).await;
}

/// Whether enough calls were throttled.
async fn a_third_is_throttled(seed: u64) -> bool {
    let mut estate = land(SUBSCRIPTIONS);
    for number in 0..SUBSCRIPTIONS {
        for place in 0..8 {
            estate = estate.with_record(record(number, place, "Tag"));
        }
    }
    let events = events(&estate);
    // What was read is kept, as in earnest: a refused call repeats only itself.
    let stage = Stage::with(estate, &[("FACTS_TTL", "60s")]).await;
    println!("seed {seed}");
    let which = Which::Share { probability: 1.0 / 3.0, seed };
    stage.azure.faults().add(Rule::new("busy", Service::ResourceManager, which, Kind::Throttle { retry_after: 1 }));
    stage.deliver(events).await;
    stage.settled(SUBSCRIPTIONS * 8).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, SUBSCRIPTIONS * 8));
    let mut throttled = 0;
    for number in 0..SUBSCRIPTIONS {
        let id = subscription(number);
        let calls = stage.azure.ledger().filter(|e| e.service == Service::ResourceManager && e.path.contains(&id));
        for told in calls.iter().filter(|entry| entry.status == Some(429)) {
            throttled += 1;
            let floor = told.answered + Duration::seconds(1);
            let early = |entry: &&Entry| entry.received > told.answered && entry.received < floor;
            let early: Vec<_> = calls.iter().filter(early).collect();
            assert!(early.is_empty(), "told at {}, called again: {early:#?}", told.answered);
        }
    }
    let refused = stage.azure.ledger().count(|e| e.method == "PUT" && e.status == Some(429));
    // Refused is what was asked for, and nothing else.
    stage.told("task_refused", refused).await;
    let all = stage.azure.ledger().of(Service::ResourceManager).len();
    println!("{throttled} of {all} calls were throttled");
    stage.azure.faults().remove("busy");
    stage.at_rest().await;
    throttled * 5 > all
}
