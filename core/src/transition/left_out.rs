//! What the guard rails leave out: the first resources of a target keep an entry, what comes beyond is only counted. Nothing of it
//! is forgotten, because guard rails are widened one day, and Azure sends no second event.

use crate::document::{Entry, EntryState, Excluded, SkipReason, TargetDocument};
use crate::id::ResourceId;
use crate::settings::{Mode, Policy};
use crate::time::Timestamp;
use crate::wave::allowed::{forbids, forbids_all};

/// Which part of a document's entries may be of what is left out: 100 of 5,000.
const SHARE: usize = 50;

/// Why a resource that is seen now is left out, if it is. Plan mode leaves nothing out: it shows what would be.
pub(crate) fn reason(document: &TargetDocument, id: &ResourceId, policy: &Policy) -> Option<SkipReason> {
    match policy.mode {
        Mode::Plan => None,
        Mode::Act => forbids(id, &document.target, &policy.guard_rails),
    }
}

/// Leaves out a resource that was seen non-compliant at `at`.
pub(crate) fn leave_out(
    document: &mut TargetDocument,
    id: &ResourceId,
    at: Timestamp,
    reason: SkipReason,
    policy: &Policy,
    now: Timestamp,
) {
    let digest = policy.guard_rails.digest();
    let has_room = has_room(document, policy);
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
    count(document, seen, rail(document, reason, policy), Some(&digest), now);
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
pub(crate) fn leave_out_all(document: &mut TargetDocument, policy: &Policy, now: Timestamp) {
    let Some(rail) = forbids_all(&document.target, &policy.guard_rails) else { return };
    let unlisted = document.unlisted.take().map_or(0, |unlisted| unlisted.seen);
    count(document, unlisted, Some(rail), Some(&policy.guard_rails.digest()), now);
}

/// Only counts what is left out beyond its share of the entries. The log has told of each.
pub(crate) fn count_surplus(document: &mut TargetDocument, policy: &Policy) {
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
    let most = most_entries(document, policy);
    if left_out.len() > most {
        left_out.sort_unstable();
        left_out.iter().skip(most).for_each(|(_, id)| forget(document, id, policy));
    }
}

/// Forgets the entry of a resource; where it was left out, it is counted from now on.
pub(crate) fn forget(document: &mut TargetDocument, id: &ResourceId, policy: &Policy) {
    let Some(entry) = document.resources.remove(id) else { return };
    if let EntryState::Skipped { reason, at, rails_digest } = entry.state
        && reason.is_guard_rail()
    {
        count(document, 1, rail(document, reason, policy), rails_digest.as_deref(), at);
    }
}

/// Whether there is room for an entry of one more that is left out.
pub(crate) fn has_room(document: &TargetDocument, policy: &Policy) -> bool {
    document.resources.len() < policy.most_entries
        && document.resources.values().filter(|entry| entry.state.is_left_out()).count()
            < most_entries(document, policy)
}

/// Where the policy states cannot be read, nothing finds again what is only counted: there every entry is kept.
fn most_entries(document: &TargetDocument, policy: &Policy) -> usize {
    if document.states_refused { policy.most_entries } else { (policy.most_entries / SHARE).max(1) }
}

/// The reason, where it speaks for all of the target.
fn rail(document: &TargetDocument, reason: SkipReason, policy: &Policy) -> Option<SkipReason> {
    match reason {
        SkipReason::AssignmentExcluded | SkipReason::AssignmentNotIncluded | SkipReason::NotEnforced => Some(reason),
        SkipReason::ScopeExcluded => forbids_all(&document.target, &policy.guard_rails),
        SkipReason::TypeExcluded
        | SkipReason::Compliant
        | SkipReason::Exempt
        | SkipReason::NotRemediable
        | SkipReason::AssignmentGone
        | SkipReason::ReferenceGone
        | SkipReason::ResourceGone
        | SkipReason::NotInScope => None,
    }
}
