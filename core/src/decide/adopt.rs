//! A task of the target runs that its document does not name: a document was lost or restored, or a request came late. Nobody
//! else would follow it, and all others must keep out of its way: so it is taken in as the target's active task.

use crate::document::{ActiveTask, Entry, EntryState, TargetDocument, TaskKind, TaskName, TaskPhase};
use crate::fact::ListedTask;
use crate::id::ResourceId;
use crate::time::Timestamp;

use super::context::Context;
use super::question::Question;
use super::step::Next;

impl Context<'_> {
    /// Takes a task in that is the target's and that its document does not know, if it runs: the list may be old.
    pub(crate) fn adopt(self) -> Option<Next> {
        let (name, task) = self.known().stray()?;
        match self.pass.answers.task.as_ref().filter(|(found, _)| *found == name) {
            None => Some(self.ask(Question::Task(name))),
            // It is in the way as long as it is listed.
            Some((_, None)) => None,
            Some((_, Some(_))) => {
                let mut changed = self.document.clone();
                adopt(&mut changed, name, task, self.now);
                Some(Self::step(changed))
            }
        }
    }
}

fn adopt(document: &mut TargetDocument, name: TaskName, task: &ListedTask, now: Timestamp) {
    // The number in the name is the time at which it was given.
    let named = i64::try_from(name.sequence()).ok().and_then(|seconds| Timestamp::from_unix_timestamp(seconds).ok());
    let opened_at = named.filter(|at| *at < now).unwrap_or(now);
    let resources = task.resources.iter().flatten().filter_map(|id| id.parse::<ResourceId>().ok());
    for id in resources {
        let entry = document.resources.entry(id).or_insert_with(|| Entry::waiting(opened_at, now));
        entry.state = EntryState::InTask;
    }
    document.sequence = document.sequence.max(name.sequence());
    let kind = if task.resources.is_some() { TaskKind::Listed } else { TaskKind::WholeScope { count: TaskKind::MOST } };
    // It may have booked; where it has not, to report its end changes nothing.
    let active = ActiveTask::new(name, kind, TaskPhase::Open, opened_at, now);
    document.active = Some(ActiveTask { booked: true, ..active });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::decide::closed_gate_tests::play;
    use crate::decide::idle::Idle;
    use crate::decide::pass::Pass;
    use crate::decide::question::Answer;
    use crate::decide::step::{Observed, Transition};
    use crate::fact::{ActiveTasks, TaskState};
    use crate::fixture::{installation, now, pass_over, resource, status, target, tuning, waiting};
    use crate::message::WakeUp;

    fn listed(name: &TaskName, resources: Option<BTreeSet<String>>) -> ListedTask {
        ListedTask {
            name: name.to_string(),
            scope: target().scope.to_string(),
            assignment: target().policy_assignment_id.to_string(),
            reference: String::new(),
            resources,
            state: TaskState::Active,
        }
    }

    #[test]
    fn a_task_is_taken_in_with_all_its_resources_and_since_it_was_named() {
        let opened_at = now() - std::time::Duration::from_secs(90);
        let number = u64::try_from(opened_at.unix_timestamp()).unwrap();
        let name = TaskName::new(&installation(), &target().hash(), number);
        let mut document = waiting(1);
        let ids = [0, 7].map(|n| resource(n).to_string()).into();
        adopt(&mut document, name.clone(), &listed(&name, Some(ids)), now());
        assert_eq!(document.in_task().cloned().collect::<Vec<_>>(), [0, 7].map(resource));
        let active = document.active.unwrap();
        assert_eq!((active.name, active.kind, active.opened_at), (name.clone(), TaskKind::Listed, opened_at));
        assert_eq!(document.sequence, number);
        let mut document = waiting(1);
        adopt(&mut document, name.clone(), &listed(&name, None), now());
        assert!(document.active.is_some_and(|active| active.kind.is_whole()));
    }

    /// A pass over a target with one due resource, which has read this list of tasks.
    fn look_with(tasks: Vec<ListedTask>) -> Pass {
        let document = waiting(1);
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        play(&mut pass, document, |next| *next == Next::Ask(Question::ActiveTasks));
        pass.observe(Observed::Answer(Answer::ActiveTasks(ActiveTasks::All(tasks))));
        pass
    }

    #[test]
    fn a_listed_task_is_looked_up_before_it_is_taken_in_and_one_that_has_ended_is_in_nobodys_way() {
        let name = |sequence| TaskName::new(&installation(), &target().hash(), sequence);
        let pass = look_with([7, 8].map(|n| listed(&name(n), None)).to_vec());
        assert_eq!(pass.next(&tuning(), now()), Next::Ask(Question::Task(name(7))));
        let told = |pass: &Pass, sequence, answer| {
            let mut pass = pass.clone();
            pass.observe(Observed::Answer(Answer::Task(name(sequence), answer)));
            pass
        };
        let first_ended = told(&pass, 7, Some(status(TaskState::Complete)));
        assert_eq!(first_ended.next(&tuning(), now()), Next::Ask(Question::Task(name(8))));
        let both_ended = told(&first_ended, 8, Some(status(TaskState::Failed)));
        assert!(matches!(both_ended.next(&tuning(), now()), Next::Ask(Question::States(_))), "a wave");
        let Next::Save(write) = told(&first_ended, 8, Some(status(TaskState::Active))).next(&tuning(), now()) else {
            panic!("not taken in")
        };
        assert_eq!(write.document.active.map(|active| active.name), Some(name(8)));
        // Nobody knows: it stays in the way.
        let Next::Save(write) = told(&first_ended, 8, None).next(&tuning(), now()) else { panic!("not idle") };
        assert_eq!(write.transition, Transition::Settled(Idle::Blocked));
    }
}
