//! What the guard rails leave out of a target: the whole target, or more resources than get an entry. They are only counted, so
//! that a pilot of one assignment costs no entry a resource, and found again in the policy states when the guard rails let
//! them in.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

use super::reasons::SkipReason;

/// What of a target is left out beside the entries that are skipped for a guard rail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Excluded {
    /// The guard rail that leaves out the whole target; none where only some of its resources are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rail: Option<SkipReason>,
    /// The digest of the guard rails that were asked; none where they were not the same for all that is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rails_digest: Option<String>,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: Timestamp,
    /// How many observations were left out without an entry, as far as is known.
    pub seen: u64,
}

impl Excluded {
    /// Counts so many more, which guard rails of this digest leave out since then. Where those that were counted before were
    /// left out by others, only a walk tells what one and the same guard rails say of all.
    pub fn count(&mut self, seen: u64, rail: Option<SkipReason>, digest: Option<&str>, since: Timestamp) {
        if self.seen == 0 {
            self.rail = rail;
            self.rails_digest = digest.map(str::to_owned);
        } else if seen > 0 {
            self.also_by(digest);
            self.rail = self.rail.filter(|known| Some(*known) == rail);
        }
        self.since = self.since.min(since);
        self.seen = self.seen.saturating_add(seen);
    }

    /// Guard rails of this digest leave out some of what is counted.
    pub fn also_by(&mut self, digest: Option<&str>) {
        if self.rails_digest.as_deref() != digest {
            self.rail = None;
            self.rails_digest = None;
        }
    }
}
