//! Why a resource leaves a wave for good, and what the document then says of it.

use super::super::merge::park;
use crate::config::Policy;
use crate::event::Timestamp;
use crate::resource::ResourceId;
use crate::state::{EntryState, ParkReason, SkipReason, TargetDocument};

/// Why a resource leaves a wave for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It needs no remediation, or cannot have one.
    Skip(ResourceId, SkipReason),
    /// A person must mend something first; the words say what was found.
    Park(ResourceId, ParkReason, String),
}

impl Verdict {
    /// The resource.
    #[must_use]
    pub fn resource(&self) -> &ResourceId {
        match self {
            Self::Skip(id, _) | Self::Park(id, _, _) => id,
        }
    }
}

/// Parks or skips resources as the questions decided.
pub(in crate::remediation) fn apply_verdicts(
    document: &mut TargetDocument,
    verdicts: &[Verdict],
    policy: &Policy,
    now: Timestamp,
) {
    for verdict in verdicts {
        let Some(entry) = document.resources.get_mut(verdict.resource()) else { continue };
        entry.state = match verdict {
            Verdict::Skip(_, reason) => EntryState::Skipped { reason: *reason, at: now },
            Verdict::Park(_, reason, words) => park(*reason, None, words.clone(), policy, now),
        };
    }
}
