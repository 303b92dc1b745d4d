//! The result of a demo: what `--json` prints, and what the table shows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::by_policy::PolicyRow;
use super::parked::{ParkedItem, ParkedTarget};
use super::planned::PlannedTarget;
use crate::scenario::Verdict;

/// The result of a demo. Counts are counts; units stand in the names.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Events that were delivered.
    pub events: usize,
    /// Of these, repetitions of what another said.
    pub duplicates: usize,
    /// Events that were rejected as malformed, and entries of a file that are no events.
    pub rejected: usize,
    /// Events that the worker took in no attempt to deliver them.
    pub undelivered: usize,
    /// Of a replay: the first reasons for that, with their places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected_examples: Vec<String>,
    /// Of a replay: events that need nothing, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ignored: BTreeMap<String, usize>,
    /// Of a replay: what was assumed, since events do not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// Remediation tasks that the worker opened.
    pub tasks: usize,
    /// Resources (each under one policy) that tasks of the worker made compliant.
    pub fixed: usize,
    /// Of these, how many a later evaluation confirmed.
    pub verified: usize,
    /// How often `sweep` looked over all targets.
    pub sweeps: usize,
    /// Resources that should be compliant by now and are not.
    pub unfixed: usize,
    /// Resources that were skipped, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// Of these, what no task remediates, by the effect of its policy.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_remediable: BTreeMap<String, usize>,
    /// Resources that wait.
    pub waiting: usize,
    /// The same by reason: why their targets rested after the last look (`rest` in the log).
    pub waiting_reasons: BTreeMap<String, usize>,
    /// Resources that are parked, by reason; with their whole target, too.
    pub parked: BTreeMap<String, usize>,
    /// Targets that are parked as a whole.
    pub parked_targets: usize,
    /// Each of them.
    pub parked_target_list: Vec<ParkedTarget>,
    /// Further attempts after a failed one.
    pub retries: usize,
    /// Calls to Resource Manager, by kind.
    pub arm_calls: BTreeMap<String, usize>,
    /// In plan mode: what would be done for each target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<PlannedTarget>,
    /// What became of the resources of each policy.
    pub by_policy: Vec<PolicyRow>,
    /// From the first event to the last outcome.
    pub seconds: f64,
    /// Events that were taken in each second, from the first delivery to the last acknowledgement.
    pub events_per_second: f64,
    /// Half of the fixes were done within so many seconds from the evaluation that found the resource non-compliant.
    pub seconds_to_fixed_median: Option<f64>,
    /// Nineteen of twenty fixes were done within so many seconds.
    pub seconds_to_fixed_p95: Option<f64>,
    /// Half of the fixes were done within so many seconds of this run.
    pub seconds_from_delivery_to_fixed_median: Option<f64>,
    /// Nineteen of twenty fixes were done within so many seconds of this run.
    pub seconds_from_delivery_to_fixed_p95: Option<f64>,
    /// PUTs of tasks that Resource Manager accepted.
    pub arm_writes: usize,
    /// PUTs of tasks that it refused, 429 among them.
    pub refused_arm_writes: usize,
    /// The least PUTs that would have fixed everything.
    pub least_arm_writes: usize,
    /// All other calls, refused ones too.
    pub arm_reads: usize,
    /// Records that were in more tasks than their script needs.
    pub duplicate_tasks: usize,
    /// Pairs of tasks that were active at one resource at one time.
    pub overlaps: usize,
    /// Calls that came before a Retry-After told for their subscription had passed.
    pub retry_after_violations: usize,
    /// Records that are parked although their script wants them fixed, that are not although it wants them parked, or that are
    /// parked with another reason or class than it gives.
    pub wrongly_parked: usize,
    /// Calls to any service that were refused because the worker's deployment gives it no right to them.
    pub calls_without_right: usize,
    /// Most tasks of one target that were active at the same time.
    pub peak_active_tasks_per_target: usize,
    /// Most memory that a worker had resident.
    pub worker_peak_rss_bytes: u64,
    /// One of the parked resources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked_example: Option<ParkedItem>,
    /// Whether the demo ended before everything had settled.
    pub timed_out: bool,
    /// Of a scenario: what became of each expectation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
}

impl Report {
    /// What the worker must never do, with how often it did; for an exit code and for people.
    pub fn violations(&self) -> Vec<(&'static str, usize)> {
        let counts = [
            ("records in more tasks than they need", self.duplicate_tasks),
            ("tasks that overlapped", self.overlaps),
            ("calls before their Retry-After", self.retry_after_violations),
            ("records parked or not against their script", self.wrongly_parked),
            ("calls without a right to them", self.calls_without_right),
            ("events that were given up", self.undelivered),
        ];
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}
