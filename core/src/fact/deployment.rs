//! The deployments of a task: one to each resource.

use crate::time::Timestamp;

/// How the deployment to one resource ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed {
        /// The service's code.
        code: String,
        /// The service's words.
        message: String,
    },
    /// It did not end, or was canceled.
    Open,
}

/// A deployment of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The resource, folded.
    pub resource: String,
    /// How it ended.
    pub status: DeploymentStatus,
    /// When it last changed: its end, once ended.
    pub ended: Option<Timestamp>,
}

/// A part of the list of a task's deployments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentList {
    /// The link by which the part was asked for; none: the beginning of the list.
    pub from: Option<String>,
    /// The deployments.
    pub deployments: Vec<Deployment>,
    /// The link to the rest; none at the end of the list, and when the rest cannot be had any more.
    pub next: Option<String>,
}
