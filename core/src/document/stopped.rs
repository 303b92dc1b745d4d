//! Targets that are stopped because the worker died of a pass over them, twice. The record stands apart from the target's document:
//! reading that may be what kills. Until its time is over every wake-up of the target is passed over; a person ends it earlier by
//! deleting the blob.

use serde::{Deserialize, Serialize};

use crate::id::Target;
use crate::time::Timestamp;

use super::versioned::VERSION;

/// Why and until when nothing is done for a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoppedTarget {
    version: u32,
    /// The target.
    pub target: Target,
    /// Why, in words.
    pub reason: String,
    /// How many deaths of the worker, or of passes over the target, led here.
    pub deaths: u32,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: Timestamp,
    /// When it is tried again by itself.
    #[serde(with = "time::serde::rfc3339")]
    pub until: Timestamp,
}

impl StoppedTarget {
    /// The record of a target that is stopped now.
    #[must_use]
    pub fn new(target: Target, reason: String, deaths: u32, now: Timestamp, until: Timestamp) -> Self {
        Self { version: VERSION, target, reason, deaths, since: now, until }
    }
}

/// The target's hash in the name of a blob that is named for a target.
#[must_use]
pub fn hash_in(blob: &str) -> Option<&str> {
    blob.rsplit('/').next()?.strip_suffix(".json")
}
