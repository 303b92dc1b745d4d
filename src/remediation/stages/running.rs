//! A task is open: look at it when it is time, and take in its outcome when it has ended.

use super::super::backoff::next_look;
use super::super::outcome::{take_in, take_in_part};
use super::super::step::{Next, Question, Rest};
use super::View;
use crate::arm::{TaskState, TaskStatus};
use crate::state::ActiveTask;

impl View<'_> {
    pub(super) fn running(self, active: &ActiveTask) -> Next {
        let Some((_, status)) = self.look.task.as_ref().filter(|(name, _)| *name == active.name) else {
            if self.now < active.check_at {
                return self.rest(Some(active.check_at), Rest::TaskRunning);
            }
            return self.ask(Question::Task(active.name.clone(), active.extent.clone()));
        };
        let mut changed = self.document.clone();
        let Some(status) = status else {
            let deleted = TaskStatus { state: TaskState::Complete, word: "Deleted".to_owned(), created_on: None };
            take_in(&mut changed, &deleted, &[], self.policy, self.now);
            return Self::step(changed);
        };
        if status.state == TaskState::Active {
            let overdue = active.opened_at + self.policy.task_timeout < self.now;
            changed.active =
                Some(ActiveTask { overdue_reported: active.overdue_reported || overdue, ..active.clone() });
            return self.rest_as(&changed, Some(next_look(active.opened_at, self.policy, self.now)), Rest::TaskRunning);
        }
        let from = active.reading.as_ref().map(|reading| reading.next.clone());
        match self.look.deployments.as_ref().filter(|(name, list)| *name == active.name && list.from == from) {
            None => self.ask(Question::Deployments(active.name.clone(), active.extent.clone(), from)),
            Some((_, list)) => {
                take_in_part(&mut changed, status, &list.deployments, list.next.clone(), self.policy, self.now);
                Self::step(changed)
            }
        }
    }
}
