//! Guard rails are widened: what they left out is judged by today's, once for each time that they change. Entries wait again, and
//! what was only counted is looked for in the policy states.
//!
//! The first `sweep` with other guard rails does it, however long they have stood. While two instances with different ones run
//! side by side, the worst is a walk, and a reading of the policy states, of each target a sweep; nothing is remediated that the
//! instance which opens the task does not allow. Who widens them waits for no more than a sweep.

use super::listing;
use super::merge::first_due;
use super::wake::rouse;
use super::wave::{forbids, forbids_all};
use crate::config::{GuardRails, Policy};
use crate::event::Timestamp;
use crate::state::{EntryState, SkipReason, TargetDocument, TargetSummary, sum_up};

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
pub fn let_in(document: &mut TargetDocument, policy: &Policy, now: Timestamp) -> LetIn {
    let before = document.clone();
    let digest = policy.guard_rails.digest();
    let listed = let_entries_in(document, &digest, policy, now);
    let counted = let_counted_in(document, &digest, policy, now);
    let due = document.earliest_due().filter(|_| listed > 0 && document.active.is_none());
    if let Some(due) = due.filter(|due| document.wake_at.is_none_or(|wake_at| *due < wake_at)) {
        rouse(document, Some(due));
    }
    sum_up(&before, document, now);
    LetIn { listed, counted }
}

fn let_entries_in(document: &mut TargetDocument, digest: &str, policy: &Policy, now: Timestamp) -> u64 {
    let rails = &policy.guard_rails;
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
        entry.state = EntryState::Waiting { due: first_due(entry.observed_at, policy, now) };
        listed += 1;
    }
    listed
}

fn let_counted_in(document: &mut TargetDocument, digest: &str, policy: &Policy, now: Timestamp) -> u64 {
    let rails = &policy.guard_rails;
    let Some(mut excluded) = document.excluded.take_if(|e| e.rails_digest.as_deref() != Some(digest)) else { return 0 };
    let not_enforced = || excluded.rail.and_then(|rail| still_not_enforced(rail, rails));
    if let Some(rail) = forbids_all(&document.target, rails).or_else(not_enforced) {
        excluded.rail = Some(rail);
        excluded.rails_digest = Some(digest.to_owned());
        document.excluded = Some(excluded);
        return 0;
    }
    if excluded.seen > 0 {
        listing::count(document, excluded.seen, now);
    }
    excluded.seen
}

/// The facts of an assignment tell whether it is enforced; the guard rails only whether that matters.
fn still_not_enforced(reason: SkipReason, rails: &GuardRails) -> Option<SkipReason> {
    (reason == SkipReason::NotEnforced && !rails.remediate_do_not_enforce).then_some(reason)
}
