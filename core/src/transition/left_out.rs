//! What the guard rails leave out: the first resources of a target keep an entry, what comes beyond is only counted. Nothing of it
//! is forgotten, because guard rails are widened one day, and Azure sends no second event.

use crate::control::mode::mode;
use crate::document::{Entry, EntryState, Excluded, SkipReason, TargetDocument};
use crate::id::ResourceId;
use crate::settings::{Mode, Tuning};
use crate::time::Timestamp;
use crate::wave::allowed::{forbids, forbids_all};

/// Which part of a document's entries may be of what is left out: 100 of 5,000.
const SHARE: usize = 50;

/// Why a resource that is seen now is left out, if it is. Plan mode leaves nothing out: it shows what would be.
pub(crate) fn reason(document: &TargetDocument, id: &ResourceId, tuning: &Tuning) -> Option<SkipReason> {
    match mode(tuning, &document.target.policy_assignment_id, None) {
        Mode::Plan | Mode::Approve => None,
        Mode::Act => forbids(id, &document.target, &tuning.guard_rails),
    }
}

/// Leaves out a resource that was seen non-compliant at `at`.
pub(crate) fn leave_out(
    document: &mut TargetDocument,
    id: &ResourceId,
    at: Timestamp,
    reason: SkipReason,
    tuning: &Tuning,
    now: Timestamp,
) {
    let digest = tuning.guard_rails.digest();
    let has_room = has_room(document, tuning);
    let skipped = |since| EntryState::Skipped { reason, at: since, rails_digest: Some(digest.clone()) };
    let seen = match document.resources.get_mut(id) {
        Some(entry) => {
            entry.observed_at = entry.observed_at.max(at);
            let since = match entry.state {
                EntryState::Skipped { reason: known, at, .. } if known == reason => at,
                EntryState::Waiting { .. }
                | EntryState::InTask
                | EntryState::Fixed { .. }
                | EntryState::Parked { .. }
                | EntryState::Skipped { .. } => {
                    entry.begin_anew(at);
                    now
                }
            };
            entry.state = skipped(since);
            0
        }
        None if has_room => {
            document.resources.insert(id.clone(), Entry { state: skipped(now), ..Entry::waiting(at, now) });
            0
        }
        None => 1,
    };
    count(document, seen, rail(document, reason, tuning), Some(&digest), now);
}

/// Counts what is left out without an entry. Of a target that is left out as a whole the document says so, whatever the count.
pub(crate) fn count(
    document: &mut TargetDocument,
    seen: u64,
    rail: Option<SkipReason>,
    digest: Option<&str>,
    since: Timestamp,
) {
    if seen == 0 && rail.is_none() {
        return;
    }
    let none = Excluded { rail, rails_digest: None, since, seen: 0 };
    document.excluded.get_or_insert(none).count(seen, rail, digest, since);
}

/// Where the guard rails leave out the whole target, the document says so, and what waits without being listed is left out, too.
pub(crate) fn leave_out_all(document: &mut TargetDocument, tuning: &Tuning, now: Timestamp) {
    let Some(rail) = forbids_all(&document.target, &tuning.guard_rails) else { return };
    let unlisted = document.unlisted.take().map_or(0, |unlisted| unlisted.seen);
    count(document, unlisted, Some(rail), Some(&tuning.guard_rails.digest()), now);
}

/// Only counts what is left out beyond its share of the entries. The log has told of each.
pub(crate) fn count_surplus(document: &mut TargetDocument, tuning: &Tuning) {
    let mut left_out: Vec<(Timestamp, ResourceId)> = document
        .resources
        .iter()
        .filter_map(|(id, entry)| match entry.state {
            EntryState::Skipped { reason, at, .. } if reason.is_guard_rail() => Some((at, id.clone())),
            EntryState::Skipped { .. }
            | EntryState::Waiting { .. }
            | EntryState::InTask
            | EntryState::Fixed { .. }
            | EntryState::Parked { .. } => None,
        })
        .collect();
    let most = most_entries(document, tuning);
    if left_out.len() > most {
        left_out.sort_unstable();
        left_out.iter().skip(most).for_each(|(_, id)| forget(document, id, tuning));
    }
}

/// Forgets the entry of a resource; where it was left out, it is counted from now on.
pub(crate) fn forget(document: &mut TargetDocument, id: &ResourceId, tuning: &Tuning) {
    let Some(entry) = document.resources.remove(id) else { return };
    if let EntryState::Skipped { reason, at, rails_digest } = entry.state
        && reason.is_guard_rail()
    {
        count(document, 1, rail(document, reason, tuning), rails_digest.as_deref(), at);
    }
}

/// Whether there is room for an entry of one more that is left out.
pub(crate) fn has_room(document: &TargetDocument, tuning: &Tuning) -> bool {
    document.resources.len() < tuning.most_entries
        && document.resources.values().filter(|entry| entry.state.is_left_out()).count()
            < most_entries(document, tuning)
}

/// Where the policy states cannot be read, nothing finds again what is only counted: there every entry is kept.
fn most_entries(document: &TargetDocument, tuning: &Tuning) -> usize {
    if document.states_refused { tuning.most_entries } else { (tuning.most_entries / SHARE).max(1) }
}

/// The reason, where it speaks for all of the target.
fn rail(document: &TargetDocument, reason: SkipReason, tuning: &Tuning) -> Option<SkipReason> {
    match reason {
        SkipReason::AssignmentExcluded | SkipReason::AssignmentNotIncluded | SkipReason::NotEnforced => Some(reason),
        SkipReason::ScopeExcluded => forbids_all(&document.target, &tuning.guard_rails),
        SkipReason::TypeExcluded
        | SkipReason::Compliant
        | SkipReason::Exempt
        | SkipReason::NotApplicable
        | SkipReason::Protected
        | SkipReason::Conflicting
        | SkipReason::NotRemediable
        | SkipReason::AssignmentGone
        | SkipReason::ReferenceGone
        | SkipReason::ResourceGone
        | SkipReason::NotInScope
        | SkipReason::NotSelected => None,
    }
}
