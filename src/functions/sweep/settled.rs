//! The part of `sweep` that deletes documents in which nothing is left: without it the list would grow by every target that ever was.

use std::time::Duration;

use tracing::warn;

use remediation::decide::{Errand, Purpose};
use remediation::document::TargetSummary;
use remediation::time::Timestamp;
use remediation::transition::may_be_settled;

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::functions::Failure;
use crate::functions::errand::{Left, carry_out};
use crate::functions::rescheduling::wake;

use super::visits::Visits;

/// Longest time for the one try to delete a document: what stays does no harm.
const OF_ONE: Duration = Duration::from_secs(2);

/// Deletes those of the targets in which nothing is left. How many.
pub(super) async fn delete(app: &App, targets: &[TargetSummary], visits: &Visits, now: Timestamp) -> usize {
    let window = app.settings.tuning.flap_window;
    let settled: Vec<_> = targets.iter().filter(|summary| may_be_settled(summary, window, now)).collect();
    visits
        .visit_all(&settled, async |summary: &TargetSummary, deadline| delete_one(app, summary, now, deadline).await)
        .await
}

/// Whether it was deleted; not when another wrote it since. One that cannot be deleted, for a lease, a hold, a snapshot or a role
/// without that right, is told once and stays: the sweep must not stop for it.
async fn delete_one(app: &App, summary: &TargetSummary, now: Timestamp, deadline: Deadline) -> Result<bool, Failure> {
    let store = &app.reconciler.store;
    let Some(found) = store.target_named(&summary.blob, deadline).await? else { return Ok(false) };
    let (target, etag) = (found.document.target.clone(), found.etag.clone());
    let mut errand = Errand::to(found, Purpose::Clear);
    match carry_out(app, &target, &mut errand, deadline).await? {
        Left::Delete => {}
        Left::Nothing => return Ok(false),
        // Finished tasks are still to be deleted.
        Left::Send(wake_up) => {
            wake(app, &target, None, wake_up, now, deadline).await?;
            return Ok(false);
        }
    }
    let Some(etag) = &etag else { return Ok(false) };
    match store.delete_target(&summary.blob, etag, deadline.within(OF_ONE)).await {
        Ok(is_gone) => Ok(is_gone),
        Err(error) => {
            if app.reconciler.told.is_news(("document_kept", summary.blob.clone())) {
                warn!(
                    event = "document_kept",
                    blob = summary.blob,
                    reason = error_chain(&error),
                    "a document in which nothing is left cannot be deleted; it stays"
                );
            }
            Ok(false)
        }
    }
}
