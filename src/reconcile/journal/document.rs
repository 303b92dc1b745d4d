//! What a write of a target's document changed.

use remediation::decide::SHORT_LISTS;
use remediation::document::{Change, EntryState, FailureClass, TargetDocument, TargetPark, TaskPhase, changes};
use remediation::id::Target;
use remediation::time::time_text;

use crate::telemetry::about;

/// A write of a target's document: the task that opened, ended or is overdue, the target's park, and every resource that stands
/// differently.
pub fn written(before: &TargetDocument, after: &TargetDocument) {
    task(before, after);
    target_park(before, after);
    target_left_out(before, after);
    for change in changes(before, after) {
        resource(&change, after.parked.as_ref(), &after.target, task_name(before, after));
    }
}

fn target_left_out(before: &TargetDocument, after: &TargetDocument) {
    let rail = |document: &TargetDocument| document.excluded.as_ref().and_then(|excluded| excluded.rail);
    if let Some(reason) = rail(after).filter(|reason| rail(before) != Some(*reason)) {
        about!(
            info,
            &after.target,
            event = "target_left_out",
            reason = reason.as_str(),
            "the guard rails leave out the whole target"
        );
    }
}

fn target_park(before: &TargetDocument, after: &TargetDocument) {
    // The pause until the next try of what is refused is no news; and what is shared, another target tells.
    let told = |document: &'_ TargetDocument| document.parked.clone().filter(|park| !park.shared);
    let (was, is) = (told(before), told(after));
    if was.as_ref().map(|park| (park.reason, park.since)) == is.as_ref().map(|park| (park.reason, park.since)) {
        return;
    }
    if let Some(park) = &was {
        let resources = before.resources.values().filter(|entry| before.holds(entry)).count();
        about!(
            info,
            &after.target,
            event = "target_unparked",
            reason = park.reason.as_str(),
            since = time_text(park.since),
            resources,
            "the target's park is over; its resources go on"
        );
    }
    if let Some(park) = &is {
        let resources = after.resources.values().filter(|entry| after.holds(entry)).count();
        let class = park.class.map(FailureClass::as_str).unwrap_or_default();
        about!(
            warn,
            &after.target,
            event = "target_parked",
            reason = park.reason.as_str(),
            class,
            words = park.words,
            hint = park.hint,
            until = time_text(park.until),
            resources,
            "the whole target is parked"
        );
    }
}

fn task(before: &TargetDocument, after: &TargetDocument) {
    let target = &after.target;
    let was = before.active.as_ref();
    if let Some(active) = &after.active {
        let phase = was.filter(|was| was.name == active.name).map(|was| was.phase);
        let resources = after.in_task().count();
        match (phase, active.phase) {
            (None, TaskPhase::Opening) => {
                about!(debug, target, event = "task_opening", task = %active.name, kind = active.kind.as_str(), resources, "a remediation task is about to be opened");
            }
            (_, TaskPhase::Open) if phase != Some(TaskPhase::Open) => {
                about!(debug, target, event = "task_open", task = %active.name, resources, "the remediation task is open");
            }
            (Some(_), _) | (None, TaskPhase::Open) => {}
        }
        if active.overdue_reported && was.is_some_and(|was| !was.overdue_reported) {
            about!(warn, target, event = "task_overdue", task = %active.name, opened_at = time_text(active.opened_at), "the remediation task runs longer than TASK_TIMEOUT; look at it in the portal");
        }
    }
    let ended = was.filter(|was| after.active.as_ref().is_none_or(|active| active.name != was.name));
    let Some(ended) = ended else { return };
    if before.short_lists >= SHORT_LISTS {
        about!(warn, target, event = "deployments_lacking", task = %ended.name, passes = before.short_lists, "the list of the task's deployments lacks some that its counters tell of; what is not in it counts as not deployed");
    }
    match after.history.last().filter(|past| past.name == ended.name) {
        Some(past) => {
            // Two clocks: it was opened by storage's.
            let seconds = (past.ended_at - past.opened_at).as_seconds_f64().max(0.0);
            about!(info, target, event = "task_ended", task = %past.name, state = past.state, fixed = past.fixed, unfixed = past.unfixed, seconds, "the remediation task has ended");
        }
        None => {
            about!(info, target, event = "task_not_opened", task = %ended.name, "the remediation task was not opened; its resources wait")
        }
    }
}

