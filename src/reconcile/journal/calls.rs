//! What Resource Manager was asked to do, and what it did not answer.

use remediation::document::TaskName;
use remediation::fact::{Effect, NewTask, PolicyState, TaskStatus};
use remediation::id::Target;

use remediation::role::{Grant, GrantAnswer};

use crate::arm::ArmError;
use crate::azure::error_chain;
use crate::telemetry::about;

/// The answer to the creation of a task.
pub(in crate::reconcile) fn put(task: &NewTask, answer: &Result<TaskStatus, ArmError>) {
    let target = &task.target;
    match answer {
        Ok(status) => {
            about!(info, target, event = "task_created", task = %task.name, resources = task.resources.len(), state = status.word, "Resource Manager took the remediation task");
        }
        Err(error @ (ArmError::Held { .. } | ArmError::NotSent { .. })) => {
            about!(info, target, event = "task_not_sent", task = %task.name, %error, "the remediation task was not asked for; its resources wait")
        }
        Err(error @ (ArmError::Lost { .. } | ArmError::Unauthorized { .. } | ArmError::Unreadable { .. })) => {
            about!(warn, target, event = "task_unanswered", task = %task.name, %error, "nobody knows whether Resource Manager has the remediation task; it is looked for")
        }
        Err(error) => {
            about!(warn, target, event = "task_refused", task = %task.name, %error, "Resource Manager did not take the remediation task")
        }
    }
}

/// Resource Manager did not answer what was asked for the target.
pub(in crate::reconcile) fn unanswered(target: &Target, error: &ArmError) {
    about!(
        warn,
        target,
        event = "question_unanswered",
        error = error_chain(error),
        "Resource Manager did not answer; the target waits"
    );
}

/// A finished task was deleted.
pub(in crate::reconcile) fn task_deleted(target: &Target, task: &TaskName) {
    about!(info, target, event = "task_deleted", %task, "a finished task was kept for KEEP_TASKS_FOR and is deleted");
}

/// A task was asked to end for a pause.
pub(in crate::reconcile) fn task_canceled(target: &Target, task: &TaskName) {
    about!(info, target, event = "task_canceled", %task, "what the task is of is paused with --cancel-tasks: it is asked to end, and its resources wait");
}

/// A task cannot be canceled. Told once a subscription.
pub(in crate::reconcile) fn task_not_canceled(target: &Target, task: &TaskName, error: &ArmError) {
    about!(warn, target, event = "task_not_canceled", %task, error = error_chain(error), "a task cannot be canceled for a pause, and others of the subscription may not be either; it has just ended, or the worker lacks Microsoft.PolicyInsights/remediations/cancel/action (CANCEL_TASKS)");
}

/// A finished task may not be deleted. Told once a subscription.
pub(in crate::reconcile) fn task_kept(target: &Target, task: &TaskName, error: &ArmError) {
    about!(warn, target, event = "task_kept", %task, error = error_chain(error), "a finished task cannot be deleted and stays, and so do others of the subscription; grant the action, or leave KEEP_TASKS_FOR at none");
}

/// The answer to a grant. What was granted leaves this trace, and the description of the role assignment.
pub(in crate::reconcile) fn granted(target: &Target, grant: &Grant, answer: &GrantAnswer) {
    let Grant { name, scope: at, role, principal, delegated_resource } = grant;
    match answer {
        GrantAnswer::Made => {
            about!(info, target, event = "role_granted", %role, principal, at, role_assignment = name, delegated = delegated_resource.is_some(), "a role that the policy asks for was given to the identity of its assignment");
        }
        GrantAnswer::NotYet(words) => {
            about!(info, target, event = "role_not_granted_yet", %role, principal, at, words, "the identity is not known everywhere yet; the role is granted again soon");
        }
        GrantAnswer::WithResource(words) | GrantAnswer::WithoutResource(words) | GrantAnswer::Refused(words) => {
            about!(warn, target, event = "role_not_granted", %role, principal, at, words, "a role could not be granted");
        }
    }
}

/// Something that the assignment says of itself cannot be read. Told once an assignment.
pub(in crate::reconcile) fn controls_unread(target: &Target, words: &str) {
    about!(
        warn,
        target,
        event = "controls_unread",
        words,
        "the metadata of the assignment cannot be read as far as it concerns the worker: it is only planned for until that is mended"
    );
}

/// A policy state has another effect than the definition under the assignment. The state counts. Told once an assignment.
pub(in crate::reconcile) fn effect_differs(target: &Target, state: &PolicyState, expected: &Effect) {
    let words = |effect: &Effect| match effect {
        Effect::Remediable => "deployIfNotExists or modify".to_owned(),
        Effect::Other(word) => word.clone(),
    };
    let found = state.effect.as_ref().map(words).unwrap_or_default();
    about!(
        warn,
        target,
        event = "effect_differs",
        resource = state.resource,
        found,
        expected = words(expected),
        "the policy state has another effect than the definition has under the assignment; the state counts"
    );
}
