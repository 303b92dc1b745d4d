//! Since when nothing has happened in a document in which nothing can happen by itself.

use crate::time::Timestamp;

use super::entry::{Entry, EntryState};
use super::target_document::TargetDocument;

/// The time of the last thing that happened in the document; none while something waits, runs, is parked or left out, a fix is
/// to be asked about still, or others are to hear of something.
#[must_use]
pub fn quiet_since(document: &TargetDocument) -> Option<Timestamp> {
    let is_held = document.active.is_some()
        || document.parked.is_some()
        || document.unlisted.is_some()
        || document.excluded.is_some()
        || document.not_remediable.is_some()
        || !document.unreported.is_empty()
        || !document.forgotten_fixes.is_empty();
    if is_held {
        return None;
    }
    let past = document.history.iter().map(|task| task.ended_at).max();
    let entries = document.resources.values().map(ended_at);
    entries.chain(past.map(Some)).try_fold(Timestamp::UNIX_EPOCH, |last, at| at.map(|at| last.max(at)))
}

/// When the entry came to its end.
fn ended_at(entry: &Entry) -> Option<Timestamp> {
    if entry.fix_awaited.is_some() {
        return None;
    }
    match &entry.state {
        EntryState::Skipped { reason, .. } if reason.is_guard_rail() => None,
        EntryState::Fixed { verified_at: None, .. } if entry.doubt.as_ref().is_some_and(|doubt| doubt.asks == 0) => {
            None
        }
        EntryState::Fixed { at, verified_at } => Some(verified_at.map_or(*at, |verified| verified.max(*at))),
        EntryState::Skipped { at, .. } => Some(*at),
        EntryState::Waiting { .. } | EntryState::InTask | EntryState::Parked { .. } => None,
    }
}
