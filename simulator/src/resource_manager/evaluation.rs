//! An evaluation on demand, as the service remembers it.

use crate::estate::ArmId;
use time::OffsetDateTime;

/// An evaluation that was asked for.
#[derive(Debug)]
pub(crate) struct Evaluation {
    pub(crate) name: String,
    pub(crate) scope: ArmId,
    pub(crate) began_at: OffsetDateTime,
    pub(crate) ends_at: OffsetDateTime,
    pub(crate) is_done: bool,
}
