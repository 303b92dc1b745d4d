//! `remediate`: each wake-up is a look at its target. Targets are looked at side by side, few at a time of one subscription,
//! and a batch does not wait for a look that takes long, so that a slow or throttled customer holds nobody else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, error, info_span};

use super::Failure;
use super::collect::reject_all;
use super::isolate::{Failed, Isolation};
use super::rejection::reject;
use super::side_by_side::side_by_side;
use super::stopping::{self, stop};
use crate::app::{App, Seat};
use crate::event::Timestamp;
use crate::host::{Envelope, Item};
use crate::queue::WakeUp;
use crate::remediation::ReconcileError;
use crate::resource::Target;
use crate::transport::{Deadline, causes};

pub(super) const NAME: &str = "remediate";

/// How long a batch waits for a look. The host hands out one batch at a time, so whoever waits holds everybody's next batch.
const PATIENCE: Duration = Duration::from_secs(3);
/// When a look that takes long is taken for cut off: its slot, and time to write its end.
const LEFT_BEHIND: Duration = Duration::from_secs(40);
/// Wake-ups that are left behind at the same time.
const LEAVING: usize = 16;
/// Longest time for the questions of one look.
const SLOT: Duration = Duration::from_secs(20);
/// What must be left of the invocation for a look to ask questions at all, as a share of its budget (45 of 150 s): a fixed
/// time would leave a small budget without any.
const RESERVE: f64 = 0.3;

/// The share of the invocation's time in which a wake-up is tried to be left behind.
const OF_ONE_TARGET: f64 = 0.5;

/// The newest wake-up of a target, its message's id, and all messages that it stands for.
type Newest = (WakeUp, String, Vec<Item>);

pub(super) async fn run(app: Arc<App>, envelope: &Envelope, deadline: Deadline) -> Result<(), Failure> {
    let items = envelope.items()?;
    let redelivered = items.iter().any(|item| item.delivery_count > 1);
    if redelivered {
        stopping::list(&app, Duration::ZERO, deadline).await;
    }
    let app = &app;
    let isolation = Isolation {
        app,
        function: NAME,
        deadline,
        handle: |items| look_at_all(Arc::clone(app), items, deadline),
        give_up: |item: Item, reason: String, deaths| async move {
            if let Ok(wake_up) = WakeUp::read(&item.body) {
                if stopping::holds(app, &wake_up.target, deadline).await {
                    return Ok(());
                }
                stop(app, &wake_up.target, reason.clone(), deaths, deadline).await?;
            }
            Ok(reject(app, NAME, reason, &item.body, deadline).await?)
        },
    };
    isolation.run(items).await
}

async fn look_at_all(app: Arc<App>, items: Vec<Item>, deadline: Deadline) -> Vec<Failed> {
    // Of several wake-ups of a target only the newest can be current.
    let mut newest: BTreeMap<Target, Newest> = BTreeMap::new();
    let mut unreadable = Vec::new();
    for item in items {
        match WakeUp::read(&item.body) {
            Ok(wake_up) => {
                let known = newest
                    .entry(wake_up.target.clone())
                    .or_insert_with(|| (wake_up.clone(), item.message_id.clone(), Vec::new()));
                if known.0.generation < wake_up.generation {
                    (known.0, known.1) = (wake_up, item.message_id.clone());
                }
                known.2.push(item);
            }
            Err(words) => unreadable.push((item, words.to_string())),
        }
    }
    let mut failed = reject_all(&app, NAME, unreadable, deadline).await;
    let leaving = Arc::new(Semaphore::new(LEAVING));
    let stopped = stopping::list(&app, stopping::AGE, deadline).await;
    let now = Timestamp::now_utc();
    // They are told when they are stopped, and not with every message.
    newest.retain(|target, _| !stopped.holds(target.hash().as_str(), now));
    let (pieces, items): (Vec<_>, Vec<_>) = newest
        .into_values()
        .map(|(wake_up, message_id, items)| {
            let span = info_span!("look", message_id, target = %wake_up.target.hash());
            (look_in_time(Arc::clone(&app), wake_up, Arc::clone(&leaving), deadline).instrument(span), items)
        })
        .unzip();
    // Those who wait for a seat cost nothing, and must not keep others from theirs: the seats are the limit.
    let results = side_by_side(pieces.len().max(1), pieces).await;
    let served = results.iter().any(|result| matches!(result, Ok(Ok(()))));
    for (result, items) in results.into_iter().zip(items) {
        let failure = match result {
            Ok(Ok(())) => continue,
            Ok(Err(Failure::Reconcile(ReconcileError::State(_)))) if served && !deadline.has_passed() => {
                match held_alone(&app, &items, deadline).await {
                    Ok(()) => continue,
                    Err(error) => error.into(),
                }
            }
            Ok(Err(failure)) => failure,
            Err(panic) => Failure::Defect(panic),
        };
        failed.push(Failed { failure, items });
    }
    failed
}

