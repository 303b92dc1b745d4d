//! What Resource Manager refuses to this worker at a scope, kept once for all targets that it holds: while it is new it is only
//! asked for more rarely, and once it has lasted it is a park.

use serde::{Deserialize, Serialize};

use crate::id::TargetHash;
use crate::time::Timestamp;

use super::reasons::ParkReason;

/// A refusal that stands until a question is answered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopePark {
    /// Why nothing can be asked or done.
    pub reason: ParkReason,
    /// The service's own words, and the action that is missing.
    pub words: String,
    /// The kind of call that is refused: its answer ends the park.
    pub call: String,
    /// The target that met it, which tells of it.
    pub by: TargetHash,
    /// Since when it is refused.
    #[serde(with = "time::serde::rfc3339")]
    pub since: Timestamp,
    /// How often it was tried, one after the other in vain.
    pub tries: u32,
    /// When it is tried next, by whichever target wakes first.
    #[serde(with = "time::serde::rfc3339")]
    pub next_try: Timestamp,
    /// Since when it counts as a park; none while it may pass by itself.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub parked_since: Option<Timestamp>,
}
