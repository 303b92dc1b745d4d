//! The breaker of a policy over all subscriptions, as it stands in `assignments/{digest}.json`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::SubscriptionId;
use crate::time::Timestamp;

/// What came of the last resources, and whether that has opened the breaker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Breaker {
    /// What came of the last resources, newest last.
    #[serde(default)]
    pub outcomes: Vec<BreakerOutcome>,
    /// That nothing more is begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenBreaker>,
    /// Who closed it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<ClosedBreaker>,
}

/// A person closed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClosedBreaker {
    /// When, by storage's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// Who: the `oid` of the token, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What came of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakerOutcome {
    /// Where.
    pub subscription: SubscriptionId,
    /// Whether it failed for a cause of the policy, or was fixed although it had been fixed before.
    pub failed: bool,
}

/// Nothing more is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenBreaker {
    /// Since when, by storage's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub since: Timestamp,
    /// When it closes by itself.
    #[serde(with = "time::serde::rfc3339")]
    pub until: Timestamp,
    /// How many resources had failed.
    pub failed: usize,
    /// Of how many.
    pub of: usize,
    /// Where nothing more is begun; empty: everywhere.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub subscriptions: BTreeSet<SubscriptionId>,
}

impl OpenBreaker {
    /// Whether it holds what is begun in the subscription.
    #[must_use]
    pub fn holds(&self, subscription: &SubscriptionId) -> bool {
        self.subscriptions.is_empty() || self.subscriptions.contains(subscription)
    }
}
