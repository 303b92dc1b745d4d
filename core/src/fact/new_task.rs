//! A remediation task to be created: the whole of what is asked.

use crate::document::{Extent, TaskName};
use crate::id::{ResourceId, Target};

/// A remediation task to be created: the whole of what is asked, and what a plan shows.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Its name.
    pub name: TaskName,
    /// Scope, assignment and reference.
    pub target: Target,
    /// The reference id in the initiative's own casing, when the target has one.
    pub reference: Option<String>,
    /// What it is limited to.
    pub extent: Extent,
    /// The resources that it is meant for; at most 100, unless it takes whatever is non-compliant in its scope.
    pub resources: Vec<ResourceId>,
    /// Deployments at the same time, 1 to 30.
    pub parallel_deployments: u32,
    /// Share of failed deployments, 0.0 to 1.0, above which the task gives up.
    pub failure_threshold: f32,
}
