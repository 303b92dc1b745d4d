//! The log of what was decided and done, written once, after it is stored. ARCHITECTURE lists these events and their fields.

use tracing::{info, warn};

use super::reconciliation::Reconciliation;
use super::step::Rest;
use crate::arm::{ArmError, NewTask, TaskStatus};
use crate::event::Timestamp;
use crate::queue::WakeUp;
use crate::state::{Change, EntryState, FailureClass, TargetDocument, TargetPark, TaskPhase, changes};

/// A write of a target's document: the task that opened, ended or is overdue, the target's park, and every resource that stands
/// differently.
pub fn written(before: &TargetDocument, after: &TargetDocument) {
    let target = after.target.hash();
    task(before, after);
    target_park(before, after);
    for change in changes(before, after) {
        resource(&change, after.parked.as_ref(), target.as_str(), task_name(before, after));
    }
}

fn target_park(before: &TargetDocument, after: &TargetDocument) {
    if before.parked == after.parked {
        return;
    }
    let (target, assignment) = (after.target.hash(), &after.target.policy_assignment_id);
    if let Some(park) = &before.parked {
        let resources = before.resources.values().filter(|entry| before.holds(entry)).count();
        info!(event = "target_unparked", %target, %assignment, reason = park.reason.as_str(), since = %park.since, resources, "the target's park is over; its resources go on");
    }
    if let Some(park) = &after.parked {
        let resources = after.resources.values().filter(|entry| after.holds(entry)).count();
        let class = park.class.map(FailureClass::as_str).unwrap_or_default();
        warn!(event = "target_parked", %target, %assignment, reason = park.reason.as_str(), class, words = park.words, hint = park.hint, until = %park.until, resources, "the whole target is parked");
    }
}

fn task(before: &TargetDocument, after: &TargetDocument) {
    let target = after.target.hash();
    let was = before.active.as_ref();
    if let Some(active) = &after.active {
        let phase = was.filter(|was| was.name == active.name).map(|was| was.phase);
        let resources = after.in_task().count();
        match (phase, active.phase) {
            (None, TaskPhase::Opening) => {
                info!(event = "task_opening", %target, task = %active.name, extent = active.extent.as_str(), resources, "a remediation task is about to be opened");
            }
            (_, TaskPhase::Open) if phase != Some(TaskPhase::Open) => {
                info!(event = "task_open", %target, task = %active.name, resources, "the remediation task is open");
            }
            (Some(_), _) | (None, TaskPhase::Open) => {}
        }
        if active.overdue_reported && was.is_some_and(|was| !was.overdue_reported) {
            warn!(event = "task_overdue", %target, task = %active.name, opened_at = %active.opened_at, "the remediation task runs longer than TASK_TIMEOUT; look at it in the portal");
        }
    }
    let ended = was.filter(|was| after.active.as_ref().is_none_or(|active| active.name != was.name));
    let Some(ended) = ended else { return };
    match after.history.last().filter(|past| past.name == ended.name) {
        Some(past) => {
            let seconds = (past.ended_at - past.opened_at).as_seconds_f64();
            info!(event = "task_ended", %target, task = %past.name, state = past.state, fixed = past.fixed, unfixed = past.unfixed, seconds, "the remediation task has ended");
        }
        None => {
            info!(event = "task_not_opened", %target, task = %ended.name, "the remediation task was not opened; its resources wait")
        }
    }
}

/// The task that a change has to do with: the one that was active, or the one that is now.
fn task_name<'a>(before: &'a TargetDocument, after: &'a TargetDocument) -> &'a str {
    let active = before.active.as_ref().or(after.active.as_ref());
    active.map(|active| active.name.as_str()).unwrap_or_default()
}

fn resource(change: &Change<'_>, park: Option<&TargetPark>, target: &str, task: &str) {
    let resource = change.resource;
    let attempt = change.after.attempt;
    if let Some(at) = change.new_fix() {
        let seconds = seconds_between(change.before.map_or(at, |entry| entry.first_seen), at);
        info!(event = "resource_fixed", target, %resource, attempt = change.before.map_or(attempt, |entry| entry.attempt), task, observed_to_fixed_seconds = seconds, "the resource is fixed");
    }
    if let Some(park) = park.filter(|_| change.is_held) {
        info!(event = "resource_parked_with_target", target, %resource, attempt, task, reason = park.reason.as_str(), until = %park.until, "the resource keeps its place while its target is parked");
        return;
    }
    match &change.after.state {
        EntryState::Waiting { due } if change.is_retry() => {
            let counted = change.before.is_some_and(|entry| entry.attempt < attempt);
            let event = if counted { "resource_retry" } else { "resource_blocked" };
            let failure = change.after.last_failure.as_ref().filter(|_| counted);
            let class = failure.and_then(|failure| failure.class).map(FailureClass::as_str).unwrap_or_default();
            let words = failure.map(|failure| failure.words.as_str()).unwrap_or_default();
            info!(event, target, %resource, attempt, task, class, words, %due, "the resource waits again");
        }
        EntryState::Waiting { due } => {
            info!(event = "resource_waiting", target, %resource, attempt, %due, "the resource waits")
        }
        EntryState::InTask => {
            info!(event = "resource_in_task", target, %resource, attempt, task, "the resource is in the task");
        }
        // Said above.
        EntryState::Fixed { verified_at: None, .. } => {}
        EntryState::Fixed { verified_at: Some(verified_at), .. } => {
            let seconds = seconds_between(change.after.first_seen, *verified_at);
            info!(event = "resource_verified", target, %resource, observed_to_verified_seconds = seconds, "the fix is verified");
        }
        EntryState::Parked { reason, class, words, hint, until } => {
            let class = class.map(|class| class.as_str()).unwrap_or_default();
            warn!(event = "resource_parked", target, %resource, attempt, task, reason = reason.as_str(), class, words, hint, %until, "the resource is parked");
        }
        EntryState::Skipped { reason, .. } => {
            info!(event = "resource_skipped", target, %resource, reason = reason.as_str(), "the resource is skipped");
        }
    }
}

fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    (to - from).as_seconds_f64()
}

/// The answer to the creation of a task.
pub(super) fn put(task: &NewTask, answer: &Result<TaskStatus, ArmError>) {
    let target = task.target.hash();
    match answer {
        Ok(status) => {
            info!(event = "task_created", %target, task = %task.name, resources = task.resources.len(), state = status.word, "Resource Manager took the remediation task");
        }
        Err(error) => {
            warn!(event = "task_refused", %target, task = %task.name, %error, "Resource Manager did not take the remediation task")
        }
    }
}

/// The end of a look.
pub(super) fn looked(wake_up: &WakeUp, look: &Reconciliation) {
    let target = wake_up.target.hash();
    let rest = look.rest().map(Rest::as_str).unwrap_or_default();
    let wake_at = look.document().and_then(|d| d.wake_at).map(|at| at.to_string()).unwrap_or_default();
    info!(event = "target_looked_at", %target, generation = wake_up.generation, stale = look.is_stale(), rest, wake_at, "the look at the target has ended");
}
