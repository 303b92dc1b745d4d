//! What a pass came to, and what it would do in plan mode.

use std::time::Duration;

use remediation::decide::{Idle, Pass, Plan};
use remediation::document::TargetDocument;
use remediation::id::Target;
use remediation::message::WakeUp;
use remediation::time::{Timestamp, time_text};
use remediation::wave::Skipped;

use crate::arm::{calls, cut_to};
use crate::telemetry::about;
use crate::told::Told;

/// Longest text of a line, such as the request that a plan shows, in bytes: log lines beyond 32 KiB are cut by who takes them in, without a word.
pub(super) const LONGEST_BODY: usize = 24 << 10;
/// Most resources of a plan that are told one by one.
const MOST_LEAVING: usize = 100;

/// Plan mode: what would be done. A plan that was shown last as well is only mentioned.
pub(in crate::reconcile) fn plan(target: &Target, owner: Option<&str>, plan: &Plan) {
    let task = plan.task.as_ref().map(|task| task.name.as_str()).unwrap_or_default();
    let (count, leaving) = (plan.task.as_ref().map_or(0, |task| task.resources.len()), plan.leaving());
    if plan.is_known {
        about!(info, target, event = "plan_unchanged", task, count, leaving, "plan mode: as shown before, {plan}");
        return;
    }
    let body = plan.task.as_ref().map(|task| calls::create_task(task).body_text()).unwrap_or_default();
    let request = cut_to(body, LONGEST_BODY);
    about!(info, target, event = "plan", task, count, leaving, request, "plan mode: {plan}");
    if let Some(cause) = &plan.cause {
        about!(
            info,
            target,
            event = "plan_target_parked",
            owner,
            reason = cause.reason.as_str(),
            words = cause.words,
            hint = cause.hint.as_deref().unwrap_or(cause.reason.hint()),
            "plan mode: the whole target would be parked"
        );
    }
    if let Some(scope) = &plan.evaluation {
        about!(info, target, event = "plan_evaluation", evaluated_scope = %scope, "plan mode: an evaluation of this scope would be asked for");
    }
    for Skipped { resource, reason } in plan.skipped.iter().take(MOST_LEAVING) {
        about!(info, target, event = "plan_leaving", %resource, reason = reason.as_str(), "plan mode: this resource would leave");
    }
}

/// A policy that changes identities has waited for the whole list of tasks for so long that a person should know.
const LONG: Duration = Duration::from_secs(3_600);

/// Tells, once a target and process, of a policy that changes identities and cannot go on, since the list of tasks is not read whole.
pub(in crate::reconcile) fn tasks_awaited(
    target: &Target,
    pass: &Pass,
    now: Timestamp,
    told: &Told<(&'static str, String)>,
) {
    let awaited = pass.idle() == Some(Idle::TaskListAwaited);
    let since = pass.document().filter(|_| awaited).and_then(TargetDocument::earliest_due);
    if let Some(since) = since.filter(|since| *since + LONG <= now)
        && told.is_news(("task_list_awaited", target.hash().to_string()))
    {
        about!(
            warn,
            target,
            event = "task_list_awaited",
            since = time_text(since),
            "the policy changes identities, which goes beside no other task, and the list of tasks of the subscription is too long to be read whole in time; delete tasks that have ended, or set KEEP_TASKS_FOR"
        );
    }
}

/// What a person can do about a rest that lasts, where that is not told otherwise.
fn ended(idle: Option<Idle>) -> &'static str {
    match idle {
        Some(Idle::PaceReached) => {
            "the pass over the target has ended: the pace of its assignment is reached; raise MAX_RESOURCES_PER_DAY or MAX_RESOURCES_PER_HOUR knowingly, or maxPerDay or maxPerHour of the assignment"
        }
        Some(_) | None => "the pass over the target has ended",
    }
}

/// The end of a pass.
pub(in crate::reconcile) fn passed(wake_up: &WakeUp, pass: &Pass) {
    let idle = pass.idle().map(Idle::as_str).unwrap_or_default();
    let wake_at = pass.document().and_then(|d| d.wake_at).map(time_text).unwrap_or_default();
    about!(
        info,
        &wake_up.target,
        event = "target_reconciled",
        generation = wake_up.generation,
        stale = pass.is_stale(),
        idle,
        wake_at,
        "{}",
        ended(pass.idle())
    );
}
