//! `sweep`: heals what no message would: targets whose wake-up is overdue, parks that are over, and what guard rails left out
//! that have been widened since. Targets that the worker died of are passed over.

use std::time::Duration;

use tracing::info;

use super::rousing::rouse;
use super::visits::Visits;
use super::{Failure, guard_rails, stopping};
use crate::app::App;
use crate::event::Timestamp;
use crate::remediation::needs_healing;
use crate::state::{TargetSummary, hash_in, last_24_hours};
use crate::transport::Deadline;

pub(super) const NAME: &str = "sweep";

pub(super) async fn run(app: &App, deadline: Deadline) -> Result<(), Failure> {
    let now = Timestamp::now_utc();
    let targets = app.reconciler.store.targets(deadline).await?;
    let day = last_24_hours(targets.iter().flat_map(|summary| &summary.hours), now);
    let (count, mut healed) = (targets.len(), 0_usize);
    let stopped = stopping::list(app, Duration::ZERO, deadline).await;
    // The worker dies of what is stopped, and reading it may be what kills.
    let targets: Vec<_> = targets
        .into_iter()
        .filter(|summary| !hash_in(&summary.blob).is_some_and(|hash| stopped.holds(hash, now)))
        .collect();
    let is_ill = |summary: &&TargetSummary| needs_healing(summary, app.settings.policy.opening_grace, now);
    let mut ill: Vec<_> = targets.iter().filter(is_ill).collect();
    // Their messages come in this order: when more is overdue than one sweep's time is enough for, none is last for ever.
    ill.sort_by_key(|summary| summary.wake_at);
    let mut visits = Visits::until(deadline);
    for summary in ill {
        if !visits.go_on() {
            break;
        }
        match wake(app, summary, now, visits.time_for_one()).await {
            Ok(woken) => healed += usize::from(woken),
            Err(failure) => visits.fail(&summary.blob, failure),
        }
    }
    let let_in = guard_rails::follow(app, &targets, &mut visits).await;
    let mut outcome = visits.end();
    if outcome.is_ok() {
        outcome = app.reconciler.store.forget_marks(now, deadline).await.map_err(Failure::State);
    }
    info!(
        event = "swept",
        targets = count,
        healed,
        let_in,
        fixed_24h = day.fixed,
        observed_to_fixed_seconds_24h = day.seconds_to_fixed,
        verified_24h = day.verified,
        observed_to_verified_seconds_24h = day.seconds_to_verified,
        parked_24h = day.parked,
        retried_24h = day.retried,
        "the targets are swept"
    );
    outcome
}

/// Whether the target was woken; not when another was faster.
async fn wake(app: &App, summary: &TargetSummary, now: Timestamp, deadline: Deadline) -> Result<bool, Failure> {
    match app.reconciler.store.target_named(&summary.blob, deadline).await? {
        Some(found) => rouse(app, found, now, deadline).await,
        None => Ok(false),
    }
}
