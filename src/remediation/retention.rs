//! How long finished tasks stay in Resource Manager: they are people's evidence, so only where `KEEP_TASKS_FOR` is set does the worker
//! delete any, and only its own whose outcome its document still shows. Each is asked for once: what may not be deleted stays.

use super::refusals::Refusal;
use crate::arm::ArmError;
use crate::config::{Mode, Policy};
use crate::event::Timestamp;
use crate::resource::Target;
use crate::state::{PastTask, TargetDocument, TaskName};

/// When the next task is to be deleted; none where none is.
pub(super) fn next(document: &TargetDocument, policy: &Policy) -> Option<Timestamp> {
    kept(document, policy).map(|(_, until)| until).min()
}

/// A task that has been kept long enough.
pub(super) fn over<'a>(document: &'a TargetDocument, policy: &Policy, now: Timestamp) -> Option<&'a TaskName> {
    kept(document, policy).find(|(_, until)| *until <= now).map(|(task, _)| &task.name)
}

/// Whether what was answered to the deletion will be answered again: the task is not there, or the worker lacks the right. What is
/// refused of a whole subscription may pass with it.
pub(super) fn stays_for_good(error: &ArmError, target: &Target) -> bool {
    let is_of_subscription = || Refusal::of(error, target).is_some_and(|refusal| refusal.is_of_subscription());
    error.is_missing() || error.is_final() && !is_of_subscription()
}

/// The document with the task marked as seen to.
pub(super) fn seen_to(document: &TargetDocument, task: &TaskName) -> TargetDocument {
    let mut changed = document.clone();
    changed.history.iter_mut().filter(|past| past.name == *task).for_each(|past| past.seen_to = true);
    changed
}

/// The finished tasks that are still there, and how long they stay.
fn kept<'a>(
    document: &'a TargetDocument,
    policy: &Policy,
) -> impl Iterator<Item = (&'a PastTask, Timestamp)> + use<'a> {
    let keep_for = policy.keep_tasks_for.filter(|_| policy.mode == Mode::Act);
    let until = move |task: &'a PastTask| Some((task, task.ended_at + keep_for?));
    document.history.iter().filter(|task| !task.seen_to).filter_map(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::CallKind;
    use crate::remediation::fixture::{installation, now, policy, target};
    use std::time::Duration;

    #[test]
    fn a_missing_right_is_for_good_and_a_subscription_that_is_disabled_is_not() {
        let call = CallKind::DeleteTask;
        let refused = |status, code: &str| {
            let (code, message) = (code.to_owned(), String::new());
            match status {
                401 => ArmError::Unauthorized { call, code, message },
                404 => ArmError::NotFound { call, code, message },
                _ => ArmError::Refused { call, status, code, message },
            }
        };
        for (status, code, for_good) in [
            (404, "RemediationNotFound", true),
            (403, "AuthorizationFailed", true),
            (400, "InvalidDeleteRemediationRequest", true),
            (404, "SubscriptionNotFound", false),
            (409, "ReadOnlyDisabledSubscription", false),
            (401, "InvalidAuthenticationTokenTenant", false),
            (401, "ExpiredAuthenticationToken", false),
        ] {
            assert_eq!(stays_for_good(&refused(status, code), &target()), for_good, "{status} {code}");
        }
        assert!(!stays_for_good(&ArmError::Lost { call, words: String::new() }, &target()));
    }

    #[test]
    fn a_task_is_over_once_it_was_kept_long_enough_and_never_where_nothing_is_set_or_only_planned() {
        let name = |sequence| TaskName::new(&installation(), &target().hash(), sequence);
        let past = |sequence: u64| PastTask {
            name: name(sequence),
            state: "Succeeded".to_owned(),
            opened_at: now(),
            ended_at: now() + Duration::from_secs(sequence),
            fixed: 1,
            unfixed: 0,
            seen_to: false,
        };
        let mut document = TargetDocument::new(target());
        document.history = vec![past(1), past(2)];
        let day = Duration::from_secs(86_400);
        let keeping = Policy { keep_tasks_for: Some(day), mode: Mode::Act, ..policy() };
        let at = |seconds| now() + day + Duration::from_secs(seconds);
        assert_eq!(next(&document, &keeping), Some(at(1)));
        assert_eq!((over(&document, &keeping, at(0)), over(&document, &keeping, at(1))), (None, Some(&name(1))));
        let rest = seen_to(&document, &name(1));
        assert_eq!((next(&rest, &keeping), over(&rest, &keeping, at(1))), (Some(at(2)), None));
        for other in [Policy { mode: Mode::Plan, ..keeping.clone() }, Policy { keep_tasks_for: None, ..keeping }] {
            assert_eq!((next(&document, &other), over(&document, &other, at(9))), (None, None));
        }
    }
}
