//! The tasks that this instance has opened of late. A list of tasks that was read before has none of them; as a rule their claims
//! tell of them, but not where documents were lost or restored since.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use remediation::document::TaskKind;
use remediation::fact::{ActiveTasks, ListedTask, NewTask, TaskState};
use remediation::id::SubscriptionId;

/// Most tasks that are kept, each with the ids of at most a wave: the oldest go first.
const MOST: usize = 200;

/// The latest tasks of all subscriptions.
#[derive(Debug, Default)]
pub struct Opened {
    tasks: Mutex<VecDeque<(Instant, SubscriptionId, ListedTask)>>,
}

impl Opened {
    /// Keeps a task that Resource Manager took.
    pub(super) fn keep(&self, task: &NewTask) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if tasks.len() >= MOST {
            tasks.pop_front();
        }
        tasks.push_back((Instant::now(), task.target.subscription().clone(), listed(task)));
    }

    /// Adds to a list what was opened since it was read, or may have been.
    pub(super) fn add_to(&self, list: ActiveTasks, subscription: &SubscriptionId, read_at: Instant) -> ActiveTasks {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let known = list.known();
        let of_it = tasks.iter().filter(|(at, of, _)| *at >= read_at && of == subscription).map(|(.., task)| task);
        let more: Vec<_> = of_it
            .filter(|task| !known.iter().any(|known| known.name == task.name && known.scope == task.scope))
            .cloned()
            .collect();
        match list {
            ActiveTasks::All(known) => ActiveTasks::All([known, more].concat()),
            ActiveTasks::Some(known) => ActiveTasks::Some([known, more].concat()),
        }
    }
}

/// The task as a list would have it.
fn listed(task: &NewTask) -> ListedTask {
    let reference = task.target.policy_definition_reference_id.as_ref();
    ListedTask {
        name: task.name.as_str().to_owned(),
        scope: task.target.scope.as_str().to_owned(),
        assignment: task.target.policy_assignment_id.as_str().to_owned(),
        reference: reference.map(|reference| reference.as_str().to_owned()).unwrap_or_default(),
        resources: match task.kind {
            TaskKind::Listed => Some(task.resources.iter().map(|id| id.as_str().to_owned()).collect()),
            TaskKind::WholeScope { .. } => None,
        },
        state: TaskState::Active,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use remediation::fixture::{new_task, target};

    fn task(sequence: u64) -> NewTask {
        new_task(sequence, 1)
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_has_what_was_opened_since_it_was_read_and_once() {
        let opened = Opened::default();
        opened.keep(&task(1));
        tokio::time::advance(Duration::from_secs(1)).await;
        let read_at = Instant::now();
        opened.keep(&task(2));
        opened.keep(&task(3));
        let list = ActiveTasks::All(vec![listed(&task(3))]);
        let names = |list: &ActiveTasks| list.known().iter().map(|task| task.name.clone()).collect::<Vec<_>>();
        let whole = opened.add_to(list, target().subscription(), read_at);
        assert_eq!(names(&whole), [task(3).name.as_str(), task(2).name.as_str()]);
        assert!(matches!(whole, ActiveTasks::All(_)));
        let other = "/subscriptions/00000000-0000-0000-0000-000000000001".parse::<remediation::id::Scope>().unwrap();
        let elsewhere = opened.add_to(ActiveTasks::Some(Vec::new()), other.subscription(), read_at);
        assert_eq!(elsewhere, ActiveTasks::Some(Vec::new()));
    }

    #[test]
    fn no_more_tasks_are_kept_than_there_is_room_for() {
        let (opened, begun) = (Opened::default(), Instant::now());
        (0..=MOST).for_each(|n| opened.keep(&task(n as u64)));
        let list = opened.add_to(ActiveTasks::All(Vec::new()), target().subscription(), begun);
        assert_eq!(list.known().len(), MOST);
        assert_eq!(list.known()[0].name, task(1).name.as_str());
    }
}
