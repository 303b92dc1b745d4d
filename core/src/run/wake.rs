//! A run that nobody went on with. What its next question kills, or makes fail, would be killed by it for ever: it is counted how often
//! in a row the run was taken up and never laid down, and then the place is given up.

use crate::document::RunDocument;
use crate::time::Timestamp;

use super::trouble;

/// So often in a row a run is woken without progress; then the place that comes next is given up.
const WAKINGS: u32 = 3;

/// The document of a run that goes on after nobody did. It may have ended by that.
#[must_use]
pub fn wake(known: &RunDocument, now: Timestamp) -> RunDocument {
    let mut document = known.clone();
    if document.woken == 0 {
        // That nobody went on is not at once the fault of the place that comes next.
        document.progress_at = now;
    } else if !document.taken {
        // The message of the last time is lost, or waits behind others.
        return document;
    }
    (document.woken, document.taken) = (document.woken.saturating_add(1), false);
    if document.woken > WAKINGS {
        let times = document.woken;
        trouble::refused(
            &mut document,
            format!("the worker died or failed there: {times} times in a row nobody went on"),
            now,
        );
        if document.work.is_empty() {
            document.ended_at.get_or_insert(now);
        }
    }
    document
}

/// Whoever goes on with a run that was woken writes this first, so that the next to wake it knows. None where nothing is to be written.
#[must_use]
pub fn take(known: &RunDocument) -> Option<RunDocument> {
    (known.woken > 0 && !known.taken).then(|| with_taken(known, true))
}

/// The run is laid down in order: a service does not serve, which is no fault of its own. None where nothing is to be written.
#[must_use]
pub fn lay_down(known: &RunDocument) -> Option<RunDocument> {
    known.taken.then(|| with_taken(known, false))
}

fn with_taken(known: &RunDocument, taken: bool) -> RunDocument {
    let mut document = known.clone();
    document.taken = taken;
    document
}
