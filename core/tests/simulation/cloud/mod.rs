//! Resource Manager: assignments and resources as they really are, what Azure Policy knows of them, and tasks with a life of
//! their own. What must never happen there is an error at once.

mod answers;
mod calls;
mod creation;
mod deployments;
mod evaluation;
mod grants;
mod people;
mod scans;
mod task;
mod truth;

use std::collections::{BTreeMap, BTreeSet};

use remediation::fact::NewTask;
use remediation::id::Target;
use remediation::role::RoleId;
use remediation::time::Timestamp;

pub(crate) use task::{Ending, Task};
pub(crate) use truth::{Assigned, Fixer, Key, Trouble, Truth};

pub(crate) use grants::role;

use calls::Instance;
use scans::Scans;

use crate::scenario::Scenario;

#[derive(Default)]
pub(crate) struct Cloud {
    /// Those that run, and those that ended and have not been deleted.
    pub(crate) tasks: Vec<Task>,
    pub(crate) truth: BTreeMap<Key, Truth>,
    pub(crate) assigned: BTreeMap<Target, Assigned>,
    /// Requests that are still under way though their caller has given them up.
    late: Vec<(Timestamp, NewTask)>,
    /// Names of tasks that a person deleted, or that went with their assignment.
    pub(crate) deleted: BTreeSet<String>,
    /// When tasks that are there were not found last.
    overlooked: BTreeMap<String, Timestamp>,
    scans: Scans,
    instances: [Instance; 2],
    pub(crate) created: usize,
    /// The role assignments that the worker made: scope, role and principal, with its name.
    pub(crate) granted: BTreeMap<(String, RoleId, String), String>,
    /// Until when the worker has no role.
    pub(crate) refused_until: Option<Timestamp>,
}

impl Cloud {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let truth = scenario.scripts.iter().map(|script| (script.key.clone(), Truth::new(script))).collect();
        let assigned = scenario.assigned.iter().cloned().collect();
        Self { truth, assigned, ..Self::default() }
    }

    /// When the next thing happens that is not to be waited for by a message: a late request arrives, a deployment, a task or an
    /// evaluation ends.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let late = self.late.iter().map(|(at, _)| *at);
        late.chain(self.active().map(Task::next)).chain(self.scans.ends()).filter(|at| *at > now).min()
    }

    pub(crate) fn active(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| !task.ended)
    }

    pub(crate) fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// Whether a request for this task may still arrive.
    pub(crate) fn is_under_way(&self, name: &str) -> bool {
        self.late.iter().any(|(_, task)| task.name.as_str() == name)
    }

    fn is_gone(&self, target: &Target) -> bool {
        self.assigned.get(target).is_none_or(|assigned| assigned.gone)
    }
}
