//! A subscription with many targets: their looks follow one another without a pause, and none of them is written down for having
//! no turn yet.

use std::time::{Duration, Instant};

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;

use crate::stage::{DEFINITION, Stage, events, land, plot, record, until};

const TARGETS: usize = 16;
const CALL: Duration = Duration::from_millis(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_with_many_targets_is_served_without_idling() {
    let mut estate = land(1);
    for n in 0..TARGETS {
        estate = plot(estate, 0, &format!("T{n}"), DEFINITION).with_record(record(0, n, &format!("T{n}")));
    }
    let all = events(&estate);
    let settings = [("FACTS_TTL", "10m"), ("CHECK_INTERVAL_MIN", "2s"), ("CHECK_INTERVAL_MAX", "4s")];
    let stage = Stage::with(estate, &settings).await;
    stage.azure.faults().add(Rule::new("slow", Service::ResourceManager, Which::Always, Kind::Delay(CALL)));
    let begun = Instant::now();
    stage.deliver(all).await;
    until("all is fixed", || stage.count("fixed") >= TARGETS).await;
    let took = begun.elapsed();
    let calls = u32::try_from(stage.azure.ledger().of(Service::ResourceManager).len()).unwrap();
    let busy = CALL * calls;
    println!("{TARGETS} targets: {took:?} for {calls} calls, one at a time {busy:?} of it");
    assert!(took < busy * 2 + Duration::from_secs(20), "{took:?}, {busy:?}");
    // A pass writes its document at most five times: two passes, and the observation before them.
    let is_write = |entry: &Entry| entry.service == Service::Blob && entry.method == "PUT";
    let writes = stage.azure.ledger().filter(|entry| is_write(entry) && entry.path.contains("/state/targets"));
    let lost = writes.iter().filter(|entry| entry.status == Some(412)).count();
    println!("{} writes of targets, {lost} of them lost", writes.len());
    assert!(lost <= 2, "{lost} writes were lost");
    stage.settled(TARGETS).await;
    stage.at_rest().await;
}
