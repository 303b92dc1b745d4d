//! `run-batch`: looks through whole scopes for what does not comply, and puts what it finds on the queue that events come to. A
//! message is acknowledged when its run has ended, or when another message stands for the rest of it. What is found is sent before
//! the run's document says so: after a crash in between it is found and sent again, under the same ids.

mod ask;
mod tell;
mod waking;

pub use ask::ask;
pub(super) use tell::stopped;
pub(super) use waking::{anew, in_place_of};

use std::sync::Arc;
use std::time::Duration;

use remediation::document::{ETag, RunDocument};
use remediation::message::{BatchMessage, Outgoing, Queue};
use remediation::run::{Reception, Terms, advance, lay_down, put_off, question, receive, take};
use remediation::time::Timestamp;

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::blob::Saved;
use crate::functions::Failure;
use crate::host::{Envelope, Item};

use super::failed::Failed;
use super::isolate::each_or_rejected;
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
        async move { of_usable(&app, &message, &item, deadline.within(share), deadline).await }
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

/// The same. A document that cannot be used stops its own run alone, and the message says why to whoever finds it.
async fn of_usable(
    app: &App,
    message: &BatchMessage,
    item: &Item,
    own: Deadline,
    deadline: Deadline,
) -> Result<(), Failure> {
    match run_one(app, message, item, own, deadline).await {
        Err(Failure::State(error)) if error.is_about_the_document() => {
            tell::stopped(app, message.run_id(), &error);
            Ok(reject(app, NAME, error_chain(&error), &item.body, deadline).await?)
        }
        result => result,
    }
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
        match take_up(app, message, item, deadline).await? {
            TakenUp::Nothing => return Ok(()),
            TakenUp::Run(under) => {
                if go(app, *under, asking, deadline).await? {
                    return Ok(());
                }
            }
            TakenUp::Raced => {}
        }
    }
    // Whoever wrote first goes on with it.
    Ok(())
}

/// What there is to do for a message.
enum TakenUp {
    Run(Box<Under>),
    /// Another wrote the document first: whether the message is about the same run is to be asked anew.
    Raced,
    Nothing,
}

impl TakenUp {
    fn as_saved(document: RunDocument, saved: Saved) -> Self {
        match saved {
            Saved::As(etag) => Self::Run(Box::new(Under { document, etag: Some(etag) })),
            Saved::Conflict => Self::Raced,
        }
    }
}

/// What is to be gone on with, if anything.
async fn take_up(app: &App, message: &BatchMessage, item: &Item, deadline: Deadline) -> Result<TakenUp, Failure> {
    let (run_id, store) = (message.run_id(), &app.reconciler.store);
    let (found, now) = (store.run(run_id, deadline).await?, crate::azure::now());
    let known = found.as_ref().map(|found| &found.document);
    match receive(message, known, app.settings.discovery, now) {
        Reception::Begin(document) => {
            let saved = store.save_run(&document, None, deadline).await?;
            if matches!(saved, Saved::As(_)) {
                tell::started(&document);
            }
            Ok(TakenUp::as_saved(*document, saved))
        }
        Reception::GoOn(document) => {
            let etag = found.and_then(|found| found.etag);
            let Some(document) = take(&document) else {
                return Ok(TakenUp::Run(Box::new(Under { document: *document, etag })));
            };
            let saved = store.save_run(&document, etag.as_ref(), deadline).await?;
            Ok(TakenUp::as_saved(document, saved))
        }
        Reception::Later(message) => {
            app.reconciler.sender.send(Queue::BatchRuns, &[message], now, deadline).await?;
            Ok(TakenUp::Nothing)
        }
        Reception::Nothing(reason) => {
            tell::known(run_id, reason);
            Ok(TakenUp::Nothing)
        }
        Reception::Reject(reason) => {
            reject(app, NAME, reason, &item.body, deadline).await?;
            Ok(TakenUp::Nothing)
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
            let sent = sender.send(Queue::NoncompliantResources, &step.send, now, deadline).await;
            // A queue that does not serve is no fault of the place. That this cannot be written down holds up nothing.
            if let Err(error) = &sent
                && !error.is_about_the_message()
                && let Some(document) = lay_down(&under.document)
            {
                let _ = store.save_run(&document, under.etag.as_ref(), deadline).await;
            }
            sent?;
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
