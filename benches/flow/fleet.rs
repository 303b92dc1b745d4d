//! Very many subscriptions of one assignment that are due at once in several instances, all of which book and report in one document.

use std::time::{Duration, Instant};

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;

use crate::stage::{Stage, events, land, record, until};

/// What a call to storage takes at least.
const STORAGE: Duration = Duration::from_millis(10);

/// As many subscriptions, each with one resource of the policy, in so many instances.
pub(crate) async fn measure(targets: usize, instances: usize) -> String {
    let estate = (0..targets).fold(land(targets), |estate, number| estate.with_record(record(number, 0, "Tag")));
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let slow = Rule::new("slow", Service::Blob, Which::Always, Kind::Delay(STORAGE));
    stage.azure.faults().add(slow.path_contains("assignments"));
    let settings = [
        ("MAX_RESOURCES_PER_DAY", "5000"),
        ("FACTS_TTL", "10m"),
        ("CHECK_INTERVAL_MIN", "2s"),
        ("CHECK_INTERVAL_MAX", "8s"),
        ("RUST_LOG", "warn,policy_remediator=info"),
    ];
    stage.start_worker(&settings, instances).await;
    let begun = Instant::now();
    stage.deliver(all).await;
    // Many take longer than a test waits for one thing.
    for tenth in 1..=10 {
        until(&format!("{tenth} tenths are fixed"), || stage.count("fixed") >= targets * tenth / 10).await;
    }
    stage.settled(targets).await;
    let took = begun.elapsed().as_secs_f64();
    let writes = stage.azure.ledger().filter(is_of_the_fleet);
    let lost = writes.iter().filter(|write| matches!(write.status, Some(409 | 412))).count();
    let reads =
        stage.azure.ledger().count(|entry| entry.service == Service::Blob && entry.method == "GET" && is_fleet(entry));
    stage.stop_worker().await;
    format!(
        "{targets} subscriptions of one assignment, {instances} instances, {} ms a call of storage: {took:.1} s; {lost} of {} writes of \
         the fleet's document lost ({:.1} %); {reads} reads; {:.1} entries a write",
        STORAGE.as_millis(),
        writes.len(),
        100.0 * lost as f64 / writes.len().max(1) as f64,
        2.0 * targets as f64 / (writes.len() - lost).max(1) as f64,
    )
}

fn is_of_the_fleet(entry: &Entry) -> bool {
    entry.service == Service::Blob && entry.method == "PUT" && is_fleet(entry)
}

fn is_fleet(entry: &Entry) -> bool {
    entry.path.contains("/state/assignments")
}
