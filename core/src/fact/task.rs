//! Remediation tasks as Resource Manager tells of them.

use std::collections::BTreeSet;

use crate::time::Timestamp;

/// Where a task stands. Names that are not known count as active: the service adds some over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// Accepted, Evaluating, Running, Cancelling, or unknown.
    Active,
    /// Every deployment succeeded, or there was none.
    Succeeded,
    /// At least one deployment failed.
    Failed,
    /// A person canceled it.
    Canceled,
    /// Ended without saying how.
    Complete,
}

impl TaskState {
    /// What the service's word means, in any case.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            "canceled" | "cancelled" => Self::Canceled,
            "complete" => Self::Complete,
            _ => Self::Active,
        }
    }
}

/// A task as Resource Manager tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// Where it stands.
    pub state: TaskState,
    /// The same in the service's word.
    pub word: String,
    /// When it was created or restarted.
    pub created_on: Option<Timestamp>,
    /// How many deployments it has.
    pub deployments: DeploymentCounts,
}

/// The counters of a task, as far as it tells them. They may lag behind its state. A list of its deployments that is shorter
/// than they say is not whole: what is not in it may yet have been deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeploymentCounts {
    /// All deployments.
    pub total: Option<u64>,
    /// Those that succeeded.
    pub successful: Option<u64>,
    /// Those that failed.
    pub failed: Option<u64>,
}

/// A task of the list of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTask {
    /// Its name, folded.
    pub name: String,
    /// The scope that it was created at, folded; empty, which holds everything, where it cannot be read.
    pub scope: String,
    /// Its assignment, folded; empty where it, or which policy of it, cannot be read: then it may be any.
    pub assignment: String,
    /// Its reference id, folded, empty when none.
    pub reference: String,
    /// The resources that it is limited to, folded; none: all of its scope.
    pub resources: Option<BTreeSet<String>>,
    /// Where it stands.
    pub state: TaskState,
}

/// The active tasks of a subscription, whoever opened them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActiveTasks {
    /// All of them.
    All(Vec<ListedTask>),
    /// Those of the assignment and some of the others: the list is being read.
    Some(Vec<ListedTask>),
}

impl ActiveTasks {
    /// Those that are known.
    #[must_use]
    pub fn known(&self) -> &[ListedTask] {
        match self {
            Self::All(tasks) | Self::Some(tasks) => tasks,
        }
    }
}
