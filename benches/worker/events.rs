//! Events to measure with.

use std::time::Duration;

use serde_json::Value;
use simulator::estate::{ComplianceState, Estate, EventKind, PolicyEvent, RecordKey};
use time::OffsetDateTime;

const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

/// As many events as asked for, each of a resource of its own and of another second than those of other rounds. They are of so many
/// assignments, in turn: each is a target.
pub(crate) fn burst(round: usize, events: usize, targets: usize) -> Vec<Value> {
    let estate = Estate::new("4bee2b8a-1bee-47c2-90e9-404241551135");
    let at = OffsetDateTime::now_utc() - Duration::from_secs(3_600 * (round as u64 + 1));
    let event = |n: usize| {
        let assignment =
            format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/diagnostics{}", n % targets);
        let resource =
            format!("{SUB}/resourceGroups/rg-{}/providers/Microsoft.Storage/storageAccounts/stcontoso{n:06}", n % 25);
        let key = RecordKey::new(resource.as_str(), assignment.as_str(), None);
        PolicyEvent::new(&estate, &key, ComplianceState::NonCompliant, at, EventKind::Changed).event_grid()
    };
    (0..events).map(event).collect()
}
