//! Which policy it is that an assignment assigns: the limits of Resource Manager are counted by it, wherever it is assigned.

use std::time::Duration;

use remediation::fact::AssignedPolicy;
use remediation::id::{ReferenceId, Scope, Target, fold};

use super::facts::FactsReader;

/// A policy, wherever it is assigned: of an initiative, one reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Assigned {
    /// The id of the definition or initiative, in lower case.
    pub policy: String,
    /// The reference within the initiative.
    pub reference: Option<ReferenceId>,
}

impl FactsReader {
    /// What the target's assignment assigns, by what was read last; where nothing was, the assignment stands for it.
    pub fn assigned(&self, target: &Target) -> Assigned {
        let whole = Scope::subscription_wide(target.subscription().clone());
        let of = |scope: &Scope| {
            let (_, all) = self.assignments.get(scope, Duration::MAX)?;
            let assignment = all.iter().find(|known| known.id == target.policy_assignment_id.as_str())?;
            match &assignment.policy {
                AssignedPolicy::Definition(id) => Some(fold(id)),
                AssignedPolicy::Set(id) => Some(id.as_str().to_owned()),
                AssignedPolicy::Unreadable(_) => None,
            }
        };
        let policy = of(&whole).or_else(|| of(&target.scope));
        Assigned {
            policy: policy.unwrap_or_else(|| target.policy_assignment_id.as_str().to_owned()),
            reference: target.policy_definition_reference_id.clone(),
        }
    }
}
