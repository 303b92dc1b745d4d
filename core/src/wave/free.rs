//! A wave that nothing is in the way of, and the task that it makes.

use std::collections::BTreeSet;

use crate::document::{TargetDocument, TaskKind, TaskName, TaskRequest};
use crate::fact::NewTask;
use crate::id::ResourceId;
use crate::settings::Tuning;

use super::conflicts::Blockers;
use super::eligible::Eligible;

/// A wave that nothing is in the way of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Free {
    wave: Eligible,
}

impl Free {
    /// Asks claims and active tasks. None when every resource is blocked.
    pub(crate) fn among(mut wave: Eligible, blockers: &Blockers<'_>) -> Option<Self> {
        wave.resources.retain(|id| !blockers.block(id));
        (!wave.resources.is_empty()).then_some(Self { wave })
    }

    /// One resource of it, to go ahead of the others: one of a group in which none was tried, if there is such.
    pub(crate) fn canary(mut self, tried: &[&ResourceId]) -> Self {
        let group = |id: &ResourceId| id.resource_group().map(|group| group.to_string());
        let groups: Vec<_> = tried.iter().map(|id| group(id)).collect();
        let place = self.wave.resources.iter().position(|id| !groups.contains(&group(id))).unwrap_or_default();
        self.wave.resources.swap(0, place);
        self.wave.resources.truncate(1);
        self
    }

    /// The task that remediates the wave: what `act` creates and `plan` shows. Its resources are in the order in which the
    /// document keeps them, so that the request is the same whoever makes it.
    pub(crate) fn into_task(self, name: TaskName, document: &TargetDocument, tuning: &Tuning) -> NewTask {
        let mut resources = self.wave.resources;
        resources.sort();
        task(name, document, tuning, self.wave.reference, TaskKind::Listed, resources)
    }
}

/// The task of the target with this name.
pub(crate) fn task(
    name: TaskName,
    document: &TargetDocument,
    tuning: &Tuning,
    reference: Option<String>,
    kind: TaskKind,
    resources: Vec<ResourceId>,
) -> NewTask {
    // All resources of a task wait with the same options.
    let options = resources.iter().find_map(|id| document.resources.get(id)).map(|entry| entry.options.clone());
    let options = options.unwrap_or_default();
    NewTask {
        name,
        target: document.target.clone(),
        kind,
        resources,
        request: TaskRequest {
            reference,
            parallel_deployments: options.parallel_deployments.unwrap_or(tuning.parallel_deployments),
            failure_threshold: options.failure_threshold.map_or(tuning.failure_threshold, f32::from),
            locations: BTreeSet::new(),
        },
    }
}
