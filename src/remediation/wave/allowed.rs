//! Asked before anything is read: do the guard rails allow it? What is excluded costs no call.

use super::Verdict;
use crate::config::GuardRails;
use crate::resource::{ResourceId, Target};

/// Those of the resources that the guard rails forbid, each with its reason.
pub(in crate::remediation) fn forbidden<'a>(
    resources: impl Iterator<Item = &'a ResourceId>,
    target: &Target,
    rails: &GuardRails,
) -> Vec<Verdict> {
    let whole = rails.forbid_assignment(&target.policy_assignment_id);
    resources
        .filter_map(|id| whole.or_else(|| rails.forbid_resource(id)).map(|reason| Verdict::Skip(id.clone(), reason)))
        .collect()
}
