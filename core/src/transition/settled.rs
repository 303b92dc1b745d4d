//! When nothing is left in a target's document, so that it can go. What it remembers beyond that is told by other means: a new one
//! takes the number of its first task from storage's clock, and the nonce of its first wake-up is its own.

use std::time::Duration;

use crate::document::{TargetDocument, TargetSummary, quiet_since};
use crate::settings::Tuning;
use crate::time::Timestamp;
use crate::transition::retention;

/// Whether the document behind a listed blob may be settled, so that it is worth reading.
#[must_use]
pub fn may_be_settled(summary: &TargetSummary, window: Duration, now: Timestamp) -> bool {
    summary.wake_at.is_none() && summary.quiet_since.is_some_and(|since| since + window < now)
}

/// Whether finished tasks are still to be deleted: nobody plans that who came to rest before it was to be done.
#[must_use]
pub fn keeps_tasks(document: &TargetDocument, tuning: &Tuning) -> bool {
    retention::keeps_any(document, tuning)
}

/// Whether nothing waits in the document, nothing is parked or left out in it, each fix was asked about, and all of it is older than
/// `FLAP_WINDOW`, after which nothing of it would be remembered anyway.
#[must_use]
pub fn is_settled(document: &TargetDocument, window: Duration, now: Timestamp) -> bool {
    document.wake_at.is_none() && quiet_since(document).is_some_and(|since| since + window < now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Doubt, Entry, EntryState, SkipReason, TaskName};
    use crate::fixture::{installation, now, past_task, resource, seen, target, tuning_with, waiting};
    use crate::message::Finding;
    use crate::transition::observe::merge;

    const WINDOW: Duration = Duration::from_secs(3600);

    fn fixed(verified_at: Option<Timestamp>, asks: Option<u32>) -> Entry {
        let doubt = asks.map(|asks| Doubt { ask_at: now(), asks, compliant_at: None, deleted_at: None });
        Entry { state: EntryState::Fixed { at: now(), verified_at }, doubt, ..Entry::waiting(now(), now()) }
    }

    fn skipped(reason: SkipReason) -> Entry {
        Entry { state: EntryState::skipped(reason, now()), ..Entry::waiting(now(), now()) }
    }

    #[test]
    fn what_waits_is_parked_left_out_or_not_asked_about_keeps_a_document() {
        let later = now() + WINDOW + Duration::from_secs(1);
        for (entry, settled) in [
            (fixed(Some(now()), None), true),
            (fixed(None, Some(1)), true),
            (fixed(None, Some(0)), false),
            (skipped(SkipReason::Compliant), true),
            (skipped(SkipReason::ScopeExcluded), false),
            (Entry::waiting(now(), now()), false),
            (Entry { state: EntryState::InTask, ..Entry::waiting(now(), now()) }, false),
        ] {
            let mut document = TargetDocument::new(target());
            document.resources.insert(resource(0), entry.clone());
            assert_eq!(is_settled(&document, WINDOW, later), settled, "{entry:?}");
            assert!(!is_settled(&document, WINDOW, now() + WINDOW), "{entry:?} is remembered for so long");
        }
    }

    #[test]
    fn an_empty_document_goes_and_one_with_a_wake_up_a_count_or_a_young_history_stays() {
        let empty = TargetDocument::new(target());
        assert!(is_settled(&empty, WINDOW, now()));
        let mut woken = empty.clone();
        woken.wake_at = Some(now());
        let mut counted = waiting(0);
        let tuning = tuning_with("EXCLUDE_SCOPES", "*");
        let event = seen(Finding::NonCompliant, 1, now());
        merge(&mut counted, &event, &tuning, now());
        let mut young = empty.clone();
        young.history.push(past_task(TaskName::new(&installation(), &target().hash(), 1)));
        for document in [woken, counted, young] {
            assert!(!is_settled(&document, WINDOW, now() + WINDOW), "{document:?}");
        }
    }
}
