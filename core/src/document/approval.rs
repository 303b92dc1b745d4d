//! `approvals/{id}.json`: what a person has approved. It is written once and only ever taken back; what was used of it stands in the
//! fleet's documents. A document with a member that is not known here is none: it may have approved less.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{AssignmentId, Scope, Target, fold};
use crate::time::Timestamp;

use super::approval_id::{ApprovalId, NoApproval};
use super::approved_plan::PlanDigest;
use super::fleet_document::FleetDocument;
use super::pause_of::PauseOf;
use super::versioned::VERSION;

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    version: u32,
    /// Its name.
    pub id: ApprovalId,
    /// The assignment, by its id or by its name; folded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<ApprovedAssignment>,
    /// What a plan names, instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDigest>,
    /// Only what lies in there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Most resources in opened tasks, retries too.
    pub max: u32,
    /// Until when, by storage's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub until: Timestamp,
    /// Whether roles may be granted for it.
    #[serde(default)]
    pub grants: bool,
    /// Who gave it: the `oid` of the token that wrote it, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// That it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
}

/// Who took an approval back, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Revoked {
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How much of a target an approval covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// All of it.
    Whole,
    /// What lies in the approval's resource group.
    InGroup,
}

impl Approval {
    /// An approval of so many resources, by nobody and of nothing yet.
    #[must_use]
    pub fn new(id: ApprovalId, max: u32, at: Timestamp, until: Timestamp) -> Self {
        Self {
            version: VERSION,
            id,
            assignment: None,
            plan: None,
            scope: None,
            max,
            until,
            grants: false,
            by: None,
            at,
            reason: None,
            revoked: None,
        }
    }

    /// Whether it stands at a time by storage's clock.
    #[must_use]
    pub fn stands(&self, at: Timestamp) -> bool {
        self.revoked.is_none() && self.until > at
    }

    /// How much of the target it covers by the name of its assignment; none: nothing.
    #[must_use]
    pub fn covers(&self, target: &Target) -> Option<Covered> {
        // Of both together nobody knows which is meant.
        let named = self.assignment.as_ref().filter(|_| self.plan.is_none())?;
        if !named.is_of(target) {
            return None;
        }
        let Some(scope) = &self.scope else { return Some(Covered::Whole) };
        if scope.subscription() != target.subscription() {
            return None;
        }
        match (scope.is_whole_subscription() || *scope == target.scope, target.scope.is_whole_subscription()) {
            (true, _) => Some(Covered::Whole),
            (false, true) => Some(Covered::InGroup),
            (false, false) => None,
        }
    }

    /// What it is of, in words.
    #[must_use]
    pub fn of(&self) -> String {
        if let Some(plan) = &self.plan {
            return format!("plan {plan}");
        }
        let assignment = self.assignment.as_ref().map(|assignment| assignment.0.clone());
        PauseOf { scope: self.scope.clone(), assignment }.to_string()
    }

    /// The name of its blob.
    #[must_use]
    pub fn blob(id: &ApprovalId) -> String {
        format!("approvals/{id}.json")
    }
}

/// The assignment that an approval names: its folded id, or its name, which stands for all assignments of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApprovedAssignment(String);

impl FromStr for ApprovedAssignment {
    type Err = NoApproval;

    fn from_str(text: &str) -> Result<Self, NoApproval> {
        if let Ok(id) = text.parse::<AssignmentId>() {
            return Ok(Self(id.as_str().to_owned()));
        }
        // What is counted must be counted in one place, so one name it is.
        let is_name = !text.trim().is_empty() && !text.contains(['/', '*', '?', '[', ']', '{', '}', ',']);
        let words = "an assignment is approved by its whole name or its id, without patterns";
        is_name.then(|| Self(fold(text.trim()))).ok_or(NoApproval(words))
    }
}

impl ApprovedAssignment {
    /// The name under which what is used of it is counted.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it is the target's.
    fn is_of(&self, target: &Target) -> bool {
        self.0 == target.policy_assignment_id.as_str() || self.0 == FleetDocument::name_of(target)
    }
}

impl From<ApprovedAssignment> for String {
    fn from(assignment: ApprovedAssignment) -> Self {
        assignment.0
    }
}

impl TryFrom<String> for ApprovedAssignment {
    type Error = NoApproval;

    fn try_from(text: String) -> Result<Self, NoApproval> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{SUB, now, target};

    const OTHER: &str = "/subscriptions/186aecf4-23d6-4dfd-99a8-a5c6299f0322";

    fn approval(assignment: &str, scope: Option<&str>) -> Approval {
        let new = Approval::new("a1".parse().unwrap(), 5, now(), now() + time::Duration::hours(1));
        let scope = scope.map(|scope| scope.parse().unwrap());
        Approval { scope, assignment: Some(assignment.parse().unwrap()), ..new }
    }

    #[test]
    fn it_covers_what_it_names_and_nothing_else() {
        let group = format!("{SUB}/resourceGroups/rg");
        for (assignment, scope, covers) in [
            ("a", None, Some(Covered::Whole)),
            ("A", Some(SUB), Some(Covered::Whole)),
            (target().policy_assignment_id.as_str(), None, Some(Covered::Whole)),
            ("b", None, None),
            ("a", Some(OTHER), None),
            ("a", Some(group.as_str()), Some(Covered::InGroup)),
        ] {
            assert_eq!(approval(assignment, scope).covers(&target()), covers, "{assignment} {scope:?}");
        }
        for pattern in ["*", "a*", "", " ", "a,b", "{a}", "x/a"] {
            assert!(pattern.parse::<ApprovedAssignment>().is_err(), "{pattern}");
        }
    }

    #[test]
    fn it_stands_until_its_end_unless_it_is_taken_back() {
        let one = approval("a", None);
        assert!(one.stands(now()) && !one.stands(one.until));
        let revoked = Some(Revoked { by: None, at: now(), reason: None });
        assert!(!Approval { revoked, ..one.clone() }.stands(now()));
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Approval>(&text).unwrap(), one);
        let narrower = text.replacen('{', r#"{"references":["x"],"#, 1);
        assert!(serde_json::from_str::<Approval>(&narrower).is_err(), "it may have approved less");
        for damaged in ["{}", r#"{"version":1,"id":"a1"}"#] {
            assert!(serde_json::from_str::<Approval>(damaged).is_err());
        }
    }
}
