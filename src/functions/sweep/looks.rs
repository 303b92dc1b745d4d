//! The part of `sweep` that has the facts of policies looked at which no task remediates: one target of each assignment and subscription
//! is woken for that, once a day.

use remediation::decide::{Errand, Outcome, Purpose};
use remediation::document::TargetSummary;
use remediation::message::Queue;
use remediation::settings::Mode;
use remediation::time::Timestamp;
use remediation::transition::to_look;

use crate::app::App;
use crate::azure::Deadline;
use crate::functions::Failure;
use crate::functions::errand::{Left, carry_out};

use super::visits::Visits;

/// Wakes those of a page whose turn it is. Only where tasks are opened: plans are made of what is seen then.
pub(super) async fn wake(app: &App, page: &[TargetSummary], visits: &Visits, now: Timestamp) {
    if app.settings.tuning.mode != Mode::Act {
        return;
    }
    let turn = to_look(page, now);
    visits.visit_all(&turn, async |summary: &TargetSummary, deadline| one(app, summary, now, deadline).await).await;
}

async fn one(app: &App, summary: &TargetSummary, now: Timestamp, deadline: Deadline) -> Result<bool, Failure> {
    let Some(found) = app.reconciler.store.target_named(&summary.blob, deadline).await? else { return Ok(false) };
    let target = found.document.target.clone();
    let mut errand = Errand::to(found, Purpose::Wake);
    let left = carry_out(app, &target, &mut errand, deadline).await?;
    if let Left::Send(wake_up) = left {
        app.reconciler.sender.send(Queue::WakeUps, &[wake_up], now, deadline).await?;
    }
    Ok(*errand.outcome() == Outcome::Woken)
}