/// The task that a change has to do with: the one that was active, or the one that is now.
fn task_name<'a>(before: &'a TargetDocument, after: &'a TargetDocument) -> &'a str {
    let active = before.active.as_ref().or(after.active.as_ref());
    active.map(|active| active.name.as_str()).unwrap_or_default()
}

fn resource(change: &Change<'_>, park: Option<&TargetPark>, target: &Target, task: &str) {
    let resource = change.resource;
    let attempt = change.after.attempt;
    if let Some(seconds) = change.seconds_to_fixed() {
        about!(info, target, event = "resource_fixed", %resource, attempt = change.before.map_or(attempt, |entry| entry.attempt), task, observed_to_fixed_seconds = seconds, "the resource is fixed");
    }
    if let Some(park) = park.filter(|_| change.is_held) {
        about!(debug, target, event = "resource_parked_with_target", %resource, attempt, task, reason = park.reason.as_str(), until = time_text(park.until), "the resource keeps its place while its target is parked");
        return;
    }
    match &change.after.state {
        EntryState::Waiting { due } if change.is_retry() => {
            let due = time_text(*due);
            if !change.is_counted_retry() {
                about!(debug, target, event = "resource_blocked", %resource, attempt, task, due, "the resource waits again");
                return;
            }
            let failure = change.after.last_failure.as_ref();
            let class = failure.and_then(|failure| failure.class).map(FailureClass::as_str).unwrap_or_default();
            let words = failure.map(|failure| failure.words.as_str()).unwrap_or_default();
            about!(info, target, event = "resource_retry", %resource, attempt, task, class, words, due, "the resource waits again");
        }
        // Only the time of the next pass over it is new.
        EntryState::Waiting { .. } if change.after.not_evaluated_since().is_some() => {}
        EntryState::Waiting { due } => {
            about!(debug, target, event = "resource_waiting", %resource, attempt, reason = why_waiting(change), due = time_text(*due), "the resource waits")
        }
        EntryState::InTask => {
            about!(debug, target, event = "resource_in_task", %resource, attempt, task, "the resource is in the task");
        }
        // The fix itself is said above.
        EntryState::Fixed { .. } => {
            let Some(seconds) = change.seconds_to_verified() else { return };
            about!(info, target, event = "resource_verified", %resource, observed_to_verified_seconds = seconds, "the fix is verified");
        }
        EntryState::Parked { reason, class, words, hint, until } => {
            let class = class.map(|class| class.as_str()).unwrap_or_default();
            about!(warn, target, event = "resource_parked", %resource, attempt, task, reason = reason.as_str(), class, words, hint, until = time_text(*until), "the resource is parked");
        }
        EntryState::Skipped { reason, .. } => {
            about!(info, target, event = "resource_skipped", %resource, reason = reason.as_str(), "the resource is skipped");
        }
    }
}

/// Why a resource waits that did not come from a failed attempt.
fn why_waiting(change: &Change<'_>) -> &'static str {
    match change.before.map(|entry| &entry.state) {
        None => "new",
        Some(state) if state.is_left_out() => "letIn",
        Some(EntryState::Fixed { .. }) if change.after.last_failure.is_some() => "fixDidNotHelp",
        Some(EntryState::Fixed { .. } | EntryState::Skipped { .. }) => "again",
        Some(EntryState::InTask) => "fixDidNotLast",
        Some(EntryState::Parked { .. }) => "parkOver",
        Some(EntryState::Waiting { .. }) if change.was_held => "targetParkOver",
        Some(EntryState::Waiting { .. }) => "evaluated",
    }
}
