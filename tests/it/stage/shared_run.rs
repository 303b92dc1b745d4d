//! Very many subscriptions of one assignment that are due at once in several instances, all of which book and report in one document: how
//! often they lose its race.

use std::time::{Duration, Instant};

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;

use super::{Stage, events, land, record, until_done};

/// What a call to storage takes at least.
const STORAGE: Duration = Duration::from_millis(10);

/// So many, each with one resource of the policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared {
    pub(crate) subscriptions: usize,
    pub(crate) instances: usize,
}

/// What it took.
pub(crate) struct SharedTook {
    pub(crate) seconds: f64,
    /// Conditional writes of the document, and those among them that were lost.
    pub(crate) writes: usize,
    pub(crate) lost: usize,
    pub(crate) reads: usize,
    pub(crate) fixed: usize,
}

impl SharedTook {
    /// In words.
    pub(crate) fn line(&self, of: Shared) -> String {
        format!(
            "{} subscriptions of one assignment, {} instances, {} ms a call of storage: {} fixed in {:.1} s; {} of {} writes of the fleet's \
             document lost ({:.1} %); {} reads; {:.1} entries a write",
            of.subscriptions,
            of.instances,
            STORAGE.as_millis(),
            self.fixed,
            self.seconds,
            self.lost,
            self.writes,
            100.0 * self.lost as f64 / self.writes.max(1) as f64,
            self.reads,
            2.0 * of.subscriptions as f64 / (self.writes - self.lost).max(1) as f64,
        )
    }
}

impl Shared {
    /// Lets all of it be due at once, and waits until all is fixed.
    pub(crate) async fn run(self) -> SharedTook {
        let Self { subscriptions, instances } = self;
        let estate = (0..subscriptions).fold(land(subscriptions), |estate, n| estate.with_record(record(n, 0, "Tag")));
        let all = events(&estate);
        let mut stage = Stage::without_worker(estate).await;
        stage.azure.ledger().keep_bodies(false);
        let slow = Rule::new("slow", Service::Blob, Which::Always, Kind::Delay(STORAGE));
        stage.azure.faults().add(slow.path_contains("assignments"));
        let settings = [
            ("MAX_RESOURCES_PER_DAY", "5000"),
            ("OPENING_GRACE", "60s"),
            ("FACTS_TTL", "10m"),
            ("CHECK_INTERVAL_MIN", "2s"),
            ("CHECK_INTERVAL_MAX", "8s"),
            ("RUST_LOG", "warn,policy_remediator=info"),
        ];
        stage.start_worker(&settings, instances).await;
        let begun = Instant::now();
        stage.deliver(all).await;
        let calls = || stage.azure.ledger().count(|entry| entry.service == Service::ResourceManager);
        until_done("all is fixed", calls, || stage.count("fixed") >= subscriptions).await;
        stage.settled(subscriptions).await;
        let writes = stage.azure.ledger().filter(|entry| entry.method == "PUT" && is_of_the_fleet(entry));
        let took = SharedTook {
            seconds: begun.elapsed().as_secs_f64(),
            lost: writes.iter().filter(|write| matches!(write.status, Some(409 | 412))).count(),
            writes: writes.len(),
            reads: stage.azure.ledger().count(|entry| entry.method == "GET" && is_of_the_fleet(entry)),
            fixed: stage.count("fixed"),
        };
        stage.at_rest().await;
        took
    }
}

fn is_of_the_fleet(entry: &Entry) -> bool {
    entry.service == Service::Blob && entry.path.contains("/state/assignments")
}
