//! How a remediation task of ours is named.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::resource::TargetHash;

/// The name of a remediation task of ours: `pr-{target hash}-{sequence}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskName(String);

impl TaskName {
    /// The name of the target's task with this number.
    #[must_use]
    pub fn new(target: &TargetHash, sequence: u64) -> Self {
        Self(format!("pr-{target}-{sequence}"))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
