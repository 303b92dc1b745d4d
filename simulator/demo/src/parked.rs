//! What is parked, as a report has it.

use serde::Serialize;

/// A target that is parked as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedTarget {
    /// The policy assignment.
    pub assignment: String,
    /// Why it is parked.
    pub reason: String,
    /// What was found, or the service's own words.
    pub words: String,
    /// How to mend it.
    pub hint: String,
}

/// A parked resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedItem {
    /// The resource.
    pub resource: String,
    /// Why it is parked.
    pub reason: String,
    /// The service's own words.
    pub words: String,
    /// How to mend it.
    pub hint: String,
}
