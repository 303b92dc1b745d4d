//! A target whose policy no task remediates, whatever the resource: it audits, denies or is disabled. Such policies see more than all
//! others, so nothing of them is listed: what comes is counted, and the facts are looked at again once a day.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What is known of a target that cannot be remediated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotRemediable {
    /// The effect of the policy, as a word.
    pub effect: String,
    /// The digest of the facts from which that follows, the same for all targets of the assignment in the subscription.
    pub facts_digest: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: Timestamp,
    /// Since when at least the facts were so that it follows.
    #[serde(with = "time::serde::rfc3339", default = "long_ago")]
    pub looked_at: Timestamp,
    /// When the facts are read again: by one of the targets of the assignment in the subscription, for all of them.
    #[serde(with = "time::serde::rfc3339")]
    pub look_at: Timestamp,
    /// How many observations came to nothing, as far as is known.
    pub seen: u64,
}

fn long_ago() -> Timestamp {
    Timestamp::UNIX_EPOCH
}
