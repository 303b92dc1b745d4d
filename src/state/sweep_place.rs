//! Where `sweep` goes on: where there are very many targets, one sweep may not come to the end of the list.

use serde::{Deserialize, Serialize};

use super::target_document::VERSION;

/// The document `sweep.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepPlace {
    version: u32,
    /// Storage's marker of the page at which to begin; none: at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
}

impl Default for SweepPlace {
    fn default() -> Self {
        Self { version: VERSION, marker: None }
    }
}
