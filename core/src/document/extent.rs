//! What a task may touch.

use serde::{Deserialize, Serialize};

/// What a task is limited to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub enum Extent {
    /// The resources that are in the task.
    #[default]
    Resources,
    /// Whatever is non-compliant in the target's scope.
    Whole {
        /// So many resources at most.
        count: usize,
    },
}

impl Extent {
    /// Most resources of one task (Microsoft documentation, "Azure Policy remediation task structure").
    pub const MOST: usize = 50_000;

    /// The word in logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Whole { .. } => "whole",
        }
    }

    /// Whether the task takes whatever is non-compliant in its scope.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Whole { .. })
    }
}
