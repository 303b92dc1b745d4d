//! A wave that nothing is in the way of, and the task that it makes.

use std::collections::{BTreeSet, HashSet};

use crate::document::{TargetDocument, TaskKind, TaskName, TaskRequest};
use crate::fact::NewTask;
use crate::id::{IdDigest, ResourceId};
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

    /// The resources, in the order in which they go.
    pub(crate) fn digests(&self) -> Vec<IdDigest> {
        self.wave.resources.iter().map(IdDigest::from).collect()
    }

    /// Those of it that first steps and pace let go.
    pub(crate) fn only(mut self, chosen: &[IdDigest]) -> Self {
        self.wave.resources.retain(|id| chosen.contains(&IdDigest::from(id)));
        self
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
        let meet = meet(document, &resources);
        let mut task = task(name, document, tuning, self.wave.reference, TaskKind::Listed, resources);
        if meet {
            task.request.parallel_deployments = 1;
        }
        task
    }
}

/// Whether two of them failed for each other's sake: their deployments change one resource beside their own, such as an alert that
/// all share.
fn meet(document: &TargetDocument, resources: &[ResourceId]) -> bool {
    let entries = resources.iter().filter_map(|id| document.resources.get(id));
    let met = entries.filter_map(|entry| entry.last_failure.as_ref()?.meets.as_deref());
    let mut seen = HashSet::new();
    met.into_iter().any(|other| !seen.insert(other))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{EntryState, FailureClass};
    use crate::fact::{DeploymentStatus, TaskState};
    use crate::fixture::{deployment, in_task, installation, now, resource, status, target, tuning};
    use crate::transition::settle::settle;

    #[test]
    fn what_met_at_one_resource_of_others_goes_one_after_the_other_and_alone_or_elsewhere_as_always() {
        let alert = |n: usize| {
            format!("/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/providers/Microsoft.Security/pricings/p{n}")
        };
        for (met, code, one_by_one) in [
            (&[Some(1), Some(1), None][..], "Conflict", true),
            (&[Some(1), Some(2), None], "Conflict", false),
            (&[Some(1), None, None], "Conflict", false),
            (&[Some(1), Some(2), Some(1)], "InternalServerError", true),
            (&[None, None, None], "Conflict", false),
        ] {
            let mut document = in_task(met.len());
            let failed = |n: usize, other: &Option<usize>| DeploymentStatus::Failed {
                code: code.to_owned(),
                message: format!(
                    "Another operation on '{}' is in progress.",
                    other.map_or_else(|| resource(n).to_string(), alert)
                ),
            };
            let list: Vec<_> = met.iter().enumerate().map(|(n, other)| deployment(n, failed(n, other))).collect();
            settle(&mut document, &status(TaskState::Failed), &list, &tuning(), now());
            assert!(document.resources.values().all(|entry| {
                let class = entry.last_failure.as_ref().and_then(|failure| failure.class);
                matches!(entry.state, EntryState::Waiting { .. }) && class != Some(FailureClass::Permanent)
            }));
            let wave = Eligible { resources: (0..met.len()).map(resource).collect(), reference: None };
            let name = TaskName::new(&installation(), &target().hash(), 1);
            let task = Free { wave }.into_task(name, &document, &tuning());
            let parallel = if one_by_one { 1 } else { tuning().parallel_deployments };
            assert_eq!(task.request.parallel_deployments, parallel, "{met:?} {code}");
        }
    }
}
