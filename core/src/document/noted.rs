//! What a listing tells of a target that no task remediates, so that one of all that share the facts of an assignment looks at them.

use sha2::{Digest, Sha256};
use time::format_description::well_known::Rfc3339;

use crate::id::hex;
use crate::time::{Timestamp, parse_time};

use super::target_document::TargetDocument;

/// Stands for facts that could not be read.
pub const UNKNOWN: &str = "unknown";

/// A target that is noted as not remediable, as its blob's metadata tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// A digest of the assignment's id.
    pub assignment: String,
    /// The digest of the facts.
    pub facts: String,
    /// Since when at least they were so.
    pub looked_at: Timestamp,
    /// When they are to be looked at again.
    pub look_at: Timestamp,
}

impl Noted {
    /// That of a document; none where it is not noted.
    #[must_use]
    pub fn of(document: &TargetDocument) -> Option<Self> {
        let noted = document.not_remediable.as_ref()?;
        let assignment = Sha256::digest(document.target.policy_assignment_id.as_str());
        let facts: String = noted.facts_digest.split_whitespace().collect();
        let facts = if facts.is_empty() { UNKNOWN.to_owned() } else { facts };
        Some(Self { assignment: hex(&assignment[..8]), facts, looked_at: noted.looked_at, look_at: noted.look_at })
    }

    /// As it stands in metadata.
    pub(super) fn to_metadata(&self) -> Option<String> {
        let Self { assignment, facts, looked_at, look_at } = self;
        Some(format!("{assignment} {facts} {} {}", looked_at.format(&Rfc3339).ok()?, look_at.format(&Rfc3339).ok()?))
    }

    /// Reads what stands in metadata.
    pub(super) fn read(text: &str) -> Option<Self> {
        let parts: Vec<_> = text.split(' ').collect();
        let [assignment, facts, looked_at, look_at] = parts.as_slice() else { return None };
        let (assignment, facts) = ((*assignment).to_owned(), (*facts).to_owned());
        Some(Self { assignment, facts, looked_at: parse_time(looked_at)?, look_at: parse_time(look_at)? })
    }
}
