//! Where `sweep` goes on: where there are very many targets, one sweep may not come to the end of the list.

use serde::{Deserialize, Serialize};

use crate::id::SubscriptionId;

use super::versioned::VERSION;

/// The document `sweep.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepPlace {
    version: u32,
    /// What the last sweep did not come to; nothing: the next one begins at the beginning.
    #[serde(default)]
    pub left: Vec<Part>,
}

impl SweepPlace {
    /// The place at which this is left.
    #[must_use]
    pub fn with(left: Vec<Part>) -> Self {
        Self { version: VERSION, left }
    }
}

/// A part of the list of targets: the blobs of one prefix, from a page on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// What the names begin with.
    pub prefix: String,
    /// Storage's marker of the page at which to begin; none: at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
}

impl Part {
    const ALL: &str = "targets/";

    /// The whole list.
    #[must_use]
    pub fn whole() -> Self {
        Self { prefix: Self::ALL.to_owned(), marker: None }
    }

    /// The part of one subscription.
    #[must_use]
    pub fn of_subscription(subscription: &SubscriptionId) -> Self {
        Self { prefix: format!("{}{subscription}/", Self::ALL), marker: None }
    }

    /// The list in parts that can be read side by side: by the first digit of the subscriptions' ids. None when it is a part.
    #[must_use]
    pub fn split(&self) -> Option<Vec<Self>> {
        let part = |digit| Self { prefix: format!("{}{digit:x}", Self::ALL), marker: None };
        (self.prefix == Self::ALL).then(|| (0..16).map(part).collect())
    }
}
