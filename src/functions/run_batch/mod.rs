//! `run-batch`: looks through whole scopes for what does not comply, and puts what it finds on the queue that events come to. A
//! message is acknowledged when its run has ended, or when another message stands for the rest of it. What is found is sent before
//! the run's document says so: after a crash in between it is found and sent again, under the same ids.

mod ask;
mod tell;

pub use ask::ask;

use std::sync::Arc;
use std::time::Duration;

use remediation::document::{ETag, RunDocument};
use remediation::message::{BatchMessage, Continuation, Outgoing, Queue, RunId};
use remediation::run::{Reception, Terms, advance, put_off, question, receive};
use remediation::time::Timestamp;

use crate::app::App;
use crate::azure::Deadline;
use crate::blob::Saved;
use crate::functions::Failure;
use crate::host::{Envelope, Item};

use super::isolate::{Failed, each_or_rejected};
use super::rejection::{Refused, reject, reject_all};
use super::side_by_side::side_by_side;

pub(super) const NAME: &str = "run-batch";

/// Runs that are looked after at the same time.
const TOGETHER: usize = 4;
/// What is kept of an invocation's time for the last write and message: a share, and so much at most.
const RESERVE: f64 = 0.2;
const LONGEST_RESERVE: Duration = Duration::from_secs(20);
/// So long an invocation waits for a quota itself: that of Resource Graph is whole again after five seconds.
const SHORT_WAIT: Duration = Duration::from_secs(7);
/// So often in one invocation another may have written the run's document first. Then it is theirs.
const RACES: u32 = 4;

pub(super) async fn run(app: Arc<App>, envelope: &Envelope, deadline: Deadline) -> Result<(), Failure> {
    each_or_rejected(&app, NAME, envelope, deadline, |items| run_all(Arc::clone(&app), items, deadline)).await
}

async fn run_all(app: Arc<App>, items: Vec<Item>, deadline: Deadline) -> Vec<Failed> {
    let (mut messages, mut refused) = (Vec::new(), Vec::new());
    for item in items {
        match BatchMessage::read(&item.body) {
            Ok(message) => messages.push((message, item)),
            Err(words) => refused.push(Refused::whole(item, words.to_string())),
        }
    }
    let mut failed = reject_all(&app, NAME, refused, deadline).await;
    // Each has its share of the time, so that none waits for all others to end.
    let turns = u32::try_from(messages.len().div_ceil(TOGETHER).max(1)).unwrap_or(u32::MAX);
    let share = deadline.left() / turns;
    let items: Vec<_> = messages.iter().map(|(_, item)| item.clone()).collect();
    let pieces = messages.into_iter().map(|(message, item)| {
        let app = Arc::clone(&app);
        async move { run_one(&app, &message, &item, deadline.within(share), deadline).await }
    });
    for (result, item) in side_by_side(TOGETHER, pieces).await.into_iter().zip(items) {
        let failure = match result {
            Ok(result) => result.err(),
            Err(panic) => Some(Failure::Defect(panic)),
        };
        failed.extend(failure.map(|failure| Failed { failure, items: vec![item] }));
    }
    failed
}

/// A run under way: its document, and the ETag under which that is stored.
struct Under {
    document: RunDocument,
    etag: Option<ETag>,
}

/// What a message asks of its run, until `own` is over; the last writes have until `deadline`.
async fn run_one(
    app: &App,
    message: &BatchMessage,
    item: &Item,
    own: Deadline,
    deadline: Deadline,
) -> Result<(), Failure> {
    let reserve = LONGEST_RESERVE.min(own.left().mul_f64(RESERVE));
    let asking = own.within(own.left().saturating_sub(reserve));
    for _ in 0..RACES {
        let Some(under) = take_up(app, message, item, deadline).await? else { return Ok(()) };
        if go(app, under, asking, deadline).await? {
            return Ok(());
        }
    }
    // Whoever wrote first goes on with it.
    Ok(())
}

