//! What waits and is only counted, since the document lists no more.

use crate::document::{TargetDocument, Unlisted};
use crate::time::Timestamp;

use super::schedule::schedule;

/// Counts observations of resources for which there is no room, or which had no entry while they were left out.
pub(crate) fn count(document: &mut TargetDocument, seen: u64, due: Timestamp) {
    let none = Unlisted { due, seen: 0, evaluated_after: None, reading: None, of_run: None };
    let unlisted = document.unlisted.get_or_insert(none);
    if let Some(run) = unlisted.of_run.as_mut().filter(|run| !run.takes_all()) {
        // What the run leaves is found when all that it takes is listed.
        run.beside = run.beside.saturating_add(seen);
        return;
    }
    unlisted.seen = unlisted.seen.saturating_add(seen);
    if let Some(reading) = &mut unlisted.reading {
        // Their states may be in a part that has been read already.
        reading.found = reading.found.saturating_add(seen);
    }
    unlisted.due = unlisted.due.min(due);
    if document.active.is_none() && document.wake_at.is_none_or(|wake_at| due < wake_at) {
        schedule(document, Some(due));
    }
}
