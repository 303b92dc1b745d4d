//! A customer whose Resource Manager is slow holds nobody else.

use std::time::{Duration, Instant};

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, account, assignment, events, land, record, subscription, until};

const OTHERS: usize = 4;

/// How long it takes from the others' events until their outcome is taken in.
async fn time_of_the_others(slow: bool) -> Duration {
    let mut estate = land(OTHERS + 1);
    for number in 0..=OTHERS {
        for place in 0..5 {
            estate = estate.with_record(record(number, place, "Tag"));
        }
    }
    let mut events = events(&estate);
    let of_others = events.split_off(5);
    let stage = Stage::start(estate).await;
    if slow {
        let delay = Kind::Delay(Duration::from_secs(15));
        let rule = Rule::new("slow", Service::ResourceManager, Which::Always, delay);
        stage.azure.faults().add(rule.path_contains(subscription(0)));
        stage.deliver(events).await;
        // The worker is at the slow one when the others come.
        until("the slow one is asked", || stage.azure.ledger().open() > 0 && stage.azure.faults().hits("slow") > 0)
            .await;
    }
    let begun = Instant::now();
    stage.deliver(of_others).await;
    until("the others are fixed", || stage.count("fixed") >= OTHERS * 5).await;
    let took = begun.elapsed();
    if slow {
        assert!(!stage.complies(&assignment(0, "Tag"), &account(0, 0)), "the slow one is not through yet");
        stage.azure.faults().remove("slow");
        stage.settled((OTHERS + 1) * 5).await;
        assert_eq!(stage.unfit(), 0);
    }
    stage.at_rest().await;
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_subscription_whose_every_call_takes_fifteen_seconds_the_others_finish_as_without_it() {
    let (alone, beside) = tokio::join!(time_of_the_others(false), time_of_the_others(true));
    println!("the others took {alone:?} alone and {beside:?} beside the slow one");
    assert!(beside < alone + Duration::from_secs(8), "{alone:?} alone, {beside:?} beside the slow one");
}
