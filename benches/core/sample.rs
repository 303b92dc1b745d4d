//! What the benchmarks work on: ids of the usual length, the default settings, and documents that are half settled.

use std::time::Duration;

use remediation::document::{Entry, EntryState, TargetDocument};
use remediation::id::{AssignmentId, ResourceId};
use remediation::message::RunOptions;
use remediation::message::{Finding, Observation};
use remediation::settings::{Mode, Tuning};
use remediation::time::{Timestamp, parse_time};

const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

pub(crate) fn now() -> Timestamp {
    parse_time("2026-11-21T07:00:00Z").expect("a time")
}

/// The settings of a worker that may act and has nothing else set.
pub(crate) fn tuning() -> Tuning {
    Tuning {
        mode: Mode::Act,
        first_steps: Vec::new(),
        max_per_day: None,
        escalate_above: usize::MAX,
        ..Tuning::default()
    }
}

pub(crate) fn resource(number: usize) -> ResourceId {
    let group = number % 25;
    format!("{SUB}/resourceGroups/rg-landing-zone-{group:02}/providers/Microsoft.Storage/storageAccounts/stcontoso{number:06}")
        .parse()
        .expect("an id")
}

pub(crate) fn assignment(number: usize) -> AssignmentId {
    format!("/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization/policyAssignments/deploy-diagnostics-{number:02}")
        .parse()
        .expect("an id")
}

/// A non-compliant resource, as seen by one assignment so many seconds before now.
pub(crate) fn observation(assignment_number: usize, resource_number: usize, seconds_ago: u64) -> Observation {
    let at = now() - Duration::from_secs(seconds_ago);
    Observation::of_event(Finding::NonCompliant, resource(resource_number), assignment(assignment_number), None, at)
}

/// A resource in this state that was last evaluated so many seconds before now.
pub(crate) fn entry(state: EntryState, seconds_ago: u64) -> Entry {
    let at = now() - Duration::from_secs(seconds_ago);
    Entry {
        observed_at: at,
        first_seen: at,
        attempt: 1,
        waits: 0,
        fixes: Vec::new(),
        seen_in_task: None,
        last_failure: None,
        doubt: None,
        undoing: None,
        fix_awaited: None,
        options: RunOptions::default(),
        state,
    }
}

/// The document of an assignment's target with the resources 0 to `count`, in the state that `state` gives each.
pub(crate) fn document(assignment_number: usize, count: usize, state: impl Fn(usize) -> EntryState) -> TargetDocument {
    let mut document = TargetDocument::new(observation(assignment_number, 0, 0).target());
    let hour = 3_600;
    document.resources = (0..count).map(|n| (resource(n), entry(state(n), hour + n as u64 % hour))).collect();
    document.generation = 1;
    document.wake_at = Some(now());
    document
}
