//! Why a resource leaves a wave for good, and what the document then says of it.

use crate::document::{EntryState, SkipReason, TargetDocument};
use crate::id::ResourceId;
use crate::settings::GuardRails;
use crate::time::Timestamp;

/// A resource that leaves a wave for good: it needs no remediation, or cannot have one. What a person must fix first is never a
/// resource's own at this point: it parks the whole target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The resource.
    pub resource: ResourceId,
    /// Why.
    pub reason: SkipReason,
}

/// Skips resources as the questions decided.
pub(crate) fn apply_skipped(document: &mut TargetDocument, skipped: &[Skipped], rails: &GuardRails, now: Timestamp) {
    let digest = rails.digest();
    for Skipped { resource, reason } in skipped {
        if let Some(entry) = document.resources.get_mut(resource) {
            let rails_digest = reason.is_guard_rail().then(|| digest.clone());
            entry.state = EntryState::Skipped { reason: *reason, at: now, rails_digest };
        }
    }
}
