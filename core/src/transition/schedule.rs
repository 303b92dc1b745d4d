//! The chain of wake-ups of a target: one at a time, each of its own generation.

use std::time::Duration;

use crate::document::{EntryState, TargetDocument, TargetSummary};
use crate::message::{Outgoing, WakeUp};
use crate::time::Timestamp;

use super::park_target::unpark_target;

/// The wake-up of the document's generation; none when nothing is planned. Sent as often as one likes, the broker keeps one.
#[must_use]
pub fn wake_up_of(document: &TargetDocument) -> Option<Outgoing> {
    let wake_up = WakeUp::new(document.target.clone(), document.generation);
    document.wake_at.map(|at| Outgoing::wake_up(&wake_up, document.nonce.as_ref(), at))
}

/// Sets the next wake-up and makes every earlier one void. Its nonce is drawn when the document is written.
pub(crate) fn schedule(document: &mut TargetDocument, at: Option<Timestamp>) {
    document.wake_at = at;
    document.generation += 1;
    document.nonce = None;
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
pub fn is_overdue(summary: &TargetSummary, slack: Duration, now: Timestamp) -> bool {
    let overdue = summary.wake_at.is_some_and(|at| at + slack < now);
    let over = summary.parked_until.is_some_and(|until| until <= now);
    overdue || over || (summary.is_unsettled && summary.wake_at.is_none())
}

/// Wakes the target now, whatever was planned: for `sweep`, which finds a wake-up overdue or a park over. It ends parks and
/// begins none, so there is nothing to sum up.
pub fn reschedule_overdue(document: &mut TargetDocument, now: Timestamp) {
    unpark_expired(document, now);
    unpark_target(document, now);
    // Whoever wakes it wants its facts read.
    if let Some(noted) = &mut document.not_remediable {
        noted.look_at = noted.look_at.min(now);
    }
    schedule(document, Some(now));
}

/// What is to follow when a wake-up of a target was given up by the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterDeath {
    /// Nothing: nothing waits.
    Nothing,
    /// A later wake-up stands for it, which is sent again: the broker drops it if it is on its way.
    Later,
    /// The target is woken under a new generation.
    Anew,
}

/// What is to follow when a wake-up of this generation was given up by the broker. A later one may be dead as well, which shows
/// when it is overdue by more than `slack`.
#[must_use]
pub fn after_death(document: &TargetDocument, generation: u64, slack: Duration, now: Timestamp) -> AfterDeath {
    let Some(wake_at) = document.wake_at.or(document.earliest_due()) else {
        return if document.active.is_some() { AfterDeath::Anew } else { AfterDeath::Nothing };
    };
    let is_on_its_way = document.wake_at.is_some() && wake_at + slack >= now;
    if document.generation > generation && is_on_its_way { AfterDeath::Later } else { AfterDeath::Anew }
}

/// Drops what is settled and older than `FLAP_WINDOW`.
pub(crate) fn forget_settled(document: &mut TargetDocument, window: Duration, now: Timestamp) {
    document.resources.retain(|_, entry| match &entry.state {
        // Guard rails may be widened one day.
        EntryState::Skipped { reason, .. } if reason.is_guard_rail() => true,
        // The first step of its policy waits to hear of it.
        _ if entry.fix_awaited.is_some() => true,
        // A fix is not forgotten before the policy states were asked about it.
        EntryState::Fixed { verified_at: None, .. } if entry.doubt.as_ref().is_some_and(|doubt| doubt.asks == 0) => {
            true
        }
        EntryState::Fixed { at, .. } | EntryState::Skipped { at, .. } => *at + window > now,
        EntryState::Waiting { .. } | EntryState::InTask | EntryState::Parked { .. } => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{FailureClass, LastFailure, ParkReason};
    use crate::fixture::{now, resource, tuning, waiting};
    use crate::message::Nonce;
    use crate::transition::states::park;

    #[test]
    fn only_what_no_message_would_wake_is_healed() {
        let now = Timestamp::UNIX_EPOCH + Duration::from_secs(10_000);
        let slack = Duration::from_secs(60);
        let at = |seconds: i64| Some(now + time::Duration::seconds(seconds));
        let summary = |wake_at, parked_until, is_unsettled| TargetSummary {
            counts: None,
            is_newer: false,
            blob: String::new(),
            wake_at,
            held_under: None,
            parked_until,
            is_unsettled,
            left_out: None,
            quiet_since: None,
            noted: None,
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
            assert_eq!(is_overdue(&summary, slack, now), needed, "{summary:?}");
        }
    }

    #[test]
    fn a_dead_wake_up_wakes_its_target_unless_a_later_one_will_or_nothing_waits() {
        use AfterDeath::{Anew, Later, Nothing};
        let slack = Duration::from_secs(60);
        let later = |seconds: i64| now() + time::Duration::seconds(seconds);
        let document = |wake_at: Option<i64>, waits: usize| {
            let mut document = waiting(waits);
            (document.generation, document.wake_at) = (7, wake_at.map(later));
            document
        };
        let planned = |seconds| document(Some(seconds), 1);
        for (document, generation, expected) in [
            (planned(-5), 7, Anew),
            (planned(500), 7, Anew),
            (planned(500), 8, Anew),
            (planned(500), 6, Later),
            (planned(-60), 6, Later),
            (planned(-61), 6, Anew),
            (document(None, 1), 6, Anew),
            (document(None, 0), 7, Nothing),
            (document(None, 0), 6, Nothing),
        ] {
            assert_eq!(
                after_death(&document, generation, slack, now()),
                expected,
                "{generation} {:?}",
                document.wake_at
            );
        }
    }

    #[test]
    fn a_raised_generation_has_no_nonce_until_it_is_written_and_ids_differ_by_it() {
        let mut document = waiting(1);
        document.nonce = Some(Nonce::of(1));
        schedule(&mut document, Some(now()));
        assert_eq!(document.nonce, None);
        let of = |drawn| {
            let mut written = document.clone();
            written.nonce = Some(Nonce::of(drawn));
            wake_up_of(&written).map(|wake_up| wake_up.id)
        };
        assert_eq!(of(1), of(1), "sent twice it is one");
        assert_ne!(of(1), of(2), "a document that was lost comes to the same generation with another nonce");
        assert!(of(1).unwrap().as_str().len() <= 128);
    }

    #[test]
    fn after_a_park_a_resource_begins_as_if_it_had_never_failed() {
        let mut document = waiting(1);
        for entry in document.resources.values_mut() {
            entry.attempt = 5;
            entry.last_failure = Some(LastFailure { class: Some(FailureClass::Stale), ..LastFailure::default() });
            entry.state = park(ParkReason::PermanentFailure, None, String::new(), &tuning(), now());
        }
        let parked = document.resources.clone();
        reschedule_overdue(&mut document, now() + tuning().park_for - Duration::from_secs(1));
        assert_eq!(document.resources, parked, "not before its time");
        let end = now() + tuning().park_for;
        reschedule_overdue(&mut document, end);
        let entry = &document.resources[&resource(0)];
        assert_eq!((&entry.state, entry.attempt), (&EntryState::Waiting { due: end }, 1));
        assert!(!entry.is_stale());
    }
}
