//! What follows of one dead letter is stored or sent here, before `recover` deletes it. Nothing here counts how often it came back:
//! a service that refuses is not its fault.

use std::time::Duration;

use remediation::event::Taken;
use remediation::message::{BatchRun, Outgoing, Queue, Sighting, WakeUp};
use remediation::transition::{AfterDeath, after_death, wake_up_of};

use tracing::warn;

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::functions::{Failure, consumer, isolate, run_batch, stopping};
use crate::service_bus::DeadLetter;
use crate::telemetry::about;

use super::dead_letter::Fate;
use super::events::{self, Next};
use super::rejection::reject_from;
use super::rescheduling::reschedule;
use super::stopping::stop;

/// The function that returns letters.
pub(super) const FUNCTION: &str = "recover";

/// What became of it. One that is kept comes again when its lock is over.
pub(super) enum End {
    Returned,
    Rejected,
    Dropped,
    Kept,
}

/// Stores or sends what follows of the message.
pub(super) async fn settle(app: &App, queue: Queue, letter: &DeadLetter, deadline: Deadline) -> Result<End, Failure> {
    let store = &app.reconciler.store;
    let deaths = match std::str::from_utf8(&letter.body) {
        Ok(text) => store.crashes(consumer(queue), text, crate::azure::now(), deadline).await?,
        Err(_) => 0,
    };
    let (tolerance, now) = (app.settings.tuning.clock_tolerance, app.reconciler.clocks.moment().latest());
    match Fate::of(queue, &letter.body, deaths, tolerance, now) {
        Fate::TakeIn(taken) => take_in(app, letter, taken, deadline).await,
        Fate::Return(sighting) => send_back(app, letter, &sighting, deadline).await,
        Fate::Run(run) => return_run(app, letter, &run, deadline).await,
        Fate::Continue(continuation) => match run_batch::in_place_of(app, &continuation, deadline).await {
            Err(Failure::State(error)) if error.is_about_the_document() => {
                run_batch::stopped(app, &continuation.run_id, &error);
                reject(app, queue, letter, error_chain(&error), deadline).await?;
                Ok(End::Rejected)
            }
            Err(failure) => Err(failure),
            Ok(true) => Ok(End::Returned),
            Ok(false) => Ok(End::Dropped),
        },
        Fate::Wake(wake_up) => wake(app, letter, &wake_up, deadline).await,
        Fate::Reject(reason) => {
            let deadly = std::str::from_utf8(&letter.body).ok().filter(|_| deaths >= isolate::DEATHS);
            if let Some(Ok(wake_up)) = deadly.filter(|_| queue == Queue::WakeUps).map(WakeUp::read) {
                stop_target(app, &wake_up, reason.clone(), deaths, deadline).await?;
            }
            reject(app, queue, letter, reason, deadline).await?;
            if let Some(text) = deadly {
                // Put back by a person, it is not judged by what was.
                store.forget_crashes(consumer(queue), text, deadline).await?;
            }
            Ok(End::Rejected)
        }
    }
}

/// `sweep` would wake the target again, and the worker die of it again: it is stopped, unless it is already.
async fn stop_target(
    app: &App,
    wake_up: &WakeUp,
    reason: String,
    deaths: u32,
    deadline: Deadline,
) -> Result<(), Failure> {
    stopping::list(app, Duration::ZERO, deadline).await;
    if !stopping::holds(app, &wake_up.target, deadline).await {
        stop(app, &wake_up.target, reason, deaths, deadline).await?;
    }
    Ok(())
}

/// Events go on as they would have from the first: whoever sees them twice drops the second by its id.
async fn take_in(app: &App, letter: &DeadLetter, taken: Vec<Taken>, deadline: Deadline) -> Result<End, Failure> {
    let (mut messages, mut rejected) = (Vec::new(), false);
    for next in taken.into_iter().filter_map(events::next) {
        match next {
            Next::Send(message) => messages.push(message),
            Next::Reject { reason, payload } => {
                rejected = true;
                let reason = dead_lettered(letter, &error_chain(&reason));
                reject_from(app, FUNCTION, Some(Queue::PolicyEvents), reason, payload.as_bytes(), deadline).await?;
            }
        }
    }
    if messages.is_empty() {
        return Ok(if rejected { End::Rejected } else { End::Dropped });
    }
    app.reconciler.sender.send(Queue::NoncompliantResources, &messages, crate::azure::now(), deadline).await?;
    let (queue, reason) = (Queue::PolicyEvents.name(), letter.reason.as_str());
    warn!(
        event = "events_returned",
        queue,
        message_id = letter.message_id,
        events = messages.len(),
        reason,
        "the events of a dead-lettered message are sent on"
    );
    Ok(End::Returned)
}

