//! The worker's settings in the tests: only their values are small.

use std::collections::BTreeMap;

/// A time of `sweep` that does not come: a test that wants it says so, and then timers run.
pub(crate) const NEVER: &str = "0 0 0 1 1 *";

/// The settings on top of those that name the services; `changes` win.
pub(crate) fn settings(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let base = [
        ("REMEDIATION_MODE", "act"),
        // How an assignment begins, and how fast it goes on, is told by tests of its own.
        ("FIRST_STEPS", "off"),
        ("MAX_RESOURCES_PER_DAY", "none"),
        ("SETTLE_DELAY", "0s"),
        ("COALESCE_WINDOW", "200ms"),
        ("BACKOFF_BASE", "100ms"),
        ("BACKOFF_CAP", "500ms"),
        ("CHECK_INTERVAL_MIN", "150ms"),
        ("CHECK_INTERVAL_MAX", "500ms"),
        ("OPENING_GRACE", "1s"),
        ("FACTS_TTL", "500ms"),
        ("REEVALUATE_INTERVAL", "1s"),
        ("SWEEP_SCHEDULE", NEVER),
        // The tests look at every single thing.
        ("RUST_LOG", "warn,policy_remediator=debug"),
    ];
    base.iter().chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
