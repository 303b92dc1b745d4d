//! What kind of task it is: what it may touch.

use serde::{Deserialize, Serialize};

/// What a task is limited to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub enum TaskKind {
    /// The resources that are in the task.
    #[default]
    Listed,
    /// Whatever is non-compliant in the target's scope.
    WholeScope {
        /// So many resources at most.
        count: usize,
    },
}

impl TaskKind {
    /// Most resources of one task (Microsoft documentation, "Azure Policy remediation task structure").
    pub const MOST: usize = 50_000;

    /// The word in logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::WholeScope { .. } => "wholeScope",
        }
    }

    /// Whether the task takes whatever is non-compliant in its scope.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::WholeScope { .. })
    }
}