/// Storage served others of the batch and not this target. If its document still cannot be written, it is this document that is
/// held by somebody: it says when it is to be looked at, so `sweep` will see to that, and its batch need not come again for it.
async fn held_alone(app: &App, items: &[Item], deadline: Deadline) -> Result<(), ReconcileError> {
    let Some(wake_up) = items.first().and_then(|item| WakeUp::read(&item.body).ok()) else { return Ok(()) };
    let own = deadline.within(deadline.left().mul_f64(OF_ONE_TARGET));
    match app.reconciler.leave_behind(&wake_up, LEFT_BEHIND, false, own).await {
        Err(ReconcileError::State(error)) => {
            stopping::tell(&wake_up.target, &error);
            Ok(())
        }
        other => other,
    }
}

/// Looks at the target, and waits for it as long as the batch can wait. A look that takes longer goes on by itself, and a
/// wake-up is left behind for the case that it is cut off.
async fn look_in_time(
    app: Arc<App>,
    wake_up: WakeUp,
    leaving: Arc<Semaphore>,
    deadline: Deadline,
) -> Result<(), Failure> {
    let patience = Instant::now() + PATIENCE.min(deadline.left() / 2);
    let mut begun = false;
    if let Ok(Some(seat)) = timeout_at(patience, app.seats.take(&wake_up.target)).await {
        let Seat { of_all, own } = seat;
        let look = {
            let (app, wake_up) = (Arc::clone(&app), wake_up.clone());
            async move {
                let _own = own;
                look_at(&app, &wake_up, deadline).await
            }
        };
        begun = true;
        let mut look = tokio::spawn(look.in_current_span());
        if let Ok(ended) = timeout_at(patience, &mut look).await {
            return ended.map_err(|panic| Failure::Defect(panic.to_string()))?.map_err(Failure::from);
        }
        drop(of_all);
        tokio::spawn(watch(look).in_current_span());
    }
    let _turn = leaving.acquire().await;
    if deadline.has_passed() {
        return Err(Failure::OutOfTime(1));
    }
    // A document that cannot be written must leave time for the others of its batch.
    let own = deadline.within(deadline.left().mul_f64(OF_ONE_TARGET));
    match app.reconciler.leave_behind(&wake_up, LEFT_BEHIND, begun, own).await {
        Err(error) => stopped(&app, &wake_up, error, deadline).await.map_err(Failure::from),
        Ok(()) => Ok(()),
    }
}

/// Nobody waits for the look any more, so what became of it is said here.
async fn watch(look: JoinHandle<Result<(), ReconcileError>>) {
    let words = match look.await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => causes(&error),
        Err(panic) => format!("a defect: {panic}"),
    };
    error!(
        event = "look_failed",
        reason = words,
        "a look that took long has failed; the wake-up that was left behind looks again"
    );
}

async fn look_at(app: &App, wake_up: &WakeUp, deadline: Deadline) -> Result<(), ReconcileError> {
    let reserve = app.settings.invocation_budget.mul_f64(RESERVE);
    let slot = if deadline.left() > reserve { SLOT } else { Duration::ZERO };
    match app.reconciler.reconcile(wake_up, Deadline::after(slot), deadline).await {
        Err(error) => stopped(app, wake_up, error, deadline).await,
        Ok(()) => Ok(()),
    }
}

/// What stops this target alone is told, and its wake-up is done with: a document that cannot be used needs a newer worker or a
/// person, and `sweep` wakes the target again once it can be; so it is with a wake-up that Service Bus refuses as it is. A target
/// whose looks are always cut off is given up for a while.
async fn stopped(app: &App, wake_up: &WakeUp, error: ReconcileError, deadline: Deadline) -> Result<(), ReconcileError> {
    match error {
        ReconcileError::State(error) if error.is_about_the_document() => {
            stopping::tell(&wake_up.target, &error);
            Ok(())
        }
        ReconcileError::Send(error) if error.is_about_the_message() => {
            super::wake_ups::told(&error);
            Ok(())
        }
        ReconcileError::CutOff(looks) => {
            stop(app, &wake_up.target, causes(&error), looks, deadline).await?;
            app.reconciler.forget_cut_off(&wake_up.target, deadline).await
        }
        other => Err(other),
    }
}
