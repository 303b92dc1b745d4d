//! What the opening of a task writes into the target's document, step by step. Each step can be repeated after a crash.

use std::time::Duration;

use crate::document::{
    Absence, ActiveTask, EntryState, FailureClass, GivingUp, LastFailure, ParkReason, TargetDocument, TaskPhase,
};
use crate::fact::NewTask;
use crate::settings::Tuning;
use crate::time::{Moment, Timestamp};

use super::backoff::next_attempt;
use super::failure::classify;
use super::states::{park, park_failed};

/// Longest time for the request for a task.
const REQUEST: Duration = Duration::from_secs(10);

/// Writes down that the task is about to be created.
pub(crate) fn open(document: &mut TargetDocument, task: &NewTask, tuning: &Tuning, moment: Moment) {
    document.sequence = task.name.sequence();
    let (opened_at, check_at) = (moment.stored_before, moment.now + tuning.opening_grace);
    let kind = task.kind.clone();
    let active = ActiveTask::new(task.name.clone(), kind, TaskPhase::Opening, opened_at, check_at);
    document.active = Some(ActiveTask { request: Some(task.request.clone()), ..active });
    for id in &task.resources {
        if let Some(entry) = document.resources.get_mut(id) {
            entry.state = EntryState::InTask;
        }
    }
}

/// How long an opening is left to its owner: `OPENING_GRACE`, doubled for each request without an answer, at most
/// `CHECK_INTERVAL_MAX`.
pub(crate) fn grace(active: &ActiveTask, tuning: &Tuning) -> Duration {
    let most = tuning.check_interval_max.max(tuning.opening_grace);
    let doubled = tuning.opening_grace.checked_mul(2_u32.saturating_pow(active.unanswered));
    doubled.map_or(most, |grace| grace.min(most))
}

/// Longest time for the request for a task: one try, and at most half of the time for which the opening is left to its owner.
#[must_use]
pub fn longest_request(tuning: &Tuning) -> Duration {
    REQUEST.min(tuning.opening_grace / 2)
}

/// Makes this instance the owner of an opening that another left.
pub(crate) fn take_over(document: &mut TargetDocument, tuning: &Tuning, moment: Moment) {
    if let Some(active) = &mut document.active {
        active.opened_at = moment.stored_before;
        active.check_at = moment.now + grace(active, tuning);
        active.absence = match active.absence {
            Some(Absence::Seen) => Some(Absence::Before),
            // That one may have asked for it.
            Some(Absence::Before) | None => None,
        };
    }
}

/// From now on nobody asks for the task any more. Somebody may have, so it is looked for as long as that may arrive.
pub(crate) fn begin_to_give_up(document: &mut TargetDocument, how: GivingUp, moment: Moment) {
    if let Some(active) = &mut document.active {
        active.giving_up = Some(how);
        active.missing_since = None;
        active.opened_at = moment.stored_before;
    }
}

/// The request for the task had no answer, and the task is not there.
pub(crate) fn unanswered(document: &mut TargetDocument) {
    if let Some(active) = &mut document.active {
        active.unanswered = active.unanswered.saturating_add(1);
    }
}

/// Writes down that Resource Manager has the task.
pub(crate) fn opened(document: &mut TargetDocument, tuning: &Tuning, now: Timestamp) {
    if let Some(active) = &mut document.active {
        active.phase = TaskPhase::Open;
        (active.giving_up, active.absence, active.missing_since) = (None, None, None);
        active.check_at = now + tuning.check_interval_min;
    }
}

/// Gives the wave up without an attempt being counted: it was not its fault.
pub fn back_to_waiting(document: &mut TargetDocument, due: Timestamp) {
    document.active = None;
    for entry in document.resources.values_mut().filter(|e| e.state == EntryState::InTask) {
        entry.state = EntryState::Waiting { due };
        entry.seen_in_task = None;
    }
}

/// The service refused the task for a reason that is not known to pass: an attempt of every resource is used up.
pub(crate) fn refused(document: &mut TargetDocument, words: &str, tuning: &Tuning, now: Timestamp) {
    let Some(active) = document.active.take() else { return };
    for (id, entry) in document.resources.iter_mut().filter(|(_, e)| e.state == EntryState::InTask) {
        entry.seen_in_task = None;
        // What stands against the resource uses no attempt up.
        if classify("", words, id) == FailureClass::Denied {
            let (reason, class) = (ParkReason::DenyAssignment, FailureClass::Denied);
            entry.state = park_failed(id, reason, class, words.to_owned(), tuning, now);
        } else if entry.attempt >= tuning.max_attempts {
            entry.state = park(ParkReason::AttemptsUsedUp, None, words.to_owned(), tuning, now);
        } else {
            entry.state = EntryState::Waiting { due: next_attempt(entry.attempt, &active.name, tuning, now) };
            entry.attempt += 1;
            entry.last_failure = Some(LastFailure { words: words.to_owned(), ..LastFailure::default() });
        }
    }
}
