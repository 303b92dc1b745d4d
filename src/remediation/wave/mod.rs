//! The questions that a wave passes, in order, each a type of its own: `Due` (and allowed) `→ NonCompliant → Eligible → Free`.
//! Only a free wave makes a task. (Whether the identity is authorised is asked between the last two, once `identity` is there.)

mod allowed;
mod due;
mod eligible;
mod free;
mod non_compliant;

pub(super) use allowed::forbidden;
pub(super) use due::Due;
pub(super) use eligible::{Eligible, reference};
pub(super) use free::{Blockers, Free, claim};
pub(super) use non_compliant::NonCompliant;

use crate::resource::ResourceId;
use crate::state::{ParkReason, SkipReason};

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
