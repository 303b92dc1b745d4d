//! How much of a wave may go now, as an answer.

use crate::id::IdDigest;
use crate::time::Timestamp;

/// How much may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Room {
    /// These; not empty.
    Some(Vec<IdDigest>),
    /// Nothing of it: a first step is full. When the next may begin, where that is known.
    FirstSteps(Option<Timestamp>),
    /// Nothing of it: the pace is reached. When there is room again.
    Pace(Timestamp),
    /// Nothing of it: no approval covers it.
    Unapproved,
    /// Nothing of it: what was approved is used up.
    ApprovalUsedUp,
    /// Nothing of it: the breaker is open. When it closes by itself.
    PolicyFails(Timestamp),
}

pub(super) fn size_of(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}
