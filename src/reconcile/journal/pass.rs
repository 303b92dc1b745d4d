//! What a pass came to, and what it would do in plan mode.

use remediation::decide::{Idle, Pass, Plan};
use remediation::id::Target;
use remediation::message::WakeUp;
use remediation::time::time_text;
use remediation::wave::Skipped;

use crate::arm::{calls, cut_to};
use crate::telemetry::about;

/// Longest request that a plan shows, in bytes: log lines beyond 32 KiB are cut by who takes them in, without a word.
const LONGEST_BODY: usize = 24 << 10;
/// Most resources of a plan that are told one by one.
const MOST_LEAVING: usize = 100;

/// Plan mode: what would be done. A plan that was shown last as well is only mentioned.
pub(in crate::reconcile) fn plan(target: &Target, plan: &Plan) {
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
            reason = cause.reason.as_str(),
            words = cause.words,
            hint = cause.reason.hint(),
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
        "the pass over the target has ended"
    );
}
