//! What assignments have taken of first steps and paces, read and entered. Many targets of an instance enter at a time: while one write is
//! under way the others gather, and go together with the next, so that few instances write the document at a time. How long they gather
//! follows from how often the write loses its race against other instances.

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
/// Writes of an instance are so far apart, unless it has written nothing of the assignment for longer, and not further where races are lost.
const GATHERED_FOR: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(10)];
/// Whoever has written nothing for longer waits for so long at most: what many instances are woken for they all enter at once.
const FIRST_AFTER: Duration = Duration::from_millis(1_500);
/// By so much the pause grows with a lost race and shrinks with a won one: where it comes to rest, few races in a hundred are lost.
const LOST: f64 = 1.5;
const WON: f64 = 0.99;

/// The ledgers of all assignments.
#[derive(Default)]
pub struct FleetLedger {
    lines: Mutex<HashMap<String, Arc<Line>>>,
}

/// The ledger of the assignments of one name.
#[derive(Default)]
struct Line {
    waiting: Mutex<Vec<(Entry, oneshot::Sender<Entered>)>>,
    /// Whoever has it writes for all that wait. Who only reads needs none.
    turn: tokio::sync::Mutex<()>,
    known: tokio::sync::Mutex<Known>,
}

#[derive(Default)]
struct Known {
    document: Option<Versioned<FleetDocument>>,
    read_at: Option<Instant>,
    written_at: Option<Instant>,
    pace: WritePace,
}

impl Known {
    /// How long to wait before the next write.
    fn pause(&self) -> Duration {
        self.pace.wait(self.written_at.map(|at| at.elapsed()), fastrand::f64())
    }
}

/// How far apart the writes of an instance are.
#[derive(Debug, Clone, Copy)]
struct WritePace(Duration);

impl Default for WritePace {
    fn default() -> Self {
        Self(GATHERED_FOR[0])
    }
}

impl WritePace {
    /// How long to wait before the next write, where the last one was so long ago; `share` is drawn, from 0 to 1. Instances that began
    /// together must not go on in step.
    fn wait(self, since: Option<Duration>, share: f64) -> Duration {
        let pause = self.0.mul_f64(0.75 + share / 2.0);
        match since {
            Some(since) if since < pause => pause - since,
            Some(_) | None => FIRST_AFTER.mul_f64(share),
        }
    }

    /// How long who has lost lets others go first.
    fn aside(self, share: f64) -> Duration {
        self.0.mul_f64(share / 2.0)
    }

    fn lost(&mut self) {
        self.0 = self.0.mul_f64(LOST).min(GATHERED_FOR[1]);
    }

    fn won(&mut self) {
        self.0 = self.0.mul_f64(WON).max(GATHERED_FOR[0]);
    }
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
            let pause = line.known.lock().await.pause();
            tokio::time::sleep(pause.min(deadline.left() / 4)).await;
            let gathered = std::mem::take(&mut *line.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            let entries: Vec<Entry> = gathered.iter().map(|(entry, _)| entry.clone()).collect();
            let all = write(store, clocks, assignment, &line.known, &entries, deadline).await?;
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
    known: &tokio::sync::Mutex<Known>,
    entries: &[Entry],
    deadline: Deadline,
) -> Result<Vec<Entered>, StateError> {
    let mut contest = Contest::until(deadline);
    loop {
        // What is kept is old where others write as well. Whoever only reads does not wait for the write.
        let Versioned { document, etag } = store.fleet(assignment, deadline).await?;
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
                let mut known = known.lock().await;
                if is_changed {
                    known.pace.won();
                    let now = Some(Instant::now());
                    (known.written_at, known.read_at) = (now, now);
                }
                if !new.0.is_empty() {
                    known.document = Some(Versioned { document: changed, etag: Some(new) });
                }
                return Ok(entered);
            }
            Saved::Conflict => {
                let pause = {
                    let mut known = known.lock().await;
                    known.pace.lost();
                    known.pace.aside(fastrand::f64())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_further_apart_the_more_races_are_lost_and_no_two_instances_go_in_step() {
        let mut pace = WritePace::default();
        let [shortest, longest] = GATHERED_FOR;
        assert_eq!(pace.wait(Some(Duration::ZERO), 0.5), shortest);
        assert_ne!(pace.wait(Some(Duration::ZERO), 0.1), pace.wait(Some(Duration::ZERO), 0.9));
        for since in [None, Some(longest * 2)] {
            assert!(pace.wait(since, 0.0).is_zero() && pace.wait(since, 1.0) == FIRST_AFTER, "{since:?}");
        }
        pace.lost();
        assert!(pace.0 > shortest && pace.aside(0.1) < pace.aside(0.9) && pace.aside(1.0) < pace.0);
        (0..99).for_each(|_| pace.won());
        assert_eq!(pace.0, shortest, "one lost race is made up for");
        (0..99).for_each(|_| pace.lost());
        assert_eq!(pace.0, longest, "a pass has no more time than that");
        // Where three of a hundred are lost it neither grows nor shrinks.
        let mut pace = WritePace(Duration::from_secs(5));
        for _ in 0..3 {
            (0..32).for_each(|_| pace.won());
            pace.lost();
        }
        assert!((4..=7).contains(&pace.0.as_secs()), "{pace:?}");
    }
}
