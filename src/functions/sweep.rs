//! `sweep`: heals what no message would: targets whose wake-up is overdue, and parks that are over.

use tracing::{error, info};

use super::Failure;
use super::rousing::rouse;
use crate::app::App;
use crate::event::Timestamp;
use crate::remediation::needs_healing;
use crate::state::{TargetSummary, last_24_hours};
use crate::transport::Deadline;

pub(super) const NAME: &str = "sweep";

pub(super) async fn run(app: &App, deadline: Deadline) -> Result<(), Failure> {
    let now = Timestamp::now_utc();
    let targets = app.reconciler.store.targets(deadline).await?;
    let count = targets.len();
    let day = last_24_hours(targets.iter().flat_map(|summary| &summary.hours), now);
    let mut healed = 0_usize;
    let mut ill: Vec<_> =
        targets.into_iter().filter(|summary| needs_healing(summary, app.settings.policy.opening_grace, now)).collect();
    // Their messages come in this order: when more is overdue than one sweep's time is enough for, none is last for ever.
    ill.sort_by_key(|summary| summary.wake_at);
    for summary in ill {
        if deadline.has_passed() {
            break;
        }
        match wake(app, &summary, now, deadline).await {
            Ok(true) => healed += 1,
            Ok(false) => {}
            Err(Failure::State(error)) if error.is_about_the_document() => {
                error!(event = "target_stopped", blob = summary.blob, reason = %error, "nothing is done for this target until its document can be read");
            }
            Err(failure) => return Err(failure),
        }
    }
    info!(
        event = "swept",
        targets = count,
        healed,
        fixed_24h = day.fixed,
        observed_to_fixed_seconds_24h = day.seconds_to_fixed,
        verified_24h = day.verified,
        observed_to_verified_seconds_24h = day.seconds_to_verified,
        parked_24h = day.parked,
        retried_24h = day.retried,
        "the targets are swept"
    );
    Ok(())
}

/// Whether the target was woken; not when another was faster.
async fn wake(app: &App, summary: &TargetSummary, now: Timestamp, deadline: Deadline) -> Result<bool, Failure> {
    match app.reconciler.store.target_named(&summary.blob, deadline).await? {
        Some(found) => rouse(app, found, now, deadline).await,
        None => Ok(false),
    }
}
