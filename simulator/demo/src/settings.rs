//! The worker's settings in the demo. Only their values are small; the worker is the same.

use std::collections::BTreeMap;

/// Whether the worker may open tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It decides and logs.
    Plan,
    /// It opens tasks.
    Act,
}

/// The app settings on top of those that name the services.
pub fn settings(mode: Mode) -> BTreeMap<String, String> {
    let mode = match mode {
        Mode::Plan => "plan",
        Mode::Act => "act",
    };
    [
        ("REMEDIATION_MODE", mode),
        // It shows what the worker does, not how carefully it begins.
        ("FIRST_STEPS", "off"),
        ("MAX_RESOURCES_PER_DAY", "none"),
        ("SETTLE_DELAY", "0s"),
        ("COALESCE_WINDOW", "1s"),
        ("BACKOFF_BASE", "200ms"),
        ("BACKOFF_CAP", "2s"),
        ("CHECK_INTERVAL_MIN", "500ms"),
        ("CHECK_INTERVAL_MAX", "2s"),
        ("OPENING_GRACE", "3s"),
        ("FACTS_TTL", "2s"),
        ("REEVALUATE_INTERVAL", "3s"),
        ("SWEEP_SCHEDULE", "0 */15 * * * *"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
