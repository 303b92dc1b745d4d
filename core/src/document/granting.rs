//! Roles that the worker is granting to the identity of the target's assignment.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How far the granting is. What is granted follows from what is missing; that is asked anew in each pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Granting {
    /// When it was begun.
    #[serde(with = "time::serde::rfc3339")]
    pub since: Timestamp,
    /// When all of it had been answered with success: then the roles are on their way.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    /// Whether it was refused for good: a person must do it, and nothing is granted until the park for that is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
}

impl Granting {
    /// Granting that begins now.
    #[must_use]
    pub fn begun(now: Timestamp) -> Self {
        Self { since: now, made_at: None, refused: false }
    }
}
