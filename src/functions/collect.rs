//! `collect`: a batch of observations becomes what is known of their targets, and each target has a wake-up.
//! The wake-up is sent for duplicates too: the batch may be here again because it was not sent the last time.
//! What belongs to a document that cannot be used waits in its queue until it can.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::info;

use remediation::decide::{Errand, Outcome, Purpose};
use remediation::event::from_the_future;
use remediation::id::Target;
use remediation::message::{Handover, Outgoing, Queue, Sighting};
use remediation::time::time_text;
use remediation::transition::{Merged, wait_for_document};

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::blob::StateError;
use crate::functions::{Failure, wake_ups};
use crate::host::{Envelope, Item};
use crate::telemetry::about;

use super::errand::{Left, carry_out};
use super::failed::Failed;
use super::isolate::each_or_rejected;
use super::rejection::{Refused, reject_all};
use super::side_by_side::side_by_side;

pub(super) const NAME: &str = "collect";

/// Targets that are written at the same time.
const TARGETS: usize = 64;
/// The share of the invocation's time in which a document is tried for: the rest is for what then becomes of its observations.
const OF_ONE_TARGET: f64 = 0.5;

/// A handover that was sent back so often is told of, once: in plan mode, and while a target is held back, it waits for ever.
const LONG_WAIT: u32 = 24;

/// What was seen of one target, with the messages that said so.
type Finding = Vec<(Sighting, Item)>;

pub(super) async fn run(app: Arc<App>, envelope: &Envelope, deadline: Deadline) -> Result<(), Failure> {
    let handle = |items| collect(Arc::clone(&app), items, deadline);
    each_or_rejected(&app, NAME, envelope, deadline, handle).await
}

