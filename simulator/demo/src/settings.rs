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

/// So many events of a replay go at the demo's own tempo.
const QUICK: usize = 1_000;
/// How much slower it becomes at most.
const SLOWEST: usize = 30;

/// The tempo of a replay of so many events, on top of the demo's settings: where much is to be looked at, each is looked at less often,
/// and tasks wait until their waves are whole.
#[must_use]
pub fn tempo(events: usize) -> BTreeMap<String, String> {
    let slower = events.div_ceil(QUICK).clamp(1, SLOWEST);
    if slower == 1 {
        return BTreeMap::new();
    }
    // Every so many seconds of a minute: where that does not divide it, the last time comes sooner.
    let sweep = format!("*/{} * * * * *", (4 * slower).min(59));
    [
        ("SETTLE_DELAY", format!("{slower}s")),
        ("COALESCE_WINDOW", "2s".to_owned()),
        ("CHECK_INTERVAL_MAX", format!("{}s", 2 * slower)),
        ("FACTS_TTL", format!("{}s", 2 * slower)),
        ("SWEEP_SCHEDULE", sweep),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_replay_is_looked_at_less_often() {
        assert!(tempo(1_000).is_empty());
        let (some, many) = (tempo(2_500), tempo(1_000_000));
        assert_eq!((some["FACTS_TTL"].as_str(), some["SWEEP_SCHEDULE"].as_str()), ("6s", "*/12 * * * * *"));
        assert_eq!((many["FACTS_TTL"].as_str(), many["SWEEP_SCHEDULE"].as_str()), ("60s", "*/59 * * * * *"));
        let base = settings(Mode::Plan);
        assert!(some.keys().all(|name| base.contains_key(name)), "each replaces one of the demo's");
    }
}