/// What is to be gone on with, if anything.
async fn take_up(app: &App, message: &BatchMessage, item: &Item, deadline: Deadline) -> Result<Option<Under>, Failure> {
    let run_id = match message {
        BatchMessage::Run(run) => &run.run_id,
        BatchMessage::Continuation(continuation) => &continuation.run_id,
    };
    let store = &app.reconciler.store;
    let (found, now) = (store.run(run_id, deadline).await?, crate::azure::now());
    let known = found.as_ref().map(|found| &found.document);
    match receive(message, known, app.settings.discovery, now) {
        Reception::Begin(document) => match store.save_run(&document, None, deadline).await? {
            Saved::As(etag) => {
                tell::started(&document);
                Ok(Some(Under { document: *document, etag: Some(etag) }))
            }
            // Another delivery of it was faster: it is read again by the one that goes on.
            Saved::Conflict => {
                let found = store.run(run_id, deadline).await?;
                Ok(found.map(|found| Under { document: found.document, etag: found.etag }))
            }
        },
        Reception::GoOn(document) => Ok(Some(Under { document: *document, etag: found.and_then(|found| found.etag) })),
        Reception::Later(message) => {
            app.reconciler.sender.send(Queue::BatchRuns, &[message], now, deadline).await?;
            Ok(None)
        }
        Reception::Nothing(reason) => {
            tell::known(run_id, reason);
            Ok(None)
        }
        Reception::Reject(reason) => {
            reject(app, NAME, reason, &item.body, deadline).await?;
            Ok(None)
        }
    }
}

/// Asks one question after the other until the run has ended, or rests. False where another wrote first.
async fn go(app: &App, mut under: Under, asking: Deadline, deadline: Deadline) -> Result<bool, Failure> {
    let (store, sender) = (&app.reconciler.store, &app.reconciler.sender);
    let terms = Terms { escalate_above: app.settings.tuning.escalate_above, discovery: app.settings.discovery };
    while under.document.ended_at.is_none() {
        if asking.has_passed() {
            return rest(app, under, crate::azure::now(), deadline).await;
        }
        let answer = match question(&under.document) {
            Some(question) => ask::ask(app, &question, asking).await,
            None => remediation::run::Answer::Refused(String::new()),
        };
        let now = crate::azure::now();
        let step = advance(&under.document, answer, terms, now);
        if let Some(until) = step.wait_until {
            let document = step.document;
            let wait = Duration::try_from(until - now).unwrap_or_default();
            if wait <= SHORT_WAIT && wait < asking.left() {
                under.document = document;
                tokio::time::sleep(wait).await;
                continue;
            }
            return rest(app, Under { document, etag: under.etag }, until, deadline).await;
        }
        if !step.send.is_empty() {
            sender.send(Queue::NoncompliantResources, &step.send, now, deadline).await?;
        }
        match store.save_run(&step.document, under.etag.as_ref(), deadline).await? {
            Saved::As(etag) => {
                tell::advanced(&under.document, &step.document);
                under = Under { document: step.document, etag: Some(etag) };
            }
            Saved::Conflict => return Ok(false),
        }
    }
    Ok(true)
}

/// Leaves the rest of a run to another message. False where another wrote first.
async fn rest(app: &App, under: Under, until: Timestamp, deadline: Deadline) -> Result<bool, Failure> {
    let (document, message) = put_off(&under.document, until);
    match app.reconciler.store.save_run(&document, under.etag.as_ref(), deadline).await? {
        Saved::As(_) => {
            tell::rests(&document, until);
            send(app, message, deadline).await?;
            Ok(true)
        }
        Saved::Conflict => Ok(false),
    }
}

async fn send(app: &App, message: Outgoing, deadline: Deadline) -> Result<(), Failure> {
    app.reconciler.sender.send(Queue::BatchRuns, &[message], crate::azure::now(), deadline).await?;
    Ok(())
}

/// Nobody went on with the run: it goes on now, unless it has ended or rests until a time that is ahead. Whether it does.
pub(super) async fn wake(app: &App, run_id: &RunId, deadline: Deadline) -> Result<bool, Failure> {
    let (store, now) = (&app.reconciler.store, crate::azure::now());
    let Some(found) = store.run(run_id, deadline).await? else { return Ok(false) };
    let (mut document, etag) = (found.document, found.etag);
    if document.ended_at.is_some() || document.wake_at.is_some_and(|at| at > now) {
        return Ok(false);
    }
    // That nobody went on is not the fault of the place that comes next.
    document.progress_at = now;
    rest(app, Under { document, etag }, now, deadline).await
}

/// The message by which a run was to go on was given up by the broker: another takes its place, if there is something left to do.
pub(super) async fn go_on(app: &App, continuation: &Continuation, deadline: Deadline) -> Result<bool, Failure> {
    let Some(found) = app.reconciler.store.run(&continuation.run_id, deadline).await? else { return Ok(false) };
    if found.document.ended_at.is_some() || continuation.continues < found.document.generation {
        return Ok(false);
    }
    let under = Under { document: found.document, etag: found.etag };
    rest(app, under, crate::azure::now(), deadline).await
}
