//! Guard rails are widened: what they left out is judged by today's, once for each time that they change. Entries wait again, and
//! what was only counted is looked for in the policy states.
//!
//! The first `sweep` with other guard rails does it, however long they have stood. While two instances with different ones run
//! side by side, the worst is a walk, and a reading of the policy states, of each target a sweep; nothing is remediated that the
//! instance which opens the task does not allow. Who widens them waits for no more than a sweep.

use crate::document::{EntryState, SkipReason, TargetDocument, TargetSummary, sum_up};
use crate::settings::{GuardRails, Tuning};
use crate::time::Timestamp;
use crate::transition::counted;
use crate::wave::allowed::{forbids, forbids_all};

use super::schedule::schedule;
use super::states::first_due;

/// What today's guard rails let in of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetIn {
    /// So many entries wait again.
    pub listed: u64,
    /// So many were only counted, and the policy states tell which of them are let in.
    pub counted: u64,
}

/// Whether something of the target is left out by guard rails other than those of this digest.
#[must_use]
pub fn needs_walk(summary: &TargetSummary, digest: &str) -> bool {
    summary.left_out.as_ref().is_some_and(|left_out| left_out.rails_digest.as_deref() != Some(digest))
}

/// Judges what is left out by today's guard rails. What they leave out as well keeps their digest, so that it is not walked
/// again until they change.
pub fn let_in(document: &mut TargetDocument, tuning: &Tuning, now: Timestamp) -> LetIn {
    let before = document.clone();
    let digest = tuning.guard_rails.digest();
    let listed = let_entries_in(document, &digest, tuning, now);
    let counted = let_counted_in(document, &digest, tuning, now);
    let due = document.earliest_due().filter(|_| listed > 0 && document.active.is_none());
    if let Some(due) = due.filter(|due| document.wake_at.is_none_or(|wake_at| *due < wake_at)) {
        schedule(document, Some(due));
    }
    sum_up(&before, document, now);
    LetIn { listed, counted }
}

fn let_entries_in(document: &mut TargetDocument, digest: &str, tuning: &Tuning, now: Timestamp) -> u64 {
    let rails = &tuning.guard_rails;
    let mut listed = 0;
    for (id, entry) in &mut document.resources {
        let EntryState::Skipped { reason, at, rails_digest } = &entry.state else { continue };
        if !reason.is_guard_rail() || rails_digest.as_deref() == Some(digest) {
            continue;
        }
        let still = forbids(id, &document.target, rails).or_else(|| still_not_enforced(*reason, rails));
        if let Some(reason) = still {
            entry.state = EntryState::Skipped { reason, at: *at, rails_digest: Some(digest.to_owned()) };
            continue;
        }
        entry.attempt = 1;
        entry.last_failure = None;
        entry.state = EntryState::Waiting { due: first_due(entry.observed_at, tuning, now) };
        listed += 1;
    }
    listed
}

fn let_counted_in(document: &mut TargetDocument, digest: &str, tuning: &Tuning, now: Timestamp) -> u64 {
    let rails = &tuning.guard_rails;
    let Some(mut excluded) = document.excluded.take_if(|e| e.rails_digest.as_deref() != Some(digest)) else { return 0 };
    let not_enforced = || excluded.rail.and_then(|rail| still_not_enforced(rail, rails));
    if let Some(rail) = forbids_all(&document.target, rails).or_else(not_enforced) {
        excluded.rail = Some(rail);
        excluded.rails_digest = Some(digest.to_owned());
        document.excluded = Some(excluded);
        return 0;
    }
    if excluded.seen > 0 {
        counted::count(document, excluded.seen, now);
    }
    excluded.seen
}

/// The facts of an assignment tell whether it is enforced; the guard rails only whether that matters.
fn still_not_enforced(reason: SkipReason, rails: &GuardRails) -> Option<SkipReason> {
    (reason == SkipReason::NotEnforced && !rails.remediate_do_not_enforce).then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::LeftOut;
    use crate::fixture::{now, resource, tuning, tuning_with, waiting};
    use crate::settings::Mode;
    use crate::transition::left_out::count_surplus;
    use crate::wave::skipped::{Skipped, apply_skipped};
    use std::time::Duration;

    /// A target of which so many resources are skipped for this reason by these guard rails.
    fn skipped(resources: usize, reason: SkipReason, tuning: &Tuning) -> TargetDocument {
        let mut document = waiting(resources);
        let skipped: Vec<_> = (0..resources).map(|n| Skipped { resource: resource(n), reason }).collect();
        apply_skipped(&mut document, &skipped, &tuning.guard_rails, now());
        count_surplus(&mut document, tuning);
        document.wake_at = None;
        document
    }

    #[test]
    fn what_is_not_enforced_is_let_in_by_that_guard_rail_alone() {
        let mut document = skipped(130, SkipReason::NotEnforced, &tuning());
        assert_eq!((document.resources.len(), document.excluded.as_ref().map(|e| e.seen)), (100, Some(30)));
        let other = tuning_with("EXCLUDE_ASSIGNMENTS", "another");
        assert_eq!(let_in(&mut document, &other, now()), LetIn::default());
        assert_eq!(LeftOut::of(&document).unwrap().rails_digest, Some(other.guard_rails.digest()), "asked once");
        assert_eq!((document.resources.len(), document.wake_at), (100, None));
        let all = tuning_with("REMEDIATE_DO_NOT_ENFORCE", "true");
        assert_eq!(let_in(&mut document, &all, now()), LetIn { listed: 100, counted: 30 });
        assert_eq!((document.unlisted.as_ref().map(|u| u.seen), document.wake_at), (Some(30), Some(now())));
        assert_eq!(LeftOut::of(&document), None);
    }

    #[test]
    fn an_entry_begins_again_and_keeps_since_when_it_does_not_comply() {
        let excluding = tuning_with("EXCLUDE_SCOPES", "*");
        let mut document = skipped(1, SkipReason::ScopeExcluded, &excluding);
        let entry = document.resources.get_mut(&resource(0)).unwrap();
        entry.attempt = 5;
        let first_seen = entry.first_seen;
        let later = now() + Duration::from_secs(90 * 86_400);
        assert_eq!(
            let_in(&mut document, &Tuning { mode: Mode::Plan, ..tuning() }, later).listed,
            1,
            "nothing is consumed"
        );
        let entry = &document.resources[&resource(0)];
        assert_eq!((entry.attempt, entry.first_seen), (1, first_seen));
        assert_eq!(entry.state, EntryState::Waiting { due: later });
        let again = document.clone();
        assert_eq!(let_in(&mut document, &tuning(), later), LetIn::default());
        assert_eq!(document, again, "nothing is walked twice");
    }
}
