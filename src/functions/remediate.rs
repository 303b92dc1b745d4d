//! `remediate`: each wake-up is a look at its target. Targets are looked at side by side, few at a time of one subscription,
//! so that a slow or throttled customer holds nobody else.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::{Instrument, error, info_span};

use super::Failure;
use super::alone::{one_by_one, part};
use super::rejection::reject;
use super::side_by_side::side_by_side;
use crate::app::App;
use crate::host::{Envelope, Item};
use crate::queue::WakeUp;
use crate::remediation::ReconcileError;
use crate::resource::{SubscriptionId, Target};
use crate::transport::Deadline;

pub(super) const NAME: &str = "remediate";

/// Targets that are looked at at the same time.
const TARGETS: usize = 16;
/// Of these, targets of one subscription.
const OF_ONE_SUBSCRIPTION: usize = 4;
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
    let mut of_subscription: HashMap<SubscriptionId, Arc<Semaphore>> = HashMap::new();
    let seats = Arc::new(Semaphore::new(TARGETS));
    let pieces: Vec<_> = newest
        .into_values()
        .map(|(wake_up, message_id)| {
            let subscription = wake_up.target.subscription().clone();
            let own = Arc::clone(
                of_subscription.entry(subscription).or_insert_with(|| Arc::new(Semaphore::new(OF_ONE_SUBSCRIPTION))),
            );
            let (app, seats) = (Arc::clone(app), Arc::clone(&seats));
            let span = info_span!("look", message_id, target = %wake_up.target.hash());
            async move {
                // First a seat of the subscription, then one of all: waiting for the first takes no seat from others.
                let _own = own.acquire_owned().await;
                let _seat = seats.acquire_owned().await;
                look_at(&app, &wake_up, deadline).await
            }
            .instrument(span)
        })
        .collect();
    let mut failure = None;
    for result in side_by_side(pieces.len().max(1), pieces).await {
        match result {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failure = Some(Failure::Reconcile(error)),
            Err(panic) => failure = Some(Failure::Defect(panic)),
        }
    }
    failure.map_or(Ok(()), Err)
}

async fn look_at(app: &App, wake_up: &WakeUp, deadline: Deadline) -> Result<(), ReconcileError> {
    let reserve = app.settings.invocation_budget.mul_f64(RESERVE);
    let slot = if deadline.left() > reserve { SLOT } else { Duration::ZERO };
    match app.reconciler.reconcile(wake_up, Deadline::after(slot), deadline).await {
        // The document needs a newer worker or a person; `sweep` wakes the target again once it can be read.
        Err(ReconcileError::State(error)) if error.is_about_the_document() => {
            error!(event = "target_stopped", target = %wake_up.target.hash(), reason = %error, "nothing is done for this target until its document can be read");
            Ok(())
        }
        other => other,
    }
}
