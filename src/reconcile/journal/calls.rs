//! What Resource Manager was asked to do, and what it did not answer.

use remediation::document::TaskName;
use remediation::fact::{NewTask, TaskStatus};
use remediation::id::Target;

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

/// A finished task may not be deleted. Told once a subscription.
pub(in crate::reconcile) fn task_kept(target: &Target, task: &TaskName, error: &ArmError) {
    about!(warn, target, event = "task_kept", %task, error = error_chain(error), "a finished task cannot be deleted and stays, and so do others of the subscription; grant the action, or leave KEEP_TASKS_FOR at none");
}
