//! A batch run over a whole management group, from its message until nothing more can be fixed, and what it took.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::Service;
use simulator::ledger::Entry;
use simulator_demo::calls::kind;

use super::{GROUP, Group, Stage, until_done};

/// What a run over a group took.
pub(crate) struct Took {
    /// The line `run_ended`.
    pub(crate) ended: Value,
    pub(crate) seconds: f64,
    pub(crate) writes: usize,
    pub(crate) reads: usize,
    pub(crate) kinds: String,
    /// The longest invocation.
    pub(crate) longest: Duration,
    pub(crate) peak_rss_bytes: u64,
}

impl Took {
    /// In words, beside the least.
    pub(crate) fn line(&self, group: Group) -> String {
        let Group { subscriptions, assignments, resources, .. } = group;
        let least = group.least();
        let of = |name: &str| self.ended[name].as_u64().unwrap_or_default();
        format!(
            "{subscriptions} subscriptions, {assignments} assignments, {resources} resources: {} fixed in {:.1} s; {} questions of the \
             run; {} writes ({:.2} of the least), {} reads ({:.2} of the least: {}); longest invocation {:.1} s; {} MiB at most",
            group.fixable(),
            self.seconds,
            of("questions"),
            self.writes,
            self.writes as f64 / least.tasks as f64,
            self.reads,
            self.reads as f64 / (least.reads as f64 + of("questions") as f64),
            self.kinds,
            self.longest.as_secs_f64(),
            self.peak_rss_bytes >> 20,
        )
    }
}

impl Stage {
    /// Puts a run over the group on the queue, and waits until all that can be fixed is, and nothing is left to be done.
    pub(crate) async fn run_over(&self, group: Group) -> Took {
        let (begun, mark) = (Instant::now(), self.azure.ledger().len());
        self.enqueue("batch-runs", [json!({ "version": 1, "runId": "all", "scopes": [GROUP] }).to_string()]);
        let ended = self.told("run_ended", 1).await.remove(0);
        // A large one takes longer than a test waits for one thing.
        let calls = || self.azure.ledger().count(|entry| entry.service == Service::ResourceManager);
        until_done("all that can be fixed is", calls, || {
            self.host().peak_rss_bytes(0) > 0 && self.count("fixed") >= group.fixable()
        })
        .await;
        self.settled(group.fixable() + group.without_roles()).await;
        let entries = self.azure.ledger().entries().split_off(mark);
        let of_azure = |is_write: bool| {
            entries.iter().filter(|e| e.service == Service::ResourceManager && (e.method == "PUT") == is_write).count()
        };
        let invocations = entries.iter().filter(|entry| entry.service == Service::Functions);
        Took {
            ended,
            seconds: begun.elapsed().as_secs_f64(),
            writes: of_azure(true),
            reads: of_azure(false),
            kinds: by_kind(&entries),
            longest: invocations.map(|entry| entry.took).max().unwrap_or_default(),
            peak_rss_bytes: self.host().peak_rss_bytes(0),
        }
    }
}

fn by_kind(entries: &[Entry]) -> String {
    let mut counts = BTreeMap::<_, usize>::new();
    for entry in entries.iter().filter(|entry| entry.service == Service::ResourceManager) {
        *counts.entry(kind(entry).unwrap_or("another")).or_default() += 1;
    }
    counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}
