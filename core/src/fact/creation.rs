//! What became of the creation of a task.

use crate::document::TargetCause;
use crate::time::Timestamp;

/// What became of the creation of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// Resource Manager has it.
    Accepted,
    /// Another task is in the way, or the call was not sent: wait.
    Wait,
    /// Not before this time.
    Throttled(Timestamp),
    /// Refused for a reason that is not known to pass; the service's words.
    Refused(String),
    /// No task of the target can be opened until a person fixes this.
    Park(TargetCause),
    /// No answer: it may be there or not.
    Unknown,
}
