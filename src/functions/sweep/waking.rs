//! A listed target is woken for one purpose, if its document still asks for that.

use remediation::decide::{Errand, Outcome, Purpose};
use remediation::document::TargetSummary;
use remediation::message::Queue;
use remediation::time::Timestamp;

use crate::app::App;
use crate::azure::Deadline;
use crate::functions::Failure;
use crate::functions::errand::{Left, carry_out};

/// Whether it was woken; not when another wrote its document first: the next sweep comes again.
pub(super) async fn waking(
    app: &App,
    summary: &TargetSummary,
    purpose: Purpose,
    now: Timestamp,
    deadline: Deadline,
) -> Result<bool, Failure> {
    let Some(found) = app.reconciler.store.target_named(&summary.blob, deadline).await? else { return Ok(false) };
    let target = found.document.target.clone();
    let mut errand = Errand::to(found, purpose);
    let left = carry_out(app, &target, &mut errand, deadline).await?;
    if let Left::Send(wake_up) = left {
        app.reconciler.sender.send(Queue::WakeUps, &[wake_up], now, deadline).await?;
    }
    Ok(*errand.outcome() == Outcome::Woken)
}
