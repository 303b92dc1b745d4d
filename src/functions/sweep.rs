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
use crate::state::{Sums, TargetSummary, hash_in, last_24_hours};
use crate::transport::Deadline;

pub(super) const NAME: &str = "sweep";

/// What a sweep came to.
#[derive(Debug, Default)]
struct Swept {
    targets: usize,
    healed: usize,
    let_in: usize,
    day: Sums,
}

pub(super) async fn run(app: &App, deadline: Deadline) -> Result<(), Failure> {
    let (store, now) = (&app.reconciler.store, Timestamp::now_utc());
    let began_at = store.sweep_place(deadline).await?;
    let stopped = stopping::list(app, Duration::ZERO, deadline).await;
    let (mut visits, mut swept, mut walks) = (Visits::until(deadline), Swept::default(), guard_rails::MOST);
    let mut place = began_at.clone();
    let (mut outcome, mut ended) = (Ok(()), false);
    while !ended {
        let (page, next) = match store.targets(place.marker.as_deref(), deadline).await {
            Ok(page) => page,
            // Storage does not know the place any more.
            Err(error) if place.marker.is_some() && error.is_about_the_document() => {
                place.marker = None;
                continue;
            }
            Err(error) => {
                outcome = Err(error.into());
                break;
            }
        };
        swept.targets += page.len();
        swept.day.add(&last_24_hours(page.iter().flat_map(|summary| &summary.hours), now));
        // The worker dies of what is stopped, and reading it may be what kills.
        let is_stopped = |summary: &TargetSummary| hash_in(&summary.blob).is_some_and(|hash| stopped.holds(hash, now));
        let page: Vec<_> = page.into_iter().filter(|summary| !is_stopped(summary)).collect();
        swept.healed += heal(app, &page, &mut visits, now).await;
        swept.let_in += guard_rails::follow(app, &page, &mut visits, &mut walks).await;
        if !visits.go_on() {
            break;
        }
        ended = next.is_none();
        place.marker = next;
    }
    tell(&swept, began_at.marker.is_none() && ended);
    if place != began_at {
        store.keep_sweep_place(&place, deadline).await?;
    }
    outcome.and(visits.end())?;
    store.forget_marks(now, deadline).await.map_err(Failure::State)
}

/// Wakes the targets of a page that nothing else would wake. How many.
async fn heal(app: &App, page: &[TargetSummary], visits: &mut Visits, now: Timestamp) -> usize {
    let is_ill = |summary: &&TargetSummary| needs_healing(summary, app.settings.policy.opening_grace, now);
    let mut ill: Vec<_> = page.iter().filter(is_ill).collect();
    // Their messages come in this order: when more is overdue than there is time for, none is last for ever.
    ill.sort_by_key(|summary| summary.wake_at);
    visits.visit_all(&ill, async |summary: &TargetSummary, deadline| wake(app, summary, now, deadline).await).await
}

fn tell(swept: &Swept, whole: bool) {
    let Swept { targets, healed, let_in, day } = swept;
    info!(
        event = "swept",
        targets,
        healed,
        let_in,
        partial = !whole,
        fixed_24h = day.fixed,
        observed_to_fixed_seconds_24h = day.seconds_to_fixed,
        verified_24h = day.verified,
        observed_to_verified_seconds_24h = day.seconds_to_verified,
        parked_24h = day.parked,
        retried_24h = day.retried,
        "the targets are swept; where that was in part, the next sweep goes on"
    );
}

/// Whether the target was woken; not when another was faster.
async fn wake(app: &App, summary: &TargetSummary, now: Timestamp, deadline: Deadline) -> Result<bool, Failure> {
    match app.reconciler.store.target_named(&summary.blob, deadline).await? {
        Some(found) => rouse(app, found, now, deadline).await,
        None => Ok(false),
    }
}
