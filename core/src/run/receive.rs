//! What a message of `batch-runs` means beside what is known of its run.

use std::time::Duration;

use crate::document::{RunDocument, RunSummary};
use crate::message::{BatchMessage, Continuation, Discovery, Outgoing};
use crate::time::Timestamp;

use super::begin::begin;

/// What a message means.
#[derive(Debug, Clone, PartialEq)]
pub enum Reception {
    /// The run begins, with this document.
    Begin(Box<RunDocument>),
    /// It goes on, from this document.
    GoOn(Box<RunDocument>),
    /// It goes on at another time: the message that says so is sent once more, the broker drops it if it is there.
    Later(Outgoing),
    /// There is nothing to do: the run has ended, or is not known.
    Nothing(&'static str),
    /// It cannot be done, for whoever wrote it.
    Reject(String),
}

/// What to do with a message, given what is known of the run.
#[must_use]
pub fn receive(message: &BatchMessage, known: Option<&RunDocument>, default: Discovery, now: Timestamp) -> Reception {
    match (message, known) {
        (BatchMessage::Run(run), None) => Reception::Begin(Box::new(begin((**run).clone(), default, now))),
        (BatchMessage::Run(run), Some(known)) if !run.is_same(&known.run) => Reception::Reject(format!(
            "runId: there is a run {} already, and it asked for something else; another run needs another runId",
            run.run_id
        )),
        (_, Some(known)) if known.ended_at.is_some() => Reception::Nothing("ended"),
        (BatchMessage::Run(_), Some(known)) => match continuation(known) {
            Some(later) if known.wake_at.is_some_and(|at| at > now) => Reception::Later(later),
            // Whoever was at it may have died, and this is the same message again. Two that are at it meet in the document.
            Some(_) | None => Reception::GoOn(Box::new(known.clone())),
        },
        (BatchMessage::Continuation(_), None) => Reception::Nothing("unknown"),
        (BatchMessage::Continuation(this), Some(known)) if this.continues < known.generation => {
            // The write of the generation came before a crash, and its message perhaps not.
            continuation(known).map_or(Reception::Nothing("superseded"), Reception::Later)
        }
        (BatchMessage::Continuation(_), Some(known)) => Reception::GoOn(Box::new(known.clone())),
    }
}

/// The message by which a run goes on that rests; none while somebody is at it.
fn continuation(known: &RunDocument) -> Option<Outgoing> {
    known.wake_at.map(|at| {
        let continuation = Continuation::new(known.run.run_id.clone(), known.generation);
        Outgoing::continuation(&continuation, at)
    })
}

/// Lets the run rest until then: its document, which is written first, and the message.
#[must_use]
pub fn put_off(known: &RunDocument, until: Timestamp) -> (RunDocument, Outgoing) {
    let mut document = known.clone();
    document.generation += 1;
    document.wake_at = Some(until);
    document.taken = false;
    let continuation = Continuation::new(document.run.run_id.clone(), document.generation);
    (document, Outgoing::continuation(&continuation, until))
}

/// Whether nobody will go on with the run: its message is overdue by more than `slack`, or whoever was at it is gone.
#[must_use]
pub fn is_stranded(summary: &RunSummary, slack: Duration, now: Timestamp) -> bool {
    let last = summary.wake_at.into_iter().chain(summary.progress_at).max();
    summary.ended_at.is_none() && last.is_none_or(|last| last + slack < now)
}
