//! The part of `sweep` that deletes documents in which nothing is left: without it the list would grow by every target that ever was.

use super::super::Failure;
use super::visits::Visits;
use crate::app::App;
use crate::event::Timestamp;
use crate::remediation::{is_settled, may_be_settled};
use crate::state::{Saved, TargetSummary};
use crate::transport::Deadline;

/// Deletes those of the targets in which nothing is left. How many.
pub(super) async fn delete(app: &App, targets: &[TargetSummary], visits: &Visits, now: Timestamp) -> usize {
    let window = app.settings.policy.flap_window;
    let settled: Vec<_> = targets.iter().filter(|summary| may_be_settled(summary, window, now)).collect();
    visits
        .visit_all(&settled, async |summary: &TargetSummary, deadline| delete_one(app, summary, now, deadline).await)
        .await
}

/// Whether it was deleted; not when another wrote it since.
async fn delete_one(app: &App, summary: &TargetSummary, now: Timestamp, deadline: Deadline) -> Result<bool, Failure> {
    let store = &app.reconciler.store;
    let Some(found) = store.target_named(&summary.blob, deadline).await? else { return Ok(false) };
    let Some(etag) = found.etag.filter(|_| is_settled(&found.document, app.settings.policy.flap_window, now)) else {
        return Ok(false);
    };
    Ok(store.delete_target(&summary.blob, &etag, deadline).await? != Saved::Conflict)
}
