//! The on-demand evaluations of a subscription, which all its targets share: what one has asked for, no other asks for again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{ResourceId, Scope};
use crate::time::Timestamp;

/// An evaluation of all that a scope holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// When it was asked for, by the clock of storage. It says something of what failed before.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: Timestamp,
    /// How far it is.
    pub phase: EvaluationPhase,
}

/// How far an evaluation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EvaluationPhase {
    /// Written down before it was asked for: Azure Policy may or may not know of it.
    Asked,
    /// Azure Policy took it.
    Running {
        /// Where to ask after it.
        location: String,
        /// When to ask next.
        #[serde(with = "time::serde::rfc3339")]
        look_at: Timestamp,
    },
    /// It is done.
    Ended {
        /// When that was seen.
        #[serde(with = "time::serde::rfc3339")]
        at: Timestamp,
    },
    /// It was refused, or nobody can tell what became of it.
    Unavailable {
        /// The service's own words, or what is known.
        words: String,
        /// When it may be asked for again, where Resource Manager did not take the request for now.
        #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
        again_at: Option<Timestamp>,
    },
}

impl Evaluation {
    /// When another may be asked for, with this pause between two.
    #[must_use]
    pub fn again_at(&self, pause: Duration) -> Timestamp {
        match &self.phase {
            EvaluationPhase::Unavailable { again_at: Some(at), .. } => *at,
            EvaluationPhase::Asked
            | EvaluationPhase::Running { .. }
            | EvaluationPhase::Ended { .. }
            | EvaluationPhase::Unavailable { again_at: None, .. } => self.started_at + pause,
        }
    }

    /// Whether an evaluation of the scope, once done, tells of the resource. That of a group evaluates what is in it
    /// (Microsoft documentation, "Trigger a scan"); of the group itself only that of the subscription is sure to tell.
    #[must_use]
    pub fn covers(scope: &Scope, resource: &ResourceId) -> bool {
        let is_itself = scope.as_str() == resource.as_str();
        resource.is_within(scope.as_str()) && (!is_itself || resource.resource_group().is_none())
    }
}
