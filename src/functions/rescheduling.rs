//! Wakes a target whose wake-up will not come any more: the generation is raised first, so that whatever is still on its way is
//! void and the broker does not know the new one.

use remediation::decide::{Errand, Outcome, Purpose};
use remediation::document::{TargetDocument, Versioned};
use remediation::id::Target;
use remediation::message::{Outgoing, Queue};
use remediation::time::{Timestamp, time_text};

use crate::app::App;
use crate::azure::Deadline;
use crate::functions::Failure;
use crate::telemetry::about;

use super::errand::{Left, carry_out};

/// Whether the target was woken; not when another wrote its document first.
pub(super) async fn reschedule(
    app: &App,
    found: Versioned<TargetDocument>,
    now: Timestamp,
    deadline: Deadline,
) -> Result<bool, Failure> {
    let Some(left) = raise(app, found, deadline).await? else { return Ok(false) };
    if let Left::Send(wake_up) = left {
        app.reconciler.sender.send(Queue::WakeUps, &[wake_up], now, deadline).await?;
    }
    Ok(true)
}

/// Raises the generation of a target. What is left to do, which is to send its wake-up; none when another wrote its document first.
pub(super) async fn raise(
    app: &App,
    found: Versioned<TargetDocument>,
    deadline: Deadline,
) -> Result<Option<Left>, Failure> {
    let (target, planned) = (found.document.target.clone(), found.document.wake_at);
    let mut errand = Errand::to(found, Purpose::Wake);
    let left = carry_out(app, &target, &mut errand, deadline).await?;
    if *errand.outcome() != Outcome::Woken {
        return Ok(None);
    }
    if matches!(left, Left::Send(_)) {
        tell(&target, planned);
    }
    Ok(Some(left))
}

/// Sends the wake-up of a target that was planned for another time, or not at all.
pub(super) async fn wake(
    app: &App,
    target: &Target,
    planned: Option<Timestamp>,
    wake_up: Outgoing,
    now: Timestamp,
    deadline: Deadline,
) -> Result<(), Failure> {
    tell(target, planned);
    app.reconciler.sender.send(Queue::WakeUps, &[wake_up], now, deadline).await?;
    Ok(())
}

fn tell(target: &Target, planned: Option<Timestamp>) {
    let planned = planned.map(time_text).unwrap_or_default();
    about!(info, target, event = "target_healed", wake_at = planned, "the target is woken again");
}
