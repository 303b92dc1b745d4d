//! A remediation task to be created: the whole of what is asked.

use crate::document::{TaskKind, TaskName, TaskRequest};
use crate::id::{ResourceId, Target};

/// A remediation task to be created: the whole of what is asked, and what a plan shows.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Its name.
    pub name: TaskName,
    /// Scope, assignment and reference.
    pub target: Target,
    /// What it is limited to.
    pub kind: TaskKind,
    /// The resources that it is meant for; at most 100, unless it takes whatever is non-compliant in its scope.
    pub resources: Vec<ResourceId>,
    /// The rest of what is asked.
    pub request: TaskRequest,
}
