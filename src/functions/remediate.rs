//! `remediate`: each wake-up is a look at its target. Targets are looked at side by side, few at a time of one subscription,
//! and a batch does not wait for a look that takes long, so that a slow or throttled customer holds nobody else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, error, info_span};

use super::Failure;
use super::alone::{one_by_one, part};
use super::rejection::reject;
use super::side_by_side::side_by_side;
use crate::app::{App, Seat};
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
/// Longest time for the questions of one look.
const SLOT: Duration = Duration::from_secs(20);
/// What must be left of the invocation for a look to ask questions at all, as a share of its budget (45 of 150 s): a fixed
/// time would leave a small budget without any.
const RESERVE: f64 = 0.3;

pub(super) async fn run(app: Arc<App>, envelope: &Envelope, deadline: Deadline) -> Result<(), Failure> {
    let (together, alone) = part(envelope.items()?);
    look_at_all(&app, together, deadline).await?;
    one_by_one(&app, NAME, alone, deadline, |item| look_at_all(&app, vec![item], deadline)).await
}

async fn look_at_all(app: &Arc<App>, items: Vec<Item>, deadline: Deadline) -> Result<(), Failure> {
    // Of several wake-ups of a target only the newest can be current.
    let mut newest: BTreeMap<Target, (WakeUp, String)> = BTreeMap::new();
    for item in items {
        match WakeUp::read(&item.body) {
            Ok(wake_up) => {
                let known = newest.get(&wake_up.target);
                if known.is_none_or(|(known, _)| known.generation < wake_up.generation) {
                    newest.insert(wake_up.target.clone(), (wake_up, item.message_id));
                }
            }
            Err(unreadable) => reject(app, NAME, unreadable.to_string(), &item.body, deadline).await?,
        }
    }
    let pieces: Vec<_> = newest
        .into_values()
        .map(|(wake_up, message_id)| {
            let span = info_span!("look", message_id, target = %wake_up.target.hash());
            look_in_time(Arc::clone(app), wake_up, deadline).instrument(span)
        })
        .collect();
    let results = side_by_side(pieces.len().max(1), pieces).await;
    results.into_iter().try_for_each(|result| result.unwrap_or_else(|panic| Err(Failure::Defect(panic))))
}

/// Looks at the target, and waits for it as long as the batch can wait. A look that takes longer goes on by itself, and a
/// wake-up is left behind for the case that it is cut off.
async fn look_in_time(app: Arc<App>, wake_up: WakeUp, deadline: Deadline) -> Result<(), Failure> {
    let patience = Instant::now() + PATIENCE;
    if let Ok(Some(seat)) = timeout_at(patience, app.seats.take(&wake_up.target)).await {
        let Seat { of_all, own } = seat;
        let look = {
            let (app, wake_up) = (Arc::clone(&app), wake_up.clone());
            async move {
                let _own = own;
                look_at(&app, &wake_up, deadline).await
            }
        };
        let mut look = tokio::spawn(look.in_current_span());
        if let Ok(ended) = timeout_at(patience, &mut look).await {
            return ended.map_err(|panic| Failure::Defect(panic.to_string()))?.map_err(Failure::from);
        }
        drop(of_all);
        tokio::spawn(watch(look).in_current_span());
    }
    match app.reconciler.leave_behind(&wake_up, LEFT_BEHIND, deadline).await {
        Err(error) => stopped(&wake_up, error).map_err(Failure::from),
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
        Err(error) => stopped(wake_up, error),
        Ok(()) => Ok(()),
    }
}

/// A document that cannot be used needs a newer worker or a person; `sweep` wakes the target again once it can be read.
fn stopped(wake_up: &WakeUp, error: ReconcileError) -> Result<(), ReconcileError> {
    match error {
        ReconcileError::State(error) if error.is_about_the_document() => {
            error!(event = "target_stopped", target = %wake_up.target.hash(), reason = %error, "nothing is done for this target until its document can be read");
            Ok(())
        }
        other => Err(other),
    }
}
