//! The chain of wake-ups of a target: one at a time, each of its own generation.

use std::time::Duration;

use super::target_park::unpark_target;
use crate::event::Timestamp;
use crate::state::{EntryState, TargetDocument, TargetSummary};

/// Sets the next wake-up and makes every earlier one void.
pub(super) fn rouse(document: &mut TargetDocument, at: Option<Timestamp>) {
    document.wake_at = at;
    document.generation += 1;
    if let (Some(active), Some(at)) = (&mut document.active, at) {
        active.check_at = at;
    }
}

/// Lets single parked resources whose time is over wait again.
fn unpark_expired(document: &mut TargetDocument, now: Timestamp) {
    for entry in document.resources.values_mut() {
        if matches!(entry.state, EntryState::Parked { until, .. } if until <= now) {
            entry.state = EntryState::Waiting { due: now };
            entry.attempt = 1;
            entry.last_failure = None;
        }
    }
}

/// Whether `sweep` must wake a target: its wake-up is overdue by more than `slack`, a park is over, or something waits without
/// a wake-up.
#[must_use]
pub fn needs_healing(summary: &TargetSummary, slack: Duration, now: Timestamp) -> bool {
    let overdue = summary.wake_at.is_some_and(|at| at + slack < now);
    let over = summary.parked_until.is_some_and(|until| until <= now);
    overdue || over || (summary.is_unsettled && summary.wake_at.is_none())
}

/// Wakes the target now, whatever was planned: for `sweep`, which finds a wake-up overdue or a park over. It ends parks and
/// begins none, so there is nothing to sum up.
pub fn heal(document: &mut TargetDocument, now: Timestamp) {
    unpark_expired(document, now);
    unpark_target(document, now);
    rouse(document, Some(now));
}

/// Leaves a wake-up behind for a look that goes on by itself and may be cut off. A chain that has gone on since the wake-up of
/// this generation keeps its own. Whether the document has changed.
pub fn leave_behind(document: &mut TargetDocument, generation: u64, at: Timestamp) -> bool {
    if document.generation > generation {
        return false;
    }
    rouse(document, Some(at));
    true
}

/// Drops what is settled and older than `FLAP_WINDOW`.
pub(super) fn forget_settled(document: &mut TargetDocument, window: Duration, now: Timestamp) {
    document.resources.retain(|_, entry| match &entry.state {
        // Guard rails may be widened one day.
        EntryState::Skipped { reason, .. } if reason.is_guard_rail() => true,
        EntryState::Fixed { at, .. } | EntryState::Skipped { at, .. } => *at + window > now,
        EntryState::Waiting { .. } | EntryState::InTask | EntryState::Parked { .. } => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remediation::fixture::{now, policy, resource, waiting};
    use crate::remediation::merge::park;
    use crate::state::{FailureClass, LastFailure, ParkReason};

    #[test]
    fn only_what_no_message_would_wake_is_healed() {
        let now = Timestamp::UNIX_EPOCH + Duration::from_secs(10_000);
        let slack = Duration::from_secs(60);
        let at = |seconds: i64| Some(now + time::Duration::seconds(seconds));
        let summary = |wake_at, parked_until, is_unsettled| TargetSummary {
            blob: String::new(),
            wake_at,
            parked_until,
            is_unsettled,
            left_out: None,
            hours: Vec::new(),
        };
        for (summary, needed) in [
            (summary(at(10), None, true), false),
            (summary(at(-30), None, true), false),
            (summary(at(-61), None, true), true),
            (summary(None, None, true), true),
            (summary(None, None, false), false),
            (summary(None, at(1), false), false),
            (summary(at(10), at(0), true), true),
        ] {
            assert_eq!(needs_healing(&summary, slack, now), needed, "{summary:?}");
        }
    }

    #[test]
    fn after_a_park_a_resource_begins_as_if_it_had_never_failed() {
        let mut document = waiting(1);
        for entry in document.resources.values_mut() {
            entry.attempt = 5;
            entry.last_failure = Some(LastFailure { class: Some(FailureClass::Stale), ..LastFailure::default() });
            entry.state = park(ParkReason::PermanentFailure, None, String::new(), &policy(), now());
        }
        let parked = document.resources.clone();
        heal(&mut document, now() + policy().park_for - Duration::from_secs(1));
        assert_eq!(document.resources, parked, "not before its time");
        let end = now() + policy().park_for;
        heal(&mut document, end);
        let entry = &document.resources[&resource(0)];
        assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: end }, 1));
        assert!(!entry.is_stale());
    }
}
