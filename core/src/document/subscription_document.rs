//! What the targets of a subscription must know of each other: what is claimed by a task, which evaluations were asked for, and
//! until when Resource Manager is to be left alone, because a 429 told so or because little of a budget was left, and what it refuses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{IdDigest, Scope, SubscriptionId, TargetHash};
use crate::time::Timestamp;

use super::claim::{Claim, Claimed};
use super::evaluation::Evaluation;
use super::refixed::Refixed;
use super::scope_park::ScopePark;
use super::versioned::VERSION;

/// The state document of a subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionDocument {
    version: u32,
    /// The subscription.
    pub subscription: SubscriptionId,
    /// No call before this time, by the clock of storage: a floor that a 429 told, or that follows from a low budget.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub throttled_until: Option<Timestamp>,
    /// One claim a target. Void when the target's active task has another name.
    #[serde(default)]
    pub claims: BTreeMap<TargetHash, Claim>,
    /// The last evaluation that was asked for of each scope.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evaluations: BTreeMap<Scope, Evaluation>,
    /// What is refused, by the scope at which it is refused, or by the hash of the one target.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parks: BTreeMap<String, ScopePark>,
    /// Who fixes again what it has fixed before, by resource.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refixed: BTreeMap<IdDigest, Vec<Refixed>>,
}

impl SubscriptionDocument {
    /// The document of a subscription of which nothing is known.
    #[must_use]
    pub fn new(subscription: SubscriptionId) -> Self {
        Self {
            version: VERSION,
            subscription,
            throttled_until: None,
            claims: BTreeMap::new(),
            evaluations: BTreeMap::new(),
            parks: BTreeMap::new(),
            refixed: BTreeMap::new(),
        }
    }

    /// So many bytes does it take in memory, by estimate.
    #[must_use]
    pub fn size(&self) -> usize {
        /// The names and numbers of a claim, an evaluation or a park.
        const OF_ONE: usize = 512;
        let claimed = self.claims.values().map(|claim| match &claim.on {
            Claimed::Resources(resources) => 2 * size_of::<IdDigest>() * resources.ids().count(),
            Claimed::Scope(_) => 0,
        });
        let notes = self.refixed.values().map(Vec::len).sum::<usize>();
        claimed.sum::<usize>() + OF_ONE * (1 + self.claims.len() + self.evaluations.len() + self.parks.len() + notes)
    }
}
