//! A remediation task: its deployments, one turn after the other, and how it ends.

use std::collections::VecDeque;

use remediation::fact::{Deployment, DeploymentCounts, DeploymentStatus, TaskState, TaskStatus};
use remediation::id::{ResourceId, Target};
use remediation::time::Timestamp;

/// How a task ends, if nothing else is said: as its deployments did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Normal,
    /// Its last word is only that it is complete.
    Complete,
    /// A person canceled it.
    Canceled,
    /// Too many deployments failed, or it lost its assignment: the rest never began.
    GivenUp,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) resources: Vec<ResourceId>,
    pub(crate) person: bool,
    /// It has its scope, and keeps all other targets out.
    pub(crate) whole: bool,
    /// Above this share of failures the rest does not begin.
    pub(crate) threshold: f64,
    pub(crate) parallel: usize,
    pub(crate) began_at: Timestamp,
    /// Deployments that have not ended yet, in the order of their ends.
    pub(crate) turns: VecDeque<(Timestamp, ResourceId)>,
    pub(crate) ends_at: Timestamp,
    /// Between these times it is in a state of a word that nobody knows.
    pub(crate) odd: Option<(Timestamp, Timestamp)>,
    pub(crate) ending: Ending,
    pub(crate) ended: bool,
    pub(crate) deployments: Vec<Deployment>,
}

impl Task {
    /// When the next thing happens in it.
    pub(super) fn next(&self) -> Timestamp {
        self.turns.front().map_or(self.ends_at, |(at, _)| *at)
    }

    pub(crate) fn failures(&self) -> usize {
        self.deployments.iter().filter(|d| matches!(d.status, DeploymentStatus::Failed { .. })).count()
    }

    /// Some had their turn and it failed as a whole: what had none has had no attempt.
    pub(crate) fn failed_halfway(&self) -> bool {
        let failed = self.ending == Ending::GivenUp || (self.ending == Ending::Normal && self.failures() > 0);
        failed && !self.deployments.is_empty()
    }

    /// How its deployment to the resource ended; none when there is none.
    pub(crate) fn outcome(&self, resource: &ResourceId) -> Option<&Deployment> {
        self.deployments.iter().find(|d| d.resource == resource.as_str())
    }

    fn word(&self, now: Timestamp) -> &'static str {
        let odd = self.odd.is_some_and(|(from, to)| from <= now && now < to);
        match (self.ended, self.ending) {
            (false, Ending::Canceled) => "Cancelling",
            (false, _) if odd => "Reticulating",
            (false, _) if self.turns.len() == self.resources.len() => "Accepted",
            (false, _) => "Running",
            (true, Ending::Canceled) => "Canceled",
            (true, Ending::Complete) => "Complete",
            (true, Ending::GivenUp) => "Failed",
            (true, Ending::Normal) if self.failures() > 0 => "Failed",
            (true, Ending::Normal) => "Succeeded",
        }
    }

    /// What a pass is told of it.
    pub(super) fn status(&self, now: Timestamp) -> TaskStatus {
        let (word, deployments) = (self.word(now).to_owned(), DeploymentCounts::default());
        TaskStatus { state: TaskState::of_word(&word), word, created_on: None, deployments }
    }
}
