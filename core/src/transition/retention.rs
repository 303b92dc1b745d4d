//! How long finished tasks stay in Resource Manager: they are people's evidence, so only where `KEEP_TASKS_FOR` is set does the worker
//! delete any, and only its own whose outcome its document still shows. Each is asked for once: what may not be deleted stays.

use std::time::Duration;

use crate::control::mode::mode;
use crate::document::{PastTask, TargetDocument, TaskName};
use crate::settings::{Mode, Tuning};
use crate::time::Timestamp;
use crate::wave::allowed::forbids_all;

/// When a finished task that could not be deleted is asked for again.
const LATER: Duration = Duration::from_secs(86_400);

/// Whether finished tasks are still to be deleted.
pub(crate) fn keeps_any(document: &TargetDocument, tuning: &Tuning) -> bool {
    kept(document, tuning).next().is_some()
}

/// When the target is looked at next for the sake of a finished task; none where none is to be deleted. One that is over and still
/// there could not be deleted now. A message that lay in the queue for longer than a park lasts would only gather there.
pub(crate) fn pass_over(document: &TargetDocument, tuning: &Tuning, now: Timestamp) -> Option<Timestamp> {
    let first = kept(document, tuning).map(|(_, until)| until).min()?;
    Some(if first > now { first } else { now + LATER }.min(now + tuning.park_for))
}

/// A task that has been kept long enough.
pub(crate) fn over<'a>(document: &'a TargetDocument, tuning: &Tuning, now: Timestamp) -> Option<&'a TaskName> {
    kept(document, tuning).find(|(_, until)| *until <= now).map(|(task, _)| &task.name)
}

/// The document with the task marked as seen to.
pub(crate) fn seen_to(document: &TargetDocument, task: &TaskName) -> TargetDocument {
    let mut changed = document.clone();
    changed.history.iter_mut().filter(|past| past.name == *task).for_each(|past| past.seen_to = true);
    changed
}

/// The finished tasks that are still there and not left out by the guard rails, and how long they stay.
fn kept<'a>(
    document: &'a TargetDocument,
    tuning: &Tuning,
) -> impl Iterator<Item = (&'a PastTask, Timestamp)> + use<'a> {
    let target = &document.target;
    let acts = mode(tuning, &target.policy_assignment_id, None) == Mode::Act;
    let may_act = acts && forbids_all(target, &tuning.guard_rails).is_none();
    let keep_for = tuning.keep_tasks_for.filter(|_| may_act);
    let until = move |task: &'a PastTask| Some((task, task.ended_at + keep_for?));
    document.history.iter().filter(|task| !task.seen_to).filter_map(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{installation, now, past_task, target, tuning, tuning_with};

    #[test]
    fn a_task_is_over_once_it_was_kept_long_enough_and_never_where_nothing_is_set_or_only_planned_or_left_out() {
        let name = |sequence| TaskName::new(&installation(), &target().hash(), sequence);
        let past = |sequence| PastTask { ended_at: now() + Duration::from_secs(sequence), ..past_task(name(sequence)) };
        let mut document = TargetDocument::new(target());
        document.history = vec![past(1), past(2)];
        let day = Duration::from_secs(86_400);
        let keeping = |tuning: Tuning| Tuning { keep_tasks_for: Some(day), mode: Mode::Act, ..tuning };
        let acting = keeping(tuning());
        let at = |seconds| now() + day + Duration::from_secs(seconds);
        assert_eq!(pass_over(&document, &acting, now()), Some(at(1)));
        assert_eq!((over(&document, &acting, at(0)), over(&document, &acting, at(1))), (None, Some(&name(1))));
        assert_eq!(pass_over(&document, &acting, at(1)), Some(at(1) + LATER), "it could not be deleted");
        let impatient = Tuning { park_for: Duration::from_secs(60), ..acting.clone() };
        assert_eq!(pass_over(&document, &impatient, now()), Some(now() + Duration::from_secs(60)));
        let rest = seen_to(&document, &name(1));
        assert_eq!((pass_over(&rest, &acting, at(1)), over(&rest, &acting, at(1))), (Some(at(2)), None));
        let planning = Tuning { mode: Mode::Plan, ..acting.clone() };
        let unset = Tuning { keep_tasks_for: None, ..acting };
        for other in [planning, unset, keeping(tuning_with("EXCLUDE_SCOPES", "*"))] {
            assert_eq!((pass_over(&document, &other, now()), over(&document, &other, at(9))), (None, None));
            assert!(!keeps_any(&document, &other));
        }
    }
}
