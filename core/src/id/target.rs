//! A target: what one state document and one chain of remediation tasks is about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::assignment::{AssignmentHome, AssignmentId, ReferenceId};
use super::hex::hex;
use super::resource::ResourceId;
use super::scope::Scope;
use super::subscription::SubscriptionId;

/// Scope, policy assignment, and the policy within it when the assignment is of an initiative.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Where tasks are opened.
    pub scope: Scope,
    /// The assignment whose policy found resources non-compliant.
    pub policy_assignment_id: AssignmentId,
    /// The policy within the initiative; none when a single policy is assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_definition_reference_id: Option<ReferenceId>,
}

impl Target {
    /// The target that a non-compliant resource belongs to. The scope is the subscription, or what in it has the assignment:
    /// Resource Manager opens tasks where the assignment applies, and nowhere above.
    #[must_use]
    pub fn of(resource: &ResourceId, assignment: AssignmentId, reference: Option<ReferenceId>) -> Self {
        Self::within(resource.subscription(), assignment, reference)
    }

    /// The target that the assignment makes in this subscription.
    #[must_use]
    pub fn within(subscription: &SubscriptionId, assignment: AssignmentId, reference: Option<ReferenceId>) -> Self {
        let whole = || Scope::subscription_wide(subscription.clone());
        let scope = match assignment.home() {
            AssignmentHome::ManagementGroup(_) => whole(),
            AssignmentHome::Scope(scope) if scope.subscription() == subscription => scope.clone(),
            AssignmentHome::Scope(_) => whole(),
            AssignmentHome::Resource(id) if id.subscription() == subscription => Scope::single(id),
            AssignmentHome::Resource(_) => whole(),
        };
        Self { scope, policy_assignment_id: assignment, policy_definition_reference_id: reference }
    }

    /// The subscription that the target lies in.
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionId {
        self.scope.subscription()
    }

    /// A short name for blobs, task names and message ids.
    #[must_use]
    pub fn hash(&self) -> TargetHash {
        let reference = self.policy_definition_reference_id.as_ref().map_or("", ReferenceId::as_str);
        let digest = Sha256::digest(format!("{}\n{}\n{reference}", self.scope, self.policy_assignment_id));
        TargetHash(hex(&digest[..10]))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.policy_assignment_id, self.scope)?;
        match &self.policy_definition_reference_id {
            Some(reference) => write!(f, " ({reference})"),
            None => Ok(()),
        }
    }
}

/// 80 bits of SHA-256 over a target, in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TargetHash(String);

impl TargetHash {
    /// The hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no hash of a target.
#[derive(Debug, thiserror::Error)]
#[error("not the hash of a target: 20 hexadecimal digits")]
pub struct NoTargetHash;

impl FromStr for TargetHash {
    type Err = NoTargetHash;

    fn from_str(text: &str) -> Result<Self, NoTargetHash> {
        let is_hash = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { Ok(Self(text.to_ascii_lowercase())) } else { Err(NoTargetHash) }
    }
}

impl fmt::Display for TargetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

    fn target(assignment_home: &str, reference: Option<&str>) -> Target {
        let id = format!("{SUB}/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/a").parse().unwrap();
        let assignment =
            format!("{assignment_home}/providers/Microsoft.Authorization/policyAssignments/A").parse().unwrap();
        Target::of(&id, assignment, reference.map(|r| r.parse().unwrap()))
    }

    #[test]
    fn an_assignment_is_remediated_where_it_stands_or_in_the_subscription() {
        assert_eq!(target("/providers/Microsoft.Management/managementGroups/mg", None).scope.as_str(), SUB);
        assert_eq!(target(SUB, None).scope.as_str(), SUB);
        let group = format!("{SUB}/resourcegroups/rg");
        assert_eq!(target(&group, None).scope.as_str(), group);
        let resource = format!("{group}/providers/Microsoft.Storage/storageAccounts/a");
        assert_eq!(target(&resource, None).scope.as_str(), crate::id::fold(&resource));
        let elsewhere = resource.replace("086aecf4", "186aecf4");
        assert_eq!(target(&elsewhere, None).scope.as_str(), SUB);
    }

    #[test]
    fn the_hash_ignores_case_and_tells_references_apart() {
        assert_eq!(
            target(SUB, Some("Ref")).hash(),
            target(&SUB.to_uppercase().replace("SUBSCRIPTIONS", "subscriptions"), Some("rEF")).hash()
        );
        assert_ne!(target(SUB, Some("a")).hash(), target(SUB, None).hash());
    }
}
