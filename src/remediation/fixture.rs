//! Values that the unit tests of this folder share.

use crate::config::{Mode, Policy, settings};
use crate::event::{Timestamp, parse_time};
use crate::queue::{Observation, Seen};
use crate::resource::{ResourceId, Target};

pub(crate) const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

pub(crate) fn now() -> Timestamp {
    parse_time("2026-11-21T07:00:00Z").expect("a time")
}

pub(crate) fn resource(n: usize) -> ResourceId {
    format!("{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a{n:04}").parse().expect("an id")
}

pub(crate) fn seen(seen: Seen, n: usize, at: Timestamp) -> Observation {
    let assignment = format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/a").parse().expect("an id");
    Observation::of_event(seen, resource(n), assignment, None, at)
}

pub(crate) fn target() -> Target {
    seen(Seen::NonCompliant, 0, now()).target()
}

pub(crate) fn policy() -> Policy {
    Policy { mode: Mode::Act, ..Policy::default() }
}

/// The same with one setting as the environment gives it.
pub(crate) fn policy_with(name: &str, value: &str) -> Policy {
    let read = settings(|asked| match asked {
        "ServiceBus__fullyQualifiedNamespace" => Some("ns.servicebus.windows.net".to_owned()),
        "STATE_BLOB_ENDPOINT" => Some("https://a.blob.core.windows.net".to_owned()),
        "REMEDIATION_MODE" => Some("act".to_owned()),
        asked => (asked == name).then(|| value.to_owned()),
    });
    read.expect("a setting that is allowed").policy
}
