//! What a task may touch, and what a claim keeps others from touching.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::task_name::TaskName;
use crate::resource::{ResourceId, Scope};

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

/// What a target's task may change, so that no other task does at the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The task.
    pub task: TaskName,
    /// What it may change.
    #[serde(flatten)]
    pub on: Claimed,
}

/// Resources, or a scope with all that it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Claimed {
    /// These resources.
    Resources(BTreeSet<ResourceId>),
    /// Everything in this scope, for all targets.
    Scope(Scope),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remediation::fixture::{installation, resource, target};

    #[test]
    fn a_claim_says_in_one_word_what_it_is_on() {
        let task = TaskName::new(&installation(), &target().hash(), 1);
        for on in [Claimed::Resources([resource(1)].into()), Claimed::Scope(target().scope)] {
            let claim = Claim { task: task.clone(), on };
            let json = serde_json::to_value(&claim).unwrap();
            let word = if matches!(claim.on, Claimed::Scope(_)) { "scope" } else { "resources" };
            assert!(json.get(word).is_some() && json.get("task").is_some(), "{json}");
            assert_eq!(serde_json::from_value::<Claim>(json).unwrap(), claim);
        }
    }
}
