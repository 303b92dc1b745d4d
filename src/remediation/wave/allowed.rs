//! Asked before anything is read: do the guard rails allow it? What is excluded costs no call.

use super::{Due, Verdict};
use crate::config::GuardRails;
use crate::resource::{ResourceId, Target};
use crate::state::SkipReason;

/// Takes what the guard rails forbid out of the wave.
pub(in crate::remediation) fn allowed(due: Due, target: &Target, rails: &GuardRails) -> (Due, Vec<Verdict>) {
    let whole = rails.forbid_assignment(&target.policy_assignment_id);
    let forbidden = |id: &ResourceId| -> Option<SkipReason> { whole.or_else(|| rails.forbid_resource(id)) };
    let mut verdicts = Vec::new();
    let mut resources = Vec::new();
    for (id, observed_at) in due.resources {
        match forbidden(&id) {
            Some(reason) => verdicts.push(Verdict::Skip(id, reason)),
            None => resources.push((id, observed_at)),
        }
    }
    (Due { resources }, verdicts)
}
