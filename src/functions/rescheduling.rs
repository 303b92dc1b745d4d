//! Wakes a target whose wake-up will not come any more: the generation is raised first, so that whatever is still on its way is
//! void and the broker does not know the new one.

use remediation::document::{TargetDocument, Versioned};
use remediation::message::Queue;
use remediation::time::{Timestamp, time_text};
use remediation::transition::{reschedule_overdue, wake_up_of};

use crate::app::App;
use crate::azure::Deadline;
use crate::blob::Saved;
use crate::functions::Failure;
use crate::reconcile::written;
use crate::telemetry::about;

/// Whether the target was woken; not when another wrote its document first.
pub(super) async fn reschedule(
    app: &App,
    found: Versioned<TargetDocument>,
    now: Timestamp,
    deadline: Deadline,
) -> Result<bool, Failure> {
    let mut document = found.document.clone();
    reschedule_overdue(&mut document, now);
    let saved = app.reconciler.store.save_target(&mut document, found.etag.as_ref(), deadline).await?;
    if saved == Saved::Conflict {
        return Ok(false);
    }
    written(&found.document, &document);
    let planned = found.document.wake_at.map(time_text).unwrap_or_default();
    about!(info, &document.target, event = "target_healed", wake_at = planned, "the target is woken again");
    if let Some(wake_up) = wake_up_of(&document) {
        app.reconciler.sender.send(Queue::WakeUps, &[wake_up], now, deadline).await?;
    }
    Ok(true)
}
