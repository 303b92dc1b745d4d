//! `assignments/{digest}.json`: what all assignments of one name have taken of first steps and paces, over all subscriptions. Every
//! instance changes it by compare-and-swap only, so that no resource goes over a limit however many instances there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{AssignmentId, IdDigest, SubscriptionId, Target, hex};
use crate::time::Timestamp;

use super::approval_id::ApprovalId;
use super::breaker::Breaker;
use super::task_name::TaskName;
use super::versioned::VERSION;

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FleetDocument {
    version: u32,
    /// The name of the assignments, folded.
    pub assignment: String,
    /// What tasks have taken whose end is not reported yet.
    #[serde(default)]
    pub bookings: BTreeMap<TaskName, Booking>,
    /// Resources in opened tasks, by assignment and by spans of five minutes.
    #[serde(default)]
    pub paces: BTreeMap<AssignmentId, BTreeMap<i64, u32>>,
    /// First steps, by what is remediated (`policy` of a booking), a slash, and the reference in an initiative.
    #[serde(default)]
    pub steps: BTreeMap<String, Steps>,
    /// With what each assignment was acted on last, by the short digest of its id: there may be thousands.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub terms: BTreeMap<String, KnownTerms>,
    /// What came of the last resources of each policy, by the reference in an initiative.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub breakers: BTreeMap<String, Breaker>,
    /// What tasks have taken of approvals.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approvals: BTreeMap<ApprovalId, UsedApproval>,
}

/// With what an assignment was acted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownTerms {
    /// A digest of its parameters and its identity.
    pub digest: String,
    /// When it was changed last, where that is told.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Whether it was acted on with others before: then it has first steps of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_changed: bool,
}

/// What tasks have taken of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsedApproval {
    /// How many resources.
    pub count: u32,
    /// Until when the approval stands.
    #[serde(with = "time::serde::rfc3339")]
    pub until: Timestamp,
}

/// What a task has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Booking {
    /// The assignment.
    pub assignment: AssignmentId,
    /// The reference in an initiative; empty where a single policy is assigned.
    pub reference: String,
    /// Where.
    pub subscription: SubscriptionId,
    /// What is remediated by it: the effect and the major version of the policy.
    pub policy: String,
    /// When, by storage's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// How many resources.
    pub count: u32,
    /// Which, while first steps are taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<IdDigest>,
    /// Which of them the step had not let in before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new: Vec<IdDigest>,
    /// The approval that it was taken of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalId>,
}

/// First steps of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Steps {
    /// Which step is taken, from 0 on.
    pub step: usize,
    /// How large it is.
    #[serde(default)]
    pub size: u32,
    /// What this step has let in, and where that is.
    #[serde(default)]
    pub let_in: BTreeMap<IdDigest, SubscriptionId>,
    /// How many places of this step were given back.
    #[serde(default)]
    pub given_back: u32,
    /// When the last outcome of this step was reported, by storage's clock.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub last_outcome: Option<Timestamp>,
    /// What it fixed and no evaluation has confirmed yet, where the next step waits for that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unverified: BTreeMap<IdDigest, UnverifiedFix>,
}

/// A fix that a step waits to see confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnverifiedFix {
    /// The task.
    pub task: TaskName,
    /// When it was reported, by storage's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub since: Timestamp,
}

/// What became of a task that had booked; kept in the target's document until the fleet's has taken it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreported {
    /// The task.
    pub task: TaskName,
    /// Whether Resource Manager never had it: then nothing was taken.
    #[serde(default)]
    pub is_void: bool,
    /// What was fixed, or failed for a cause of the policy: that was a try.
    #[serde(default)]
    pub tried: Vec<IdDigest>,
    /// What came out otherwise: its place is another's.
    #[serde(default)]
    pub given_back: Vec<IdDigest>,
    /// How many were fixed, and had not been fixed of late.
    #[serde(default, skip_serializing_if = "is_none_at_all")]
    pub fixed: usize,
    /// How many failed for a cause of the policy, or were fixed although they had been fixed of late.
    #[serde(default, skip_serializing_if = "is_none_at_all")]
    pub failed: usize,
    /// What of it was fixed and not confirmed yet by an evaluation, where a first step waits for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<IdDigest>,
}

impl Unreported {
    /// Of a task of which nothing is known yet.
    #[must_use]
    pub fn nothing(task: TaskName) -> Self {
        let (tried, given_back, fixes) = (Vec::new(), Vec::new(), Vec::new());
        Self { task, is_void: false, tried, given_back, fixed: 0, failed: 0, fixes }
    }

    /// Takes in what was known of the same task before.
    pub fn take_in(&mut self, earlier: &Self) {
        self.tried.extend_from_slice(&earlier.tried);
        self.given_back.extend_from_slice(&earlier.given_back);
        self.fixes.extend_from_slice(&earlier.fixes);
        self.fixed += earlier.fixed;
        self.failed += earlier.failed;
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_none_at_all(count: &usize) -> bool {
    *count == 0
}

impl FleetDocument {
    /// Whether a breaker of its policies is open.
    #[must_use]
    pub fn has_open_breaker(&self) -> bool {
        self.breakers.values().any(|breaker| breaker.open.is_some())
    }

    /// The document of assignments of this name of which nothing is known.
    #[must_use]
    pub fn new(assignment: String) -> Self {
        Self {
            version: VERSION,
            assignment,
            bookings: BTreeMap::new(),
            paces: BTreeMap::new(),
            steps: BTreeMap::new(),
            terms: BTreeMap::new(),
            breakers: BTreeMap::new(),
            approvals: BTreeMap::new(),
        }
    }

    /// The name that the target's assignment has, under which all of its name are counted.
    #[must_use]
    pub fn name_of(target: &Target) -> String {
        target.policy_assignment_id.as_str().rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// The name of its blob: names of assignments hold any letters.
    #[must_use]
    pub fn blob(assignment: &str) -> String {
        let digest = Sha256::digest(assignment);
        let hex = hex(&digest[..10]);
        format!("assignments/{hex}.json")
    }
}
