//! A customer whose Resource Manager is slow holds nobody else.

use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;

use crate::stage::{Stage, account, assignment, events, land, record, subscription, until, until_met};

const OTHERS: usize = 4;

/// Calls about the subscriptions for which this holds, by number.
fn calls(stage: &Stage, of: impl Fn(usize) -> bool) -> Vec<Entry> {
    let ids: Vec<String> = (0..=OTHERS).filter(|number| of(*number)).map(subscription).collect();
    let is_of = |entry: &Entry| ids.iter().any(|id| entry.path.contains(id));
    stage.azure.ledger().filter(|entry| entry.service == Service::ResourceManager && is_of(entry))
}

/// Whether the others had all their tasks before the slow one had its first answer: they waited for none.
async fn the_others_are_quick() -> bool {
    let mut estate = land(OTHERS + 1);
    for number in 0..=OTHERS {
        for place in 0..5 {
            estate = estate.with_record(record(number, place, "Tag"));
        }
    }
    let mut events = events(&estate);
    let of_others = events.split_off(5);
    let stage = Stage::start(estate).await;
    let slow = Rule::new("slow", Service::ResourceManager, Which::Always, Kind::Delay(Duration::from_secs(15)));
    stage.azure.faults().add(slow.path_contains(subscription(0)));
    stage.deliver(events).await;
    // The worker is at the slow one when the others come.
    until("the slow one is asked", || stage.azure.ledger().open() > 0 && stage.azure.faults().hits("slow") > 0).await;
    stage.deliver(of_others).await;
    until("the others are fixed", || stage.count("fixed") >= OTHERS * 5).await;
    let is_early = !stage.complies(&assignment(0, "Tag"), &account(0, 0));
    stage.azure.faults().remove("slow");
    stage.settled((OTHERS + 1) * 5).await;
    assert_eq!(stage.unfit(), 0);
    let first = calls(&stage, |number| number == 0).iter().map(|call| call.answered).min().unwrap();
    let others = calls(&stage, |number| number != 0);
    let late = others.iter().filter(|call| call.method == "PUT" && call.received >= first).count();
    println!("{late} tasks of the others came after the first answer to the slow one");
    stage.at_rest().await;
    is_early && late == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_subscription_whose_every_call_takes_fifteen_seconds_the_others_finish_as_without_it() {
    // No answer takes longer than a worker waits, so a busy machine gets further tries and not more time.
    let hardship = "the others have their tasks while the slow one waits for its first answer";
    until_met(hardship, 1..=6, |_| the_others_are_quick()).await;
}
