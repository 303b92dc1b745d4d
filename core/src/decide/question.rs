//! What a pass asks Resource Manager, and what it is answered.

use crate::document::TaskName;
use crate::fact::{ActiveTasks, CallKind, DeploymentList, Facts, PolicyState, ScopeStates, TaskStatus};
use crate::id::{ResourceId, Scope};
use crate::role::Rights;
use crate::time::Timestamp;

/// A question to Resource Manager. All may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The facts of the assignment.
    Facts,
    /// The same, read at this time or later: a final verdict is drawn from them.
    FactsSince(Timestamp),
    /// The rights of the assignment's identity over the target's scope, read at this time or later where one is named.
    Rights(Option<Timestamp>),
    /// The latest policy states of these resources. The answer may be for the first of them only.
    States(Vec<ResourceId>),
    /// The non-compliant states of the target's scope, for the sake of a wave: it takes fewer calls than to ask for so many by name. The
    /// answer may be a while old, and tell of some of them only.
    Listed {
        /// The resources of the wave.
        wave: Vec<ResourceId>,
        /// All that wait, these among them: the waves after this one share the list.
        waiting: Vec<ResourceId>,
    },
    /// All resources of the target's scope that are non-compliant with its policy, from the beginning or from a link that an
    /// earlier answer gave.
    AllNonCompliant(Option<String>),
    /// The active tasks of the subscription.
    ActiveTasks,
    /// The task with this name.
    Task(TaskName),
    /// The deployments of this task, from the beginning or from a link that an earlier answer gave.
    Deployments(TaskName, Option<String>),
    /// How far the evaluation of this scope is, at the link that an answer gave.
    Evaluation(Scope, String),
}

/// What Resource Manager answered to a question.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The facts.
    Facts(Facts),
    /// The rights.
    Rights(Rights),
    /// The states of these resources.
    States(Vec<ResourceId>, Vec<PolicyState>),
    /// States of some that are non-compliant, from a list that was begun at this time or later, by any clock.
    Listed(Timestamp, Vec<PolicyState>),
    /// All that is non-compliant, as far as it could be read.
    AllNonCompliant(ScopeStates),
    /// The active tasks.
    ActiveTasks(ActiveTasks),
    /// The task; none when there is no such task.
    Task(TaskName, Option<TaskStatus>),
    /// Deployments of the task.
    Deployments(TaskName, DeploymentList),
}

impl Answer {
    /// The kind of call that gave it; none where the call was refused or told nothing.
    pub(crate) fn call(&self) -> Option<CallKind> {
        match self {
            Self::Facts(_) => Some(CallKind::ListAssignments),
            // What of it is refused is told in it.
            Self::Rights(_) => None,
            Self::States(..) => Some(CallKind::QueryStates),
            // What is kept is no call, and what is refused is told when it is asked for by name.
            Self::Listed(..) => None,
            Self::AllNonCompliant(list) => (!list.is_refused && !list.is_unanswered()).then_some(CallKind::QueryStates),
            Self::ActiveTasks(_) => Some(CallKind::ListTasks),
            Self::Task(..) => Some(CallKind::ReadTask),
            Self::Deployments(..) => Some(CallKind::ListDeployments),
        }
    }
}
