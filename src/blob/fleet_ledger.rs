//! What assignments have taken of first steps and paces, read and entered. Many targets of an instance enter at a time: while one write is
//! under way the others gather, and go together with the next, so that few instances write the document at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::warn;

use remediation::control::fleet::{Entered, Entry, enter};
use remediation::document::{ETag, FleetDocument, Versioned};

use crate::azure::{Clocks, Contest, Deadline};

use super::breakers::{tell_closed, tell_opened};
use super::container::Saved;
use super::state_error::StateError;
use super::store::Store;
use super::write_pace::WritePace;

/// What was read counts for so long when it is asked how much may go. An open breaker counts for no time: whoever closes it wakes those that
/// it held, and they must not find it open.
const COUNTS_FOR: Duration = Duration::from_secs(60);

/// The ledgers of all assignments.
pub struct FleetLedger {
    /// Nobody waits for a write longer than this.
    longest: Duration,
    lines: Mutex<HashMap<String, Arc<Line>>>,
}

/// The ledger of the assignments of one name.
#[derive(Default)]
struct Line {
    waiting: Mutex<Vec<(Entry, oneshot::Sender<Entered>)>>,
    /// Whoever has it writes for all that wait. Who only reads needs none.
    turn: tokio::sync::Mutex<()>,
    known: tokio::sync::Mutex<Known>,
    /// Held by nobody who waits: between a read and its write there is no time for that.
    writing: Mutex<Writing>,
}

#[derive(Default)]
struct Known {
    document: Option<Versioned<FleetDocument>>,
    read_at: Option<Instant>,
}

#[derive(Default)]
struct Writing {
    written_at: Option<Instant>,
    /// The ETag that was seen last.
    seen: Option<ETag>,
    pace: WritePace,
}

impl Writing {
    /// How long to wait before the next write.
    fn pause(&self) -> Duration {
        self.pace.wait(self.written_at.map(|at| at.elapsed()), fastrand::f64())
    }

    /// The document is as this ETag says. Where others are found to write it as well, how long they are let go first.
    fn look(&mut self, etag: Option<&ETag>) -> Option<Duration> {
        let seen = std::mem::replace(&mut self.seen, etag.cloned());
        if seen.is_none() || seen.as_ref() == etag {
            self.pace.alone();
            return None;
        }
        self.pace.shared().then(|| self.pace.aside(fastrand::f64()))
    }
}

