//! Asked before anything is read: do the guard rails allow it? What is excluded costs no call.

use crate::document::SkipReason;
use crate::id::{ResourceId, Target};
use crate::settings::GuardRails;

use super::skipped::Skipped;

/// Those of the resources that the guard rails forbid, each with its reason.
pub(crate) fn forbidden<'a>(
    resources: impl Iterator<Item = &'a ResourceId>,
    target: &Target,
    rails: &GuardRails,
) -> Vec<Skipped> {
    let whole = rails.forbid_assignment(&target.policy_assignment_id);
    resources
        .filter_map(|id| {
            whole.or_else(|| rails.forbid_resource(id)).map(|reason| Skipped { resource: id.clone(), reason })
        })
        .collect()
}

/// Why the guard rails forbid this resource of the target, if they do.
pub(crate) fn forbids(id: &ResourceId, target: &Target, rails: &GuardRails) -> Option<SkipReason> {
    rails.forbid_assignment(&target.policy_assignment_id).or_else(|| rails.forbid_resource(id))
}

/// Why the guard rails forbid all of the target, if they do: its assignment is left out, or its scope is excluded.
pub(crate) fn forbids_all(target: &Target, rails: &GuardRails) -> Option<SkipReason> {
    let by_scope = || {
        let scope: ResourceId = target.scope.as_str().parse().ok()?;
        // A type that is excluded forbids the group or subscription itself, not what lies in it.
        rails.forbid_resource(&scope).filter(|reason| *reason == SkipReason::ScopeExcluded)
    };
    rails.forbid_assignment(&target.policy_assignment_id).or_else(by_scope)
}
