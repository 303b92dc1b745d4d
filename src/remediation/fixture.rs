//! Values that the unit tests of this folder share.

use std::time::Duration;

use crate::config::{GuardRails, Mode, Policy};
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
    Policy {
        mode: Mode::Act,
        settle_delay: Duration::from_secs(600),
        coalesce_window: Duration::from_secs(60),
        backoff_base: Duration::from_secs(60),
        backoff_cap: Duration::from_secs(3_600),
        check_interval_min: Duration::from_secs(30),
        check_interval_max: Duration::from_secs(600),
        opening_grace: Duration::from_secs(60),
        task_timeout: Duration::from_secs(86_400),
        flap_window: Duration::from_secs(7 * 86_400),
        park_for: Duration::from_secs(14 * 86_400),
        max_attempts: 8,
        flap_limit: 3,
        parallel_deployments: 10,
        failure_threshold: 1.0,
        guard_rails: GuardRails::default(),
    }
}
