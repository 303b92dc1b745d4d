//! The lines about what a write of a target's document decided.

use remediation::decision_event::{DecisionEvent, ResourceEvent, decision_events};
use remediation::document::{FailureClass, TargetDocument};
use remediation::id::{ResourceId, Target};
use remediation::time::time_text;

use super::verified::Verified;
use crate::telemetry::about;

/// A write of a target's document, as it was and as it is.
pub fn written(before: &TargetDocument, after: &TargetDocument) {
    for approval in after.void_approvals.iter().filter(|id| !before.void_approvals.contains(id)) {
        about!(warn, &after.target, event = "approval_void", %approval, "a plan was approved that was made on other facts of the target: it covers nothing of it any more; plan anew and approve that");
    }
    let owner = after.owner.as_deref();
    let mut verified = Verified::of(&after.target);
    for event in decision_events(before, after) {
        told(&after.target, owner, &event);
        verified.take(&event);
    }
    verified.tell();
}

fn told(target: &Target, owner: Option<&str>, event: &DecisionEvent<'_>) {
    match *event {
        DecisionEvent::TaskOpening { task, resources } => {
            about!(debug, target, event = "task_opening", task = %task.name, kind = task.kind.as_str(), resources, "a remediation task is about to be opened");
        }
        DecisionEvent::TaskOpen { task, resources } => {
            about!(debug, target, event = "task_open", task = %task.name, resources, "the remediation task is open");
        }
        DecisionEvent::TaskOverdue { task } => {
            about!(warn, target, event = "task_overdue", task = %task.name, opened_at = time_text(task.opened_at), "the remediation task runs longer than TASK_TIMEOUT; look at it in the portal");
        }
        DecisionEvent::DeploymentsLacking { task, passes } => {
            about!(warn, target, event = "deployments_lacking", task = %task, passes, "the list of the task's deployments lacks some that its counters tell of; what is not in it counts as not deployed");
        }
        DecisionEvent::TaskEnded { task } => {
            // Two clocks: it was opened by storage's.
            let seconds = (task.ended_at - task.opened_at).as_seconds_f64().max(0.0);
            about!(info, target, event = "task_ended", task = %task.name, state = task.state, fixed = task.fixed, unfixed = task.unfixed, seconds, "the remediation task has ended");
        }
        DecisionEvent::TaskNotOpened { task } => {
            about!(info, target, event = "task_not_opened", task = %task, "the remediation task was not opened; its resources wait");
        }
        DecisionEvent::TargetParked { park, resources } => {
            about!(
                warn,
                target,
                event = "target_parked",
                owner,
                reason = park.reason.as_str(),
                class = class_text(park.class),
                words = park.words,
                hint = park.hint,
                until = time_text(park.until),
                resources,
                "the whole target is parked"
            );
        }
        DecisionEvent::TargetUnparked { park, resources } => {
            about!(
                info,
                target,
                event = "target_unparked",
                reason = park.reason.as_str(),
                since = time_text(park.since),
                resources,
                "the target's park is over; its resources go on"
            );
        }
        DecisionEvent::TargetLeftOut { reason } => {
            about!(
                info,
                target,
                event = "target_left_out",
                reason = reason.as_str(),
                "the guard rails leave out the whole target"
            );
        }
        DecisionEvent::TargetNotRemediable { effect, seen } => {
            about!(
                info,
                target,
                event = "target_not_remediable",
                effect,
                seen,
                "no task remediates the policy of the target; from now on what comes is only counted"
            );
        }
        DecisionEvent::TargetRemediable { seen } => {
            about!(
                info,
                target,
                event = "target_remediable",
                seen,
                "the policy of the target has another effect, or is gone; what was counted is looked for in the policy states"
            );
        }
        DecisionEvent::Resource { resource, attempt, task, what } => {
            resource_told(target, owner, resource, attempt, task, what);
        }
    }
}

fn resource_told(
    target: &Target,
    owner: Option<&str>,
    resource: &ResourceId,
    attempt: u32,
    task: &str,
    what: ResourceEvent<'_>,
) {
    match what {
        ResourceEvent::Fixed { seconds } => {
            about!(info, target, event = "resource_fixed", %resource, attempt, task, observed_to_fixed_seconds = seconds, "the resource is fixed");
        }
        ResourceEvent::Verified { seconds } => {
            about!(debug, target, event = "resource_verified", %resource, observed_to_verified_seconds = seconds, "the fix is verified");
        }
        ResourceEvent::ParkedWithTarget { park } => {
            about!(debug, target, event = "resource_parked_with_target", %resource, attempt, task, reason = park.reason.as_str(), until = time_text(park.until), "the resource keeps its place while its target is parked");
        }
        ResourceEvent::Parked { reason, class, words, hint, until } => {
            about!(warn, target, event = "resource_parked", owner, %resource, attempt, task, reason = reason.as_str(), class = class_text(class), words, hint, until = time_text(until), "the resource is parked");
        }
        ResourceEvent::Retry { class, words, due } => {
            about!(info, target, event = "resource_retry", %resource, attempt, task, class = class_text(class), words, due = time_text(due), "the resource waits again");
        }
        ResourceEvent::Blocked { due } => {
            about!(debug, target, event = "resource_blocked", %resource, attempt, task, due = time_text(due), "the resource waits again");
        }
        ResourceEvent::Waiting { reason, due } => {
            about!(debug, target, event = "resource_waiting", %resource, attempt, reason, due = time_text(due), "the resource waits");
        }
        ResourceEvent::InTask => {
            about!(debug, target, event = "resource_in_task", %resource, attempt, task, "the resource is in the task");
        }
        ResourceEvent::Skipped { reason } => {
            about!(info, target, event = "resource_skipped", %resource, reason = reason.as_str(), "the resource is skipped");
        }
    }
}

fn class_text(class: Option<FailureClass>) -> &'static str {
    class.map(FailureClass::as_str).unwrap_or_default()
}
