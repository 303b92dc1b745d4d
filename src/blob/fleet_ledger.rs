//! What assignments have taken of first steps and paces, read and entered. Many targets of an instance enter at a time: while one write is
//! under way the others gather, and go together with the next, so that few instances write the document at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
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

/// What was read counts for so long when it is asked how much may go.
const COUNTS_FOR: Duration = Duration::from_secs(60);
/// Writes of an instance are so far apart, unless it has written nothing of the assignment for longer.
const GATHERED_FOR: Duration = Duration::from_secs(3);

/// The ledgers of all assignments.
#[derive(Default)]
pub struct FleetLedger {
    lines: Mutex<HashMap<String, Arc<Line>>>,
}

/// The ledger of the assignments of one name.
#[derive(Default)]
struct Line {
    waiting: Mutex<Vec<(Entry, oneshot::Sender<Entered>)>>,
    known: tokio::sync::Mutex<Known>,
}

#[derive(Default)]
struct Known {
    document: Option<Versioned<FleetDocument>>,
    read_at: Option<Instant>,
    written_at: Option<Instant>,
}

impl FleetLedger {
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
        if let (Some(document), Some(at)) = (&known.document, known.read_at)
            && at.elapsed() < COUNTS_FOR
        {
            return Ok(Arc::new(document.document.clone()));
        }
        let document = store.fleet(assignment, deadline).await?;
        if let Some(before) = &known.document {
            tell_closed(&before.document, &document.document);
        }
        let read = Arc::new(document.document.clone());
        (known.document, known.read_at) = (Some(document), Some(Instant::now()));
        Ok(read)
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
            let mut known = line.known.lock().await;
            // Whoever had the turn before may have taken it along.
            match told.try_recv() {
                Ok(entered) => return Ok(entered),
                // Its write failed: once more, under this turn of its own.
                Err(oneshot::error::TryRecvError::Closed) => {
                    drop(known);
                    if deadline.has_passed() {
                        return Err(StateError::Contended { blob: FleetDocument::blob(assignment) });
                    }
                    continue;
                }
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            if let Some(since) = known.written_at.map(|at| at.elapsed()).filter(|since| *since < GATHERED_FOR) {
                tokio::time::sleep((GATHERED_FOR - since).min(deadline.left() / 4)).await;
            }
            let gathered = std::mem::take(&mut *line.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            let entries: Vec<Entry> = gathered.iter().map(|(entry, _)| entry.clone()).collect();
            let all = write(store, clocks, assignment, &mut known, &entries, deadline).await?;
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
    known: &mut Known,
    entries: &[Entry],
    deadline: Deadline,
) -> Result<Vec<Entered>, StateError> {
    let mut contest = Contest::until(deadline);
    loop {
        let kept = known.document.take();
        let was_kept = kept.is_some();
        let Versioned { document, etag } = match kept {
            Some(found) => found,
            None => store.fleet(assignment, deadline).await?,
        };
        // Times are by storage's clock, which all instances see.
        let at = clocks.moment().stored_before;
        let mut changed = document.clone();
        let entered: Vec<Entered> = entries.iter().map(|entry| enter(&mut changed, entry, at)).collect();
        // Only a write shows that what was kept still stands: another instance may have entered what this one reports.
        if was_kept && changed == document {
            continue;
        }
        let saved = if changed == document {
            etag.clone().map_or(Saved::As(ETag(String::new())), Saved::As)
        } else {
            store.save_fleet(&changed, etag.as_ref(), deadline).await?
        };
        match saved {
            Saved::As(new) => {
                let is_stored = !new.0.is_empty();
                let now = Instant::now();
                known.written_at = if changed == document { known.written_at } else { Some(now) };
                // What was decided without a write was decided on what was read before: it counts no longer than that.
                tell_opened(&document, &changed);
                tell_closed(&document, &changed);
                if changed != document {
                    entries.iter().for_each(|entry| tell_given_up(assignment, entry));
                }
                if is_stored {
                    known.document = Some(Versioned { document: changed, etag: Some(new) });
                }
                known.read_at = if known.written_at == Some(now) { Some(now) } else { known.read_at };
                return Ok(entered);
            }
            Saved::Conflict if contest.goes_on().await => {}
            Saved::Conflict => return Err(StateError::Contended { blob: FleetDocument::blob(assignment) }),
        }
    }
}
