//! How resources stand with an assignment now, and with what effect it was evaluated.

use crate::event::ComplianceState;
use crate::id::{ResourceId, fold};
use crate::message::Location;
use crate::time::Timestamp;

/// The effective effect of a policy on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `deployIfNotExists` or `modify`: a task can remediate it.
    Remediable,
    /// Any other; the word is the service's, folded.
    Other(String),
}

impl Effect {
    /// The effect that a word names, in any casing.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match fold(word.trim()) {
            word if matches!(word.as_str(), "deployifnotexists" | "modify") => Self::Remediable,
            other => Self::Other(other),
        }
    }
}

/// The latest state of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyState {
    /// The resource, folded.
    pub resource: String,
    /// How it stands.
    pub state: ComplianceState,
    /// When it was evaluated.
    pub at: Option<Timestamp>,
    /// The effect that the evaluation had, as the service gives it; none when it does not say.
    pub effect: Option<Effect>,
    /// Where the resource is; none where the service does not say.
    pub location: Option<Location>,
}

impl PolicyState {
    /// That of a resource of which nobody may read it: it says nothing, not even that there is none.
    #[must_use]
    pub fn unread(resource: &ResourceId) -> Self {
        let resource = resource.as_str().to_owned();
        Self { resource, state: ComplianceState::NonCompliant, at: None, effect: None, location: None }
    }
}
