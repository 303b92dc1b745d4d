//! `sweep`: heals what no message would: targets whose wake-up is overdue, parks that are over, and what guard rails left out
//! that have been widened since; wakes who waits by controls that are others now; has the facts looked at of what no task remediates; and deletes the documents in which nothing is left. Targets that the worker died of are passed over.
//! It begins the scans of `SWEEP_SCOPES`, too.

mod approvals;
mod guard_rails;
mod held;
mod looks;
mod parts;
mod runs;
mod settled;
mod visits;
mod waking;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::info;

use remediation::document::{Sums, SweepPlace, TargetSummary, hash_in, last_24_hours};
use remediation::message::Outgoing;
use remediation::time::Timestamp;
use remediation::transition::is_overdue;

use crate::app::App;
use crate::azure::Deadline;
use crate::blob::Stopped;
use crate::functions::{Failure, stopping, wake_ups};

use held::Following;
use parts::{After, Parts};
use visits::Visits;

use super::errand::Left;
use super::rescheduling::raise;

pub(super) const NAME: &str = "sweep";

/// The share of a sweep's time for batch runs: a million targets must not keep a scan from beginning.
const FOR_RUNS: f64 = 0.2;

/// What a sweep came to.
#[derive(Debug, Default)]
struct Swept {
    targets: usize,
    healed: usize,
    let_in: usize,
    asked_again: usize,
    deleted: usize,
    day: Sums,
}

/// A sweep under way.
struct Sweep<'a> {
    app: &'a App,
    now: Timestamp,
    stopped: Arc<Stopped>,
    visits: Visits,
    /// So many targets may still be walked for the guard rails.
    walks: Mutex<usize>,
    following: Following,
    swept: Mutex<Swept>,
}

pub(super) async fn run(app: &App, deadline: Deadline) -> Result<(), Failure> {
    let (store, now) = (&app.reconciler.store, crate::azure::now());
    let began_at = store.sweep_place(deadline).await?;
    let stopped = stopping::list(app, Duration::ZERO, deadline).await;
    let (visits, walks) = (Visits::until(deadline), Mutex::new(guard_rails::MOST));
    let following = Following::begin(app, &visits).await;
    let sweep = Sweep { app, now, stopped, visits, walks, following, swept: Mutex::default() };
    let of_runs = runs::follow(app, now, deadline.within(deadline.left().mul_f64(FOR_RUNS))).await;
    let parts = Parts::of(&began_at.left);
    let outcome = parts.read(store, deadline, |page| sweep.page(page)).await;
    let place = SweepPlace::with(parts.left());
    let Sweep { visits, swept, .. } = sweep;
    tell(
        &swept.into_inner().unwrap_or_else(PoisonError::into_inner),
        began_at.left.is_empty() && place.left.is_empty(),
    );
    if place != began_at {
        store.keep_sweep_place(&place, deadline).await?;
    }
    outcome?;
    visits.end()?;
    of_runs?;
    approvals::forget(app, now, deadline).await.map_err(Failure::State)?;
    store.forget_marks(now, deadline).await.map_err(Failure::State)
}

impl Sweep<'_> {
    async fn page(&self, page: Vec<TargetSummary>) -> After {
        let targets = page.len();
        let hours = page.iter().flat_map(|summary| &summary.hours);
        let day = last_24_hours(hours, self.now);
        // The worker dies of what is stopped, and reading it may be what kills.
        let is_stopped =
            |summary: &TargetSummary| hash_in(&summary.blob).is_some_and(|hash| self.stopped.holds(hash, self.now));
        let page: Vec<_> = page.into_iter().filter(|summary| !is_stopped(summary)).collect();
        let healed = self.reschedule_overdue(&page).await;
        looks::wake(self.app, &page, &self.visits, self.now).await;
        let let_in = guard_rails::follow(self.app, &page, &self.visits, &self.walks).await;
        let asked_again = self.following.follow(self.app, &page, &self.visits, self.now).await;
        let deleted = settled::delete(self.app, &page, &self.visits, self.now).await;
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        swept.targets += targets;
        swept.healed += healed;
        swept.let_in += let_in;
        swept.asked_again += asked_again;
        swept.deleted += deleted;
        swept.day.add(&day);
        if self.visits.go_on() { After::GoOn } else { After::Stop }
    }

    /// Wakes the targets of a page that nothing else would wake. How many.
    async fn reschedule_overdue(&self, page: &[TargetSummary]) -> usize {
        let (app, now) = (self.app, self.now);
        let is_ill = |summary: &&TargetSummary| is_overdue(summary, app.settings.tuning.opening_grace, now);
        let mut ill: Vec<_> = page.iter().filter(is_ill).collect();
        // Their messages come in this order: when more is overdue than there is time for, none is last for ever.
        ill.sort_by_key(|summary| summary.wake_at);
        let mut healed = 0;
        for some in ill.chunks(visits::TOGETHER) {
            let wake_ups = Mutex::default();
            let visit = async |summary: &TargetSummary, deadline| wake(app, summary, &wake_ups, deadline).await;
            let woken = self.visits.visit_all(some, visit).await;
            let wake_ups = wake_ups.into_inner().unwrap_or_else(PoisonError::into_inner);
            healed +=
                if self.visits.end_with(wake_ups::send(app, wake_ups, self.visits.limit()).await) { woken } else { 0 };
        }
        healed
    }
}

fn tell(swept: &Swept, whole: bool) {
    let Swept { targets, healed, let_in, asked_again, deleted, day } = swept;
    info!(
        event = "swept",
        targets,
        healed,
        let_in,
        asked_again,
        deleted,
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

/// Whether the target was woken; not when another was faster. Its wake-up is to be sent with those of others.
async fn wake(
    app: &App,
    summary: &TargetSummary,
    wake_ups: &Mutex<Vec<Outgoing>>,
    deadline: Deadline,
) -> Result<bool, Failure> {
    let Some(found) = app.reconciler.store.target_named(&summary.blob, deadline).await? else { return Ok(false) };
    let Some(left) = raise(app, found, deadline).await? else { return Ok(false) };
    if let Left::Send(wake_up) = left {
        wake_ups.lock().unwrap_or_else(PoisonError::into_inner).push(wake_up);
    }
    Ok(true)
}
