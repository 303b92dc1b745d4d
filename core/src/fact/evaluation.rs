//! What became of a request for an evaluation, or of a question after it, by meaning.

use crate::time::Timestamp;

/// What is known of an evaluation after an answer, or after none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// It goes on; where to ask after it, and not before when.
    Running(String, Option<Timestamp>),
    /// It is done.
    Ended,
    /// It cannot be had, or nobody can tell what becomes of it; the service's words.
    Unavailable(String),
    /// The request was not taken: Resource Manager wants no call before this time.
    Throttled(Timestamp, String),
    /// It was never asked for.
    NotSent,
    /// No answer to a question after it: ask again.
    Unanswered,
}
