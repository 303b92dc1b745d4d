//! Why a question to Resource Manager has no answer.

use crate::time::Timestamp;

use super::refusal::Refusal;

/// A question has no answer, as far as a decision must know why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unanswered {
    /// Resource Manager is to be left alone until then.
    pub not_before: Option<Timestamp>,
    /// What it says of the worker's own standing; none when it is a matter of the moment.
    pub refusal: Option<Refusal>,
    /// What happened, in words.
    pub message: String,
}