async fn send_back(app: &App, letter: &DeadLetter, sighting: &Sighting, deadline: Deadline) -> Result<End, Failure> {
    let queue = Queue::NoncompliantResources;
    let message = [Outgoing::sighting(sighting)];
    match app.reconciler.sender.send(queue, &message, crate::azure::now(), deadline).await {
        Ok(()) => {}
        Err(error) if error.is_about_the_message() => {
            reject(app, queue, letter, error_chain(&error), deadline).await?;
            return Ok(End::Rejected);
        }
        Err(error) => return Err(error.into()),
    }
    about!(
        warn,
        &sighting.target(),
        event = "message_returned",
        queue = queue.name(),
        resource = sighting.subject(),
        message_id = letter.message_id,
        returns = sighting.returns(),
        reason = letter.reason,
        "a dead-lettered message is sent back"
    );
    Ok(End::Returned)
}

/// The run begins, or goes on: what it has done already it does not do twice.
async fn return_run(app: &App, letter: &DeadLetter, run: &BatchRun, deadline: Deadline) -> Result<End, Failure> {
    let queue = Queue::BatchRuns;
    match app.reconciler.sender.send(queue, &[Outgoing::batch_run(run)], crate::azure::now(), deadline).await {
        Ok(()) => {}
        Err(error) if error.is_about_the_message() => {
            reject(app, queue, letter, error_chain(&error), deadline).await?;
            return Ok(End::Rejected);
        }
        Err(error) => return Err(error.into()),
    }
    let (queue, run_id, returns, reason) = (queue.name(), &run.run_id, run.returns, &letter.reason);
    warn!(event = "run_returned", queue, %run_id, message_id = letter.message_id, returns, reason, "a dead-lettered batch run is sent back");
    Ok(End::Returned)
}

async fn wake(app: &App, letter: &DeadLetter, wake_up: &WakeUp, deadline: Deadline) -> Result<End, Failure> {
    let (reconciler, target, queue) = (&app.reconciler, &wake_up.target, Queue::WakeUps.name());
    let now = crate::azure::now();
    let dropped = |reason: &str| {
        about!(
            info,
            target,
            event = "message_dropped",
            queue,
            message_id = letter.message_id,
            reason,
            "a dead-lettered wake-up is not needed"
        );
        Ok(End::Dropped)
    };
    let found = match reconciler.store.target(target, deadline).await {
        Err(error) if error.is_about_the_document() => {
            about!(
                error,
                target,
                event = "target_stopped",
                reason = error_chain(&error),
                "nothing is done for this target until its document can be used"
            );
            return dropped("targetStopped");
        }
        found => found?,
    };
    match after_death(&found.document, wake_up.generation, reconciler.tuning.opening_grace, now) {
        AfterDeath::Nothing => return dropped("nothingWaits"),
        AfterDeath::Later => {
            if let Some(later) = wake_up_of(&found.document) {
                reconciler.sender.send(Queue::WakeUps, &[later], now, deadline).await?;
            }
            return dropped("laterWakeUp");
        }
        // Whoever wrote first has not necessarily woken the target: the dead one stays and is looked at again.
        AfterDeath::Anew if !reschedule(app, found, now, deadline).await? => {
            return Ok(End::Kept);
        }
        AfterDeath::Anew => {}
    }
    about!(
        warn,
        target,
        event = "message_returned",
        queue,
        message_id = letter.message_id,
        generation = wake_up.generation,
        reason = letter.reason,
        "a dead-lettered wake-up is replaced by a new one"
    );
    Ok(End::Returned)
}

async fn reject(
    app: &App,
    queue: Queue,
    letter: &DeadLetter,
    reason: String,
    deadline: Deadline,
) -> Result<(), Failure> {
    let reason = dead_lettered(letter, &reason);
    Ok(reject_from(app, FUNCTION, Some(queue), reason, &letter.body, deadline).await?)
}

fn dead_lettered(letter: &DeadLetter, reason: &str) -> String {
    let DeadLetter { deliveries, reason: why, .. } = letter;
    format!("{reason}; it was dead-lettered after {deliveries} deliveries ({why})")
}
