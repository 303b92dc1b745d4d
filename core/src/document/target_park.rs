//! The park of a whole target: one record when the cause is the target's own, not that of one resource, or when a person
//! canceled a task for the whole scope.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

use super::reasons::{FailureClass, ParkReason};

/// Why nothing is remediated for a target until `until`. Its waiting resources keep their place and their attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetPark {
    /// Why it was given up.
    pub reason: ParkReason,
    /// The class of the failures that led here, if failures did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<FailureClass>,
    /// What was found, or the service's own words.
    pub words: String,
    /// How to fix it.
    pub hint: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: Timestamp,
    /// When it is tried again by itself.
    #[serde(with = "time::serde::rfc3339")]
    pub until: Timestamp,
    /// Whether the cause is another's to tell: what Resource Manager refuses stands in the subscription's document, and one
    /// target tells of it for all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// When to look whether a person has fixed it; none where nothing but the end of the park is waited for.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

impl TargetPark {
    /// Whether it shows what Resource Manager refuses, which stands in the subscription's document. What is looked at now and then, and what
    /// deployments failed of, is the target's own.
    #[must_use]
    pub fn is_of_refusal(&self) -> bool {
        self.reason.is_refusal() && self.check_at.is_none() && self.class != Some(FailureClass::Subscription)
    }
}

/// What a person must fix before any task of the target can work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetCause {
    /// Why the target is parked.
    pub reason: ParkReason,
    /// The class of the failures, if there were any.
    pub class: Option<FailureClass>,
    /// What was found, or the service's own words.
    pub words: String,
    /// How to fix it, where more can be said than the reason does.
    pub hint: Option<String>,
}
