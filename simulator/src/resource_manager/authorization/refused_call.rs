//! What the guard writes down.

use crate::estate::ArmId;
use time::OffsetDateTime;

/// A call that was refused for a missing right, on any service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCall {
    /// When.
    pub at: OffsetDateTime,
    /// Object id of the caller.
    pub caller: String,
    /// The action that it has no right to.
    pub action: String,
    /// Where.
    pub scope: ArmId,
}