impl Line {
    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FleetLedger {
    /// One in which a task is entered well before the opening of it is another's: twice so long is waited at most, and some for lost races.
    #[must_use]
    pub fn new(opening_grace: Duration) -> Self {
        Self { longest: opening_grace / 6, lines: Mutex::default() }
    }

    /// What the assignments of this name have taken.
    ///
    /// # Errors
    /// When storage cannot be read until the deadline, or the document cannot be used.
    pub async fn read(
        &self,
        store: &Store,
        assignment: &str,
        deadline: Deadline,
    ) -> Result<Arc<FleetDocument>, StateError> {
        let line = self.line(assignment);
        let mut known = line.known.lock().await;
        let is_open = |document: &FleetDocument| document.breakers.values().any(|breaker| breaker.open.is_some());
        if let (Some(document), Some(at)) = (&known.document, known.read_at)
            && at.elapsed() < COUNTS_FOR
        {
            if !is_open(&document.document) {
                return Ok(Arc::new(document.document.clone()));
            }
            // All ask anew now, and none waits for another's answer.
            drop(known);
            let asked_at = Instant::now();
            let document = store.fleet(assignment, deadline).await?;
            known = line.known.lock().await;
            if known.read_at.is_some_and(|at| at > asked_at) {
                return Ok(Arc::new(document.document));
            }
            return Ok(Self::keep(&line, &mut known, document));
        }
        let document = store.fleet(assignment, deadline).await?;
        Ok(Self::keep(&line, &mut known, document))
    }

    /// Keeps what was just read, and tells of what has closed. It, to look at.
    fn keep(line: &Line, known: &mut Known, document: Versioned<FleetDocument>) -> Arc<FleetDocument> {
        if let Some(before) = &known.document {
            tell_closed(&before.document, &document.document);
        }
        let read = Arc::new(document.document.clone());
        line.writing().seen.clone_from(&document.etag);
        (known.document, known.read_at) = (Some(document), Some(Instant::now()));
        read
    }

    /// Enters it, with what else has gathered.
    ///
    /// # Errors
    /// When storage cannot be written until the deadline, or the document cannot be used.
    pub async fn enter(
        &self,
        store: &Store,
        clocks: &Clocks,
        assignment: &str,
        entry: Entry,
        deadline: Deadline,
    ) -> Result<Entered, StateError> {
        let line = self.line(assignment);
        loop {
            let (tell, mut told) = oneshot::channel();
            line.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((entry.clone(), tell));
            let turn = line.turn.lock().await;
            // Whoever had the turn before may have taken it along.
            match told.try_recv() {
                Ok(entered) => return Ok(entered),
                // Its write failed: once more, under this turn of its own.
                Err(oneshot::error::TryRecvError::Closed) => {
                    drop(turn);
                    if deadline.has_passed() {
                        return Err(StateError::Contended { blob: FleetDocument::blob(assignment) });
                    }
                    continue;
                }
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            let pause = line.writing().pause();
            tokio::time::sleep(pause.min(self.longest).min(deadline.left() / 2)).await;
            let gathered = std::mem::take(&mut *line.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            let entries: Vec<Entry> = gathered.iter().map(|(entry, _)| entry.clone()).collect();
            let all = write(store, clocks, assignment, &line, &entries, deadline).await?;
            for ((_, tell), entered) in gathered.into_iter().zip(all) {
                // Whoever waited for it may be gone.
                let _ = tell.send(entered);
            }
            return told.try_recv().map_err(|_| StateError::Contended { blob: FleetDocument::blob(assignment) });
        }
    }

    fn line(&self, assignment: &str) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lines.entry(assignment.to_owned()).or_default())
    }
}

/// Tells of fixes that a first step has waited for in vain.
fn tell_given_up(assignment: &str, entry: &Entry) {
    let Entry::Judge(judged, _) = entry else { return };
    if judged.given_up.is_empty() {
        return;
    }
    warn!(
        event = "step_unverified",
        assignment,
        reference = judged.reference,
        subscription = %judged.subscription,
        resources = judged.given_up.len(),
        "no evaluation that can be read has confirmed fixes of a first step: it waits for them no longer"
    );
}

/// Writes all entries in one.
async fn write(
    store: &Store,
    clocks: &Clocks,
    assignment: &str,
    line: &Line,
    entries: &[Entry],
    deadline: Deadline,
) -> Result<Vec<Entered>, StateError> {
    let mut contest = Contest::until(deadline);
    loop {
        // What is kept is old where others write as well. Whoever only reads does not wait for the write.
        let Versioned { document, etag } = store.fleet(assignment, deadline).await?;
        let others_first = line.writing().look(etag.as_ref());
        if let Some(pause) = others_first {
            // Those who were woken together would all write now.
            tokio::time::sleep(pause.min(deadline.left() / 4)).await;
            continue;
        }
        // Times are by storage's clock, which all instances see.
        let at = clocks.moment().stored_before;
        let mut changed = document.clone();
        let entered: Vec<Entered> = entries.iter().map(|entry| enter(&mut changed, entry, at)).collect();
        let saved = if changed == document {
            etag.clone().map_or(Saved::As(ETag(String::new())), Saved::As)
        } else {
            store.save_fleet(&changed, etag.as_ref(), deadline).await?
        };
        let is_changed = changed != document;
        match saved {
            Saved::As(new) => {
                // What was decided without a write was decided on what was read before: it counts no longer than that.
                tell_opened(&document, &changed);
                tell_closed(&document, &changed);
                if is_changed {
                    entries.iter().for_each(|entry| tell_given_up(assignment, entry));
                }
                if is_changed {
                    let mut writing = line.writing();
                    writing.pace.won();
                    (writing.written_at, writing.seen) = (Some(Instant::now()), Some(new.clone()));
                }
                let mut known = line.known.lock().await;
                if is_changed {
                    known.read_at = Some(Instant::now());
                }
                if !new.0.is_empty() {
                    known.document = Some(Versioned { document: changed, etag: Some(new) });
                }
                return Ok(entered);
            }
            Saved::Conflict => {
                let pause = {
                    let mut writing = line.writing();
                    writing.pace.lost();
                    writing.pace.aside(fastrand::f64())
                };
                // Those who lost to one lose to each other when they come again at once.
                tokio::time::sleep(pause.min(deadline.left() / 4)).await;
                if !contest.goes_on().await {
                    return Err(StateError::Contended { blob: FleetDocument::blob(assignment) });
                }
            }
        }
    }
}
