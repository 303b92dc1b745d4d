//! The part of `sweep` that has the facts of policies looked at which no task remediates: one target of each assignment and subscription
//! is woken for that, once a day.

use remediation::decide::Purpose;
use remediation::document::TargetSummary;
use remediation::settings::Mode;
use remediation::time::Timestamp;
use remediation::transition::to_look;

use crate::app::App;

use super::visits::Visits;
use super::waking::waking;

/// Wakes those of a page whose turn it is. Only where tasks are opened, or would be when they are approved: plans are made of what is seen then.
pub(super) async fn wake(app: &App, page: &[TargetSummary], visits: &Visits, now: Timestamp) {
    if app.settings.tuning.mode == Mode::Plan {
        return;
    }
    let turn = to_look(page, now);
    let visit = async |summary: &TargetSummary, deadline| waking(app, summary, Purpose::Wake, now, deadline).await;
    visits.visit_all(&turn, visit).await;
}
