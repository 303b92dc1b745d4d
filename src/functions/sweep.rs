//! `sweep`: heals what no message would: targets whose wake-up is overdue, parks that are over, and what guard rails left out
//! that have been widened since. Targets that the worker died of are passed over.

use std::time::Duration;

use tracing::{error, info};

use super::rousing::rouse;
use super::{Failure, guard_rails, stopping};
use crate::app::App;
use crate::event::Timestamp;
use crate::remediation::needs_healing;
use crate::state::{TargetSummary, hash_in, last_24_hours};
use crate::transport::{Deadline, causes};

pub(super) const NAME: &str = "sweep";

/// Longest time for one target: one that cannot be written must not hold all that come after it.
const OF_ONE_TARGET: Duration = Duration::from_secs(10);
/// So many targets that could not be woken, and it is storage or Service Bus that does not serve.
const MOST_FAILED: usize = 5;

pub(super) async fn run(app: &App, deadline: Deadline) -> Result<(), Failure> {
    let now = Timestamp::now_utc();
    let targets = app.reconciler.store.targets(deadline).await?;
    let day = last_24_hours(targets.iter().flat_map(|summary| &summary.hours), now);
    let mut healed = 0_usize;
    let stopped = stopping::list(app, Duration::ZERO, deadline).await;
    let is_ill = |summary: &&TargetSummary| {
        needs_healing(summary, app.settings.policy.opening_grace, now)
            && !hash_in(&summary.blob).is_some_and(|hash| stopped.holds(hash, now))
    };
    let mut ill: Vec<_> = targets.iter().filter(is_ill).collect();
    // Their messages come in this order: when more is overdue than one sweep's time is enough for, none is last for ever.
    ill.sort_by_key(|summary| summary.wake_at);
    let (mut failure, mut failed) = (None, 0);
    for summary in ill {
        if deadline.has_passed() || failed == MOST_FAILED {
            break;
        }
        match wake(app, summary, now, deadline.within(OF_ONE_TARGET)).await {
            Ok(true) => healed += 1,
            Ok(false) => {}
            Err(error) if error.is_about_one_target() => {
                error!(
                    event = "target_stopped",
                    blob = summary.blob,
                    reason = causes(&error),
                    "nothing is done for this target until its document can be used"
                );
            }
            // It may be this one that is held by somebody; when it is storage that does not serve, others fail as well.
            Err(error) => {
                failed += 1;
                failure.get_or_insert(error);
            }
        }
    }
    let mut let_in = 0;
    if failure.is_none() {
        match guard_rails::follow(app, &targets, deadline).await {
            Ok(count) => let_in = count,
            Err(error) => failure = Some(error),
        }
    }
    if failure.is_none() {
        failure = app.reconciler.store.forget_marks(now, deadline).await.err().map(Failure::State);
    }
    info!(
        event = "swept",
        targets = targets.len(),
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
    failure.map_or(Ok(()), Err)
}

/// Whether the target was woken; not when another was faster.
async fn wake(app: &App, summary: &TargetSummary, now: Timestamp, deadline: Deadline) -> Result<bool, Failure> {
    match app.reconciler.store.target_named(&summary.blob, deadline).await? {
        Some(found) => rouse(app, found, now, deadline).await,
        None => Ok(false),
    }
}
