//! What people have stopped, as an instance read it last. What cannot be read stops everything.

use std::sync::Arc;
use std::time::Duration;

use crate::document::{ControlsDocument, Pause};
use crate::id::Target;
use crate::time::Timestamp;

/// What was read counts for so long: then nothing is sent before it is read again.
pub const CONTROLS_COUNT_FOR: Duration = Duration::from_secs(30);

/// What is known of the pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Controls {
    /// This was read.
    Read(ControlsDocument),
    /// The document is missing or cannot be used; why. Everything is paused.
    Unusable(String),
}

impl Controls {
    /// Until when the target is paused, at a time by storage's clock; none where it is not.
    #[must_use]
    pub fn pause(&self, target: &Target, at: Timestamp) -> Option<Paused> {
        let Self::Read(document) = self else { return Some(Paused { until: None, cancels: false }) };
        let mut holding = document.holding(target, at).peekable();
        holding.peek()?;
        let longer = |a: Paused, pause: &Pause| Paused {
            until: a.until.zip(pause.until).map(|(a, b)| a.max(b)),
            cancels: a.cancels || pause.cancel_tasks,
        };
        Some(holding.fold(Paused { until: Some(at), cancels: false }, longer))
    }
}

/// A target is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paused {
    /// Until then; none: until a person ends it.
    pub until: Option<Timestamp>,
    /// Whether its task is to be canceled.
    pub cancels: bool,
}

/// What an instance knows of the pauses.
#[derive(Debug, Clone)]
pub struct KnownControls {
    /// What was read.
    pub controls: Arc<Controls>,
    /// How long the process had been running, at most, when it was asked for.
    pub asked: Duration,
}

impl KnownControls {
    /// How long the process may have been running, at most, when something is sent by it.
    #[must_use]
    pub fn count_until(&self) -> Duration {
        self.asked + CONTROLS_COUNT_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::PauseOf;
    use crate::fixture::{SUB, now, target};

    const OTHER: &str = "/subscriptions/186aecf4-23d6-4dfd-99a8-a5c6299f0322";

    fn of(scope: Option<&str>, assignment: Option<&str>) -> PauseOf {
        PauseOf { scope: scope.map(|scope| scope.parse().unwrap()), assignment: assignment.map(str::to_owned) }
    }

    #[test]
    fn a_pause_holds_what_it_names_and_nothing_else() {
        for (paused, holds) in [
            (of(None, None), true),
            (of(Some(SUB), None), true),
            (of(Some(&format!("{SUB}/resourceGroups/rg")), None), true),
            (of(Some(OTHER), None), false),
            (of(None, Some("a")), true),
            (of(None, Some("A*")), true),
            (of(None, Some("b")), false),
            (of(Some(SUB), Some("a")), true),
            (of(Some(SUB), Some("b")), false),
            (of(Some(OTHER), Some("a")), false),
            (of(None, Some("{")), true),
        ] {
            assert_eq!(paused.holds(&target()), holds, "{paused}");
        }
    }

    #[test]
    fn of_several_pauses_the_longest_counts_and_what_cannot_be_read_has_no_end() {
        let hours = |n| now() + time::Duration::hours(n);
        let pause = |until, cancel_tasks| Pause {
            of: PauseOf::default(),
            reason: None,
            by: None,
            at: now(),
            until,
            cancel_tasks,
        };
        let known = |pauses| {
            let mut document = ControlsDocument::default();
            document.pauses = pauses;
            Controls::Read(document)
        };
        let paused = |controls: Controls, at| controls.pause(&target(), at);
        let two = || known(vec![pause(Some(hours(1)), true), pause(Some(hours(2)), false)]);
        assert_eq!(paused(two(), now()), Some(Paused { until: Some(hours(2)), cancels: true }));
        assert_eq!(paused(two(), hours(1)), Some(Paused { until: Some(hours(2)), cancels: false }));
        assert_eq!(paused(two(), hours(2)), None);
        let endless = known(vec![pause(Some(hours(1)), false), pause(None, false)]);
        assert_eq!(paused(endless, now()), Some(Paused { until: None, cancels: false }));
        assert_eq!(paused(Controls::Unusable("gone".into()), now()), Some(Paused { until: None, cancels: false }));
    }
}
