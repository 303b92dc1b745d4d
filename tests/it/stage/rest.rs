//! The end of every test: nothing is left in a queue, no claim is left, no resource was in two tasks at once, and
//! nothing was said that a worker of this version would not say.

use std::time::Instant;

use simulator::Service;
use simulator_demo::calls::kind;

use super::{PATIENCE, Stage};

const QUEUES: [&str; 3] = ["noncompliant-resources", "wake-ups", "batch-runs"];

/// What a test leaves on purpose; everything else must be gone.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// Items in the container `rejected`.
    pub(crate) rejected: usize,
    /// Resources that still wait, as in plan mode.
    pub(crate) waiting: usize,
}

impl Stage {
    /// Ends the test at rest, with nothing left.
    pub(crate) async fn at_rest(self) {
        self.at_rest_with(Expected::default()).await;
    }

    /// Ends the test at rest, with what is expected to be left.
    pub(crate) async fn at_rest_with(mut self, expected: Expected) {
        let begun = Instant::now();
        while let Some(left) = self.left() {
            assert!(begun.elapsed() < PATIENCE, "not at rest after {PATIENCE:?}: {left}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(self.count("waiting"), expected.waiting, "waiting");
        assert_eq!(self.rejected().len(), expected.rejected, "rejected: {:#?}", self.rejected());
        self.tasks_kept_apart();
        self.calls_are_ours();
        let _ = self.log();
        self.stop_worker().await;
    }

    /// What is not at rest yet, in words.
    fn left(&self) -> Option<String> {
        for queue in QUEUES {
            let counts = self.azure.broker().counts(queue);
            if counts.active + counts.locked + counts.dead_lettered > 0 {
                return Some(format!("{queue}: {counts:?}"));
            }
        }
        if !self.host().idle() {
            return Some("the host is busy".to_owned());
        }
        for (name, document) in self.documents() {
            if !document["active"].is_null() {
                return Some(format!("{name} has an active task: {}", document["active"]));
            }
        }
        if let Some((name, claims)) = self.claims().first() {
            return Some(format!("{name} holds claims: {claims}"));
        }
        if let Some(suspect) = self.azure.blobs().list("state", "suspects/").first() {
            return Some(format!("{} is still suspected", suspect.name));
        }
        (self.count("inTask") > 0).then(|| "resources are in a task that is gone".to_owned())
    }

    /// No resource was in two tasks at one time, neither of one target nor of the worker's own.
    fn tasks_kept_apart(&self) {
        let ours = |id: &str| id.rsplit('/').next().is_some_and(|name| name.starts_with("pr-"));
        for overlap in self.manager.overlaps() {
            let both_ours = ours(overlap.first.as_str()) && ours(overlap.second.as_str());
            assert!(!overlap.same_target && !both_ours, "a resource was in two tasks at once: {overlap:#?}");
        }
    }

    /// Every call to Resource Manager is of a kind that this worker makes, and says who makes it.
    fn calls_are_ours(&self) {
        for entry in self.azure.ledger().of(Service::ResourceManager) {
            assert!(kind(&entry).is_some(), "an unexpected call: {} {}", entry.method, entry.path);
            let version = concat!("policy-remediator/", env!("CARGO_PKG_VERSION"));
            assert!(entry.user_agent.contains(version), "a call of somebody else: {}", entry.user_agent);
        }
    }

    /// How many calls of a kind Resource Manager got.
    pub(crate) fn calls(&self, wanted: &str) -> usize {
        self.azure.ledger().of(Service::ResourceManager).iter().filter(|entry| kind(entry) == Some(wanted)).count()
    }
}
