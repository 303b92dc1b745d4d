//! The part of `sweep` that deletes approvals which are over for long: what they were is told in the log, which is their record.

use std::time::Duration;

use tracing::info;

use remediation::document::Approval;
use remediation::time::{Timestamp, time_text};

use crate::app::App;
use crate::azure::Deadline;
use crate::blob::StateError;

/// An approval is kept for so long after its end.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Approvals that a sweep deletes at most.
const MOST: usize = 50;
/// Longest time for the one try to delete a document: what stays does no harm.
const OF_ONE: Duration = Duration::from_secs(2);

/// Deletes what is over for long. What cannot be deleted stays, and costs nothing: it is listed by its name only.
pub(super) async fn forget(app: &App, now: Timestamp, deadline: Deadline) -> Result<(), StateError> {
    let store = &app.reconciler.store;
    for found in store.approvals_over(now - KEPT, MOST, deadline).await? {
        let (Some(etag), Approval { id, max, until, grants, by, at, reason, .. }) = (&found.etag, &found.document)
        else {
            continue;
        };
        if deadline.has_passed() {
            break;
        }
        if store.delete_approval(id, etag, deadline.within(OF_ONE)).await.is_ok_and(|is_gone| is_gone) {
            let (until, at) = (time_text(*until), time_text(*at));
            info!(event = "approval_forgotten", approval = %id, of = found.document.of(), max, until, grants, by, at, reason, "an approval is over for 30 days: its document is deleted");
        }
    }
    Ok(())
}
