//! The result of a demo: what `--json` prints, and what the table shows.

use std::collections::BTreeMap;

use serde::Serialize;

/// The result of a demo. Counts are counts; units stand in the names.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Events that were delivered.
    pub events: usize,
    /// Of these, repetitions of what another said.
    pub duplicates: usize,
    /// Events that were rejected as malformed.
    pub rejected: usize,
    /// Remediation tasks that the worker opened.
    pub tasks: usize,
    /// Resources (each under one policy) that tasks of the worker made compliant.
    pub fixed: usize,
    /// Resources that should be compliant by now and are not.
    pub unfixed: usize,
    /// Resources that were skipped, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// Resources that wait.
    pub waiting: usize,
    /// Resources that are parked, by reason.
    pub parked: BTreeMap<String, usize>,
    /// Further attempts after a failed one.
    pub retries: usize,
    /// Calls to Resource Manager, by kind.
    pub arm_calls: BTreeMap<String, usize>,
    /// From the first event to the last outcome.
    pub seconds: f64,
    /// Most tasks of one target that were active at the same time.
    pub peak_active_tasks_per_target: usize,
    /// Most memory that a worker had resident.
    pub worker_peak_rss_bytes: u64,
    /// One of the parked resources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked_example: Option<ParkedItem>,
    /// Whether the demo ended before everything had settled.
    pub timed_out: bool,
}

/// A parked resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedItem {
    /// The resource.
    pub resource: String,
    /// Why it is parked.
    pub reason: String,
    /// The service's own words.
    pub words: String,
    /// How to mend it.
    pub hint: String,
}
