//! Who fixes one resource again and again. Where two targets do so by turns, their policies undo each other.

use serde::{Deserialize, Serialize};

use crate::id::TargetHash;
use crate::time::Timestamp;

/// A target that takes a resource into a task which it has fixed before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refixed {
    /// The target.
    pub by: TargetHash,
    /// Its assignment, with the reference of its policy where there is one.
    pub policy: String,
    /// When it did so last.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
}
