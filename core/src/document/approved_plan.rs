//! `plans/{sha256}.json`: a plan as `plan --out` wrote it, under the digest of its bytes. Of it only that counts what a person approves:
//! which resources of which targets, and on what facts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{AssignmentId, IdDigest, ResourceId, Target, TargetHash, fold, hex};
use crate::role::Grant;

use super::approval_id::NoApproval;

/// The full SHA-256 of a plan, as 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanDigest(String);

/// What a plan names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovedPlan {
    targets: BTreeMap<TargetHash, PlannedTarget>,
    /// How many resources it names, by the name of the assignment.
    counts: BTreeMap<String, u32>,
}

/// What a plan names of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedTarget {
    /// The name of its assignment.
    pub name: String,
    /// The digest of the facts that it was planned on.
    pub facts: String,
    /// Its resources.
    pub resources: BTreeSet<IdDigest>,
    /// The roles that are granted first, each with its place.
    grants: BTreeSet<String>,
}

impl PlannedTarget {
    /// Whether this role is among those that are granted.
    #[must_use]
    pub fn names_grant(&self, grant: &Grant) -> bool {
        self.grants.contains(&of_role(&grant.role.to_string(), &grant.scope))
    }
}

/// A role and the place where it is granted.
fn of_role(role: &str, scope: &str) -> String {
    fold(&format!("{role} {scope}"))
}

#[derive(Deserialize)]
struct File {
    kind: String,
    targets: Vec<FileTarget>,
}

#[derive(Deserialize)]
struct FileTarget {
    target: String,
    assignment: AssignmentId,
    facts: Option<String>,
    #[serde(default)]
    grants: Vec<FileGrant>,
    tasks: Vec<FileTask>,
}

#[derive(Deserialize)]
struct FileGrant {
    role: String,
    scope: String,
}

#[derive(Deserialize)]
struct FileTask {
    kind: String,
    resources: Vec<ResourceId>,
}

impl PlanDigest {
    /// That of a file.
    #[must_use]
    pub fn of(file: &[u8]) -> Self {
        Self(hex(&Sha256::digest(file)))
    }

    /// The name of the blob.
    #[must_use]
    pub fn blob(&self) -> String {
        format!("plans/{}.json", self.0)
    }
}

impl ApprovedPlan {
    /// Reads what `plan --out` wrote.
    ///
    /// # Errors
    /// Where it is no such file, or has something that cannot be approved as it is.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        let File { kind, targets } = serde_json::from_slice(file).map_err(|error| format!("it is no plan: {error}"))?;
        if kind != "plan" {
            return Err("it is no plan: policy-remediator plan --out writes one".to_owned());
        }
        let mut plan = Self::default();
        for FileTarget { target, assignment, facts, grants, tasks } in targets {
            let hash: TargetHash = target.parse().map_err(|_| format!("{target} is no target"))?;
            let resources: BTreeSet<IdDigest> =
                tasks.iter().flat_map(|task| &task.resources).map(IdDigest::from).collect();
            if tasks.iter().any(|task| task.kind != "listed") {
                return Err("it has a task for a whole scope, which names no resources".to_owned());
            }
            if resources.is_empty() {
                continue;
            }
            let facts = facts.ok_or("it does not say on what facts it was made: plan --out with --scope does")?;
            let name = assignment.as_str().rsplit('/').next().unwrap_or_default().to_owned();
            *plan.counts.entry(name.clone()).or_default() += u32::try_from(resources.len()).unwrap_or(u32::MAX);
            let grants = grants.iter().map(|grant| of_role(&grant.role, &grant.scope)).collect();
            plan.targets.insert(hash, PlannedTarget { name, facts, resources, grants });
        }
        Ok(plan)
    }

    /// How many resources it names.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.counts.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The hashes of its targets.
    pub fn hashes(&self) -> impl Iterator<Item = &TargetHash> {
        self.targets.keys()
    }

    /// How many targets it names.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.targets.len()
    }

    /// The names of its assignments.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.counts.keys().map(String::as_str)
    }

    /// Whether it names the target of this hash.
    pub(crate) fn names_target(&self, hash: &TargetHash) -> bool {
        self.targets.contains_key(hash)
    }

    /// What it names of the target.
    pub(crate) fn of(&self, target: &Target) -> Option<&PlannedTarget> {
        self.targets.get(&target.hash())
    }

    /// How many resources it names of assignments of this name: they are counted together.
    pub(crate) fn most(&self, name: &str) -> u32 {
        self.counts.get(name).copied().unwrap_or_default()
    }
}

impl FromStr for PlanDigest {
    type Err = NoApproval;

    fn from_str(text: &str) -> Result<Self, NoApproval> {
        let is_one =
            text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        is_one.then(|| Self(text.to_owned())).ok_or(NoApproval("not the SHA-256 of a plan: 64 hex digits"))
    }
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<PlanDigest> for String {
    fn from(digest: PlanDigest) -> Self {
        digest.0
    }
}

impl TryFrom<String> for PlanDigest {
    type Error = NoApproval;

    fn try_from(text: String) -> Result<Self, NoApproval> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{resource, target};
    use crate::role::RoleId;
    use serde_json::json;

    const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";

    fn file(facts: Option<&str>, kind: &str, count: usize) -> Vec<u8> {
        let resources: Vec<_> = (0..count).map(|n| resource(n).to_string()).collect();
        let of = json!({
            "target": target().hash().to_string(), "scope": target().scope.to_string(),
            "assignment": target().policy_assignment_id.to_string(), "facts": facts,
            "tasks": [{ "kind": kind, "resources": resources, "body": {} }], "waiting": 0,
            "grants": [{ "role": CONTRIBUTOR.to_uppercase(), "principal": "p", "scope": target().scope.to_string() }],
        });
        json!({ "version": 1, "kind": "plan", "targets": [of] }).to_string().into_bytes()
    }

    #[test]
    fn a_plan_names_its_targets_and_resources_or_is_none() {
        let plan = ApprovedPlan::read(&file(Some("f"), "listed", 3)).unwrap();
        let planned = plan.of(&target()).unwrap();
        assert_eq!((planned.resources.len(), planned.facts.as_str(), plan.most("a"), plan.most("b")), (3, "f", 3, 0));
        assert_eq!((plan.count(), plan.targets(), plan.names().collect::<Vec<_>>()), (3, 1, vec!["a"]));
        for bad in [file(None, "listed", 1), file(Some("f"), "wholeScope", 0), b"{}".to_vec(), b"damaged".to_vec()] {
            assert!(ApprovedPlan::read(&bad).is_err(), "{}", String::from_utf8_lossy(&bad));
        }
        assert_eq!(PlanDigest::of(b"").to_string().parse::<PlanDigest>().unwrap(), PlanDigest::of(b""));
        assert!("00".parse::<PlanDigest>().is_err() && "G".repeat(64).parse::<PlanDigest>().is_err());
    }

    #[test]
    fn a_plan_names_the_roles_that_may_be_granted_and_where() {
        let plan = ApprovedPlan::read(&file(Some("f"), "listed", 3)).unwrap();
        let names = |role: &str, scope: String| {
            let (role, name, principal) = (RoleId::of(role).unwrap(), "n".to_owned(), "p".to_owned());
            plan.of(&target()).unwrap().names_grant(&Grant { name, scope, role, principal, delegated_resource: None })
        };
        let scope = || target().scope.to_string();
        assert!(names(CONTRIBUTOR, scope()));
        assert!(
            !names("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", scope()) && !names(CONTRIBUTOR, format!("{}/x", scope()))
        );
    }
}
