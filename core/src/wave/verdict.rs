//! Why a resource leaves a wave for good, and what the document then says of it.

use crate::document::{EntryState, SkipReason, TargetDocument};
use crate::id::ResourceId;
use crate::settings::GuardRails;
use crate::time::Timestamp;

/// Why a resource leaves a wave for good. What a person must mend first is never a resource's own at this point: it parks the
/// whole target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It needs no remediation, or cannot have one.
    Skip(ResourceId, SkipReason),
}

impl Verdict {
    /// The resource.
    #[must_use]
    pub fn resource(&self) -> &ResourceId {
        let Self::Skip(id, _) = self;
        id
    }
}

/// Skips resources as the questions decided.
pub(crate) fn apply_verdicts(document: &mut TargetDocument, verdicts: &[Verdict], rails: &GuardRails, now: Timestamp) {
    let digest = rails.digest();
    for Verdict::Skip(id, reason) in verdicts {
        if let Some(entry) = document.resources.get_mut(id) {
            let rails_digest = reason.is_guard_rail().then(|| digest.clone());
            entry.state = EntryState::Skipped { reason: *reason, at: now, rails_digest };
        }
    }
}