async fn collect(app: Arc<App>, items: Vec<Item>, deadline: Deadline) -> Vec<Failed> {
    let mut by_target: BTreeMap<Target, Finding> = BTreeMap::new();
    let mut unreadable = Vec::new();
    let (tolerance, now) = (app.settings.tuning.clock_tolerance, app.reconciler.clocks.moment().latest());
    let refused = |seen: &Sighting| from_the_future(seen.observed_at(), tolerance, now);
    for item in items {
        match Sighting::read(&item.body) {
            Ok(sighting) if refused(&sighting).is_some() => {
                unreadable.push(Refused::whole(item, refused(&sighting).unwrap_or_default()));
            }
            Ok(sighting) => by_target.entry(sighting.target()).or_default().push((sighting, item)),
            Err(words) => unreadable.push(Refused::whole(item, words.to_string())),
        }
    }
    let mut failed = reject_all(&app, NAME, unreadable, deadline).await;
    let all: Vec<_> = by_target.into_iter().map(|(target, seen)| (target, Arc::new(seen))).collect();
    let pieces = all.iter().map(|(target, seen)| take_in(Arc::clone(&app), target.clone(), Arc::clone(seen), deadline));
    let (mut messages, mut unstored) = (Vec::new(), Vec::new());
    let (mut stored, mut counts) = (0_usize, BTreeMap::<&'static str, usize>::new());
    for (result, (target, seen)) in side_by_side(TARGETS, pieces).await.into_iter().zip(all) {
        match result {
            Ok(Ok((wake_up, merged))) => {
                stored += 1;
                merged.iter().for_each(|merged| *counts.entry(merged.as_str()).or_default() += 1);
                messages.extend(wake_up.map(|message| (message, seen)));
            }
            Ok(Err(Failure::State(error))) => unstored.push((target, seen, error)),
            Ok(Err(failure)) => failed.push(Failed { failure, items: items_of(&seen) }),
            Err(panic) => failed.push(Failed { failure: Failure::Defect(panic), items: items_of(&seen) }),
        }
    }
    if stored > 0 {
        let observations: usize = counts.values().sum();
        let merged: Vec<_> = counts.iter().map(|(merged, count)| format!("{merged} {count}")).collect();
        info!(
            event = "batch_merged",
            observations,
            targets = stored,
            merged = merged.join(", "),
            "a batch of observations is taken in"
        );
    }
    let wake_ups = messages.iter().map(|(message, _)| message.clone()).collect();
    if let Err(error) = wake_ups::send(&app, wake_ups, deadline).await {
        let items = messages.iter().flat_map(|(_, seen)| items_of(seen)).collect();
        failed.push(Failed { failure: error.into(), items });
    }
    for (target, seen, error) in unstored {
        // Where other documents could be written, storage serves, and the one document must not hold the others.
        let put_off = error.is_about_the_document() || stored > 0;
        let failure = match put_off {
            true => wait_in_queue(&app, &target, &seen, &error, deadline).await.err(),
            false => Some(Failure::State(error)),
        };
        failed.extend(failure.map(|failure| Failed { failure, items: items_of(&seen) }));
    }
    failed
}

fn items_of(seen: &Finding) -> Vec<Item> {
    seen.iter().map(|(_, item)| item.clone()).collect()
}

/// Merges what was seen into the target's document; its current wake-up, if it has one, and what became of each observation.
async fn take_in(
    app: Arc<App>,
    target: Target,
    seen: Arc<Finding>,
    deadline: Deadline,
) -> Result<(Option<Outgoing>, Vec<Merged>), Failure> {
    if deadline.has_passed() {
        return Err(Failure::OutOfTime(seen.len()));
    }
    let own = deadline.within(deadline.left().mul_f64(OF_ONE_TARGET));
    let mut errand = Errand::new(Purpose::TakeIn(seen.iter().map(|(sighting, _)| sighting.clone()).collect()));
    let left = carry_out(&app, &target, &mut errand, own).await?;
    let merged = match errand.outcome() {
        Outcome::TakenIn(merged) => merged.clone(),
        Outcome::Nothing | Outcome::Woken | Outcome::LetIn(_) | Outcome::Settled | Outcome::Touched(_) => Vec::new(),
    };
    for ((sighting, item), merged) in seen.iter().zip(&merged) {
        about!(
            debug,
            &target,
            event = "observation_merged",
            resource = sighting.subject(),
            message_id = item.message_id,
            delivery_count = item.delivery_count,
            merged = merged.as_str(),
            "an observation is taken in"
        );
    }
    let later = seen.iter().zip(&merged).filter(|(_, merged)| **merged == Merged::Later);
    let later: Vec<_> = later.map(|((sighting, _), _)| sighting).collect();
    send_back(&app, later.iter().copied(), deadline).await?;
    for sighting in later {
        let Sighting::Scope(Handover { origin: run_id, returns: LONG_WAIT, .. }) = sighting else { continue };
        about!(
            info,
            &target,
            event = "handover_waits",
            %run_id,
            returns = LONG_WAIT,
            "a handover of a batch run waits for another that is not listed yet"
        );
    }
    let wake_up = match left {
        Left::Send(wake_up) => Some(wake_up),
        Left::Delete | Left::Nothing => None,
    };
    Ok((wake_up, merged))
}

/// Sends observations back to their queue, to come again later: their target's document cannot be used, and they are not to blame.
async fn wait_in_queue(
    app: &App,
    target: &Target,
    seen: &Finding,
    cause: &StateError,
    deadline: Deadline,
) -> Result<(), Failure> {
    let waiting = send_back(app, seen.iter().map(|(sighting, _)| sighting), deadline).await?;
    let until = waiting.iter().filter_map(|message| message.at).min().map(time_text).unwrap_or_default();
    about!(
        error,
        target,
        event = "target_stopped",
        reason = error_chain(cause),
        observations = waiting.len(),
        until,
        "nothing is done for this target until its document can be used; what was seen waits in the queue"
    );
    Ok(())
}

/// Sends what was seen back to the queue, to come again later. What is sent.
async fn send_back<'a>(
    app: &App,
    seen: impl Iterator<Item = &'a Sighting>,
    deadline: Deadline,
) -> Result<Vec<Outgoing>, Failure> {
    let now = crate::azure::now();
    let later = |sighting: &Sighting| {
        let at = wait_for_document(sighting.returns(), &app.settings.tuning, now);
        Outgoing { at: Some(at), ..Outgoing::sighting(&sighting.clone().returned()) }
    };
    let waiting: Vec<_> = seen.map(later).collect();
    if !waiting.is_empty() {
        app.reconciler.sender.send(Queue::NoncompliantResources, &waiting, now, deadline).await?;
    }
    Ok(waiting)
}
