//! `remediate`: each wake-up is a pass over its target. Targets are looked at side by side, two at a time of one subscription, and a
//! batch does not wait for a pass that takes long, so that a slow or throttled customer holds nobody else. A wake-up whose turn
//! has not come, and one whose pass goes on, is sent once more in place of the one that came: no document is written for that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{Instrument, error, info, info_span};

use remediation::decide::{Afterwards, Errand, Purpose, Turn};
use remediation::id::Target;
use remediation::message::{Outgoing, WakeUp};

use crate::app::{App, OwnPermit, Permit};
use crate::azure::{Deadline, error_chain};
use crate::functions::{Failure, stopping, wake_ups};
use crate::host::{Envelope, Item};
use crate::reconcile::ReconcileError;
use crate::telemetry::about;

use super::errand::carry_out;
use super::failed::Failed;
use super::isolate::Isolation;
use super::rejection::{Refused, reject, reject_all};
use super::side_by_side::side_by_side;
use super::stopping::stop;
use super::turns::in_turns;

pub(super) const NAME: &str = "remediate";

/// How long a batch waits for a pass. The host hands out one batch at a time, so whoever waits holds everybody's next batch.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a batch waits for a permit: as long as a short pass that gets it then still ends in time.
const FOR_A_PERMIT: Duration = Duration::from_secs(2);
/// Longest time for the questions of one pass: no more than half of the invocation's budget.
const SLOT: Duration = Duration::from_secs(20);
/// What must be left of the invocation for a pass to ask questions at all, as a share of its budget (45 of 150 s): a fixed
/// time would leave a small budget without any.
const RESERVE: f64 = 0.3;

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
            Err(words) => unreadable.push(Refused::whole(item, words.to_string())),
        }
    }
    let mut failed = reject_all(&app, NAME, unreadable, deadline).await;
    let stopped = stopping::list(&app, stopping::AGE, deadline).await;
    let now = crate::azure::now();
    // They are told when they are stopped, and not with every message.
    newest.retain(|target, _| !stopped.holds(target.hash().as_str(), now));
    let patience = Instant::now() + PATIENCE.min(deadline.left() / 2);
    // A pass that was begun is finished first: where few calls are left, each for itself would come to no end. Of the others first one
    // of each subscription: its calls go one at a time, so two beside each other are no faster, while others have no permit.
    let (first, others): (Vec<_>, Vec<_>) =
        newest.into_values().partition(|(wake_up, _, _)| app.reconciler.begun.holds(&wake_up.target.hash()));
    let (pieces, wake_ups): (Vec<_>, Vec<_>) = first
        .into_iter()
        .chain(in_turns(others, |(wake_up, _, _)| wake_up.target.subscription().clone()))
        .map(|(wake_up, message_id, items)| {
            let span = info_span!("pass", message_id);
            let pass = look_in_time(Arc::clone(&app), wake_up.clone(), patience, deadline).instrument(span);
            (pass, (wake_up, items))
        })
        .unzip();
    // Those who wait for a permit cost nothing, and must not keep others from theirs: the permits are the limit.
    let results = side_by_side(pieces.len().max(1), pieces).await;
    let served = results.iter().any(|result| matches!(result, Ok(Ok(Turn::Ended))));
    let (mut again, mut without_turn) = (Vec::new(), 0_usize);
    for (result, (wake_up, items)) in results.into_iter().zip(wake_ups) {
        let turn = match result {
            Ok(Ok(turn)) => turn,
            // Storage served others of the batch and not this target: its batch need not come again for it.
            Ok(Err(Failure::Reconcile(ReconcileError::State(error)))) if served && !deadline.has_passed() => {
                stopping::tell(&wake_up.target, &error);
                Turn::Unstored
            }
            Ok(Err(failure)) => {
                failed.push(Failed { failure, items });
                continue;
            }
            Err(panic) => {
                failed.push(Failed { failure: Failure::Defect(panic), items });
                continue;
            }
        };
        without_turn += usize::from(matches!(turn, Turn::NotYet(_)));
        let ids = items.iter().map(|item| item.message_id.as_str());
        if let Afterwards::SendFirst(message) = turn.afterwards(&wake_up, ids, crate::azure::now()) {
            again.push((message, items));
        }
    }
    if without_turn > 0 {
        info!(
            event = "wake_ups_put_off",
            count = without_turn,
            "the turn of these targets has not come; each comes again at a time of its own"
        );
    }
    failed.extend(send_again(&app, again, deadline).await);
    failed
}

/// Sends wake-ups in place of those that came. What cannot be sent comes again as it came.
async fn send_again(app: &App, again: Vec<(Outgoing, Vec<Item>)>, deadline: Deadline) -> Option<Failed> {
    let (messages, items): (Vec<_>, Vec<_>) = again.into_iter().unzip();
    let error = wake_ups::send(app, messages, deadline).await.err()?;
    Some(Failed { failure: error.into(), items: items.into_iter().flatten().collect() })
}

/// Looks at the target, and waits for it as long as the batch can wait. A pass that takes longer goes on by itself.
async fn look_in_time(app: Arc<App>, wake_up: WakeUp, patience: Instant, deadline: Deadline) -> Result<Turn, Failure> {
    let Permit { of_all, own, target } =
        match app.permits.take(&wake_up.target, patience.min(Instant::now() + FOR_A_PERMIT)).await {
            Ok(permit) => permit,
            Err(after) => return Ok(Turn::NotYet(after)),
        };
    let pass = {
        let (app, wake_up) = (Arc::clone(&app), wake_up.clone());
        async move {
            let _target = target;
            pass_over(&app, &wake_up, deadline).await
        }
    };
    let mut pass = tokio::spawn(pass.in_current_span());
    if let Ok(ended) = timeout_at(patience, &mut pass).await {
        let ended = ended.map_err(|panic| Failure::Defect(panic.to_string()))?;
        return ended.map(|()| Turn::Ended).map_err(Failure::from);
    }
    drop(of_all);
    about!(
        info,
        &wake_up.target,
        event = "fallback_scheduled",
        generation = wake_up.generation,
        "a pass takes long and goes on by itself; another follows in case it is cut off"
    );
    tokio::spawn(watch(pass, own).in_current_span());
    Ok(Turn::GoesOn)
}

/// Nobody waits for the pass any more, so what became of it is said here. It asks no question after its slot, so it needs its
/// permit no longer than that.
async fn watch(mut pass: JoinHandle<Result<(), ReconcileError>>, own: OwnPermit) {
    let in_its_slot = timeout(SLOT, &mut pass).await;
    drop(own);
    let ended = match in_its_slot {
        Ok(ended) => ended,
        Err(_) => pass.await,
    };
    let words = match ended {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error_chain(&error),
        Err(panic) => format!("a defect: {panic}"),
    };
    error!(
        event = "pass_failed",
        reason = words,
        "a pass that took long has failed; the fallback wake-up begins another"
    );
}

async fn pass_over(app: &App, wake_up: &WakeUp, deadline: Deadline) -> Result<(), ReconcileError> {
    let reserve = app.settings.invocation_budget.mul_f64(RESERVE);
    let slot = if deadline.left() > reserve { SLOT.min(app.settings.invocation_budget / 2) } else { Duration::ZERO };
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
            stop(app, &wake_up.target, error_chain(&error), looks, deadline).await?;
            carry_out(app, &wake_up.target, &mut Errand::new(Purpose::ForgetCutOff), deadline).await?;
            Ok(())
        }
        other => Err(other),
    }
}
