//! States into which more than one decision puts an entry: waiting for its first attempt, and parked.

use crate::document::{EntryState, FailureClass, ParkReason};
use crate::id::ResourceId;
use crate::settings::Tuning;
use crate::time::Timestamp;

use super::backoff::round_up;
use super::hint::hint;

/// Gives a resource up until `PARK_FOR` has passed.
pub(crate) fn park(
    reason: ParkReason,
    class: Option<FailureClass>,
    words: String,
    tuning: &Tuning,
    now: Timestamp,
) -> EntryState {
    EntryState::Parked { reason, class, words, hint: reason.hint().to_owned(), until: now + tuning.park_for }
}

/// When it was parked so; none when it is not.
pub(super) fn parked_at(state: &EntryState, tuning: &Tuning) -> Option<Timestamp> {
    match state {
        EntryState::Parked { until, .. } => Some(*until - tuning.park_for),
        EntryState::Waiting { .. } | EntryState::InTask | EntryState::Fixed { .. } | EntryState::Skipped { .. } => None,
    }
}

/// The same of a resource whose failure the service has told of, with what its words name as the hint.
pub(crate) fn park_failed(
    id: &ResourceId,
    reason: ParkReason,
    class: FailureClass,
    words: String,
    tuning: &Tuning,
    now: Timestamp,
) -> EntryState {
    let hint = hint(reason, &words, id);
    EntryState::Parked { reason, class: Some(class), words, hint, until: now + tuning.park_for }
}

/// Automatic remediation of new resources gets its chance first; what belongs together travels together.
pub(crate) fn first_due(at: Timestamp, tuning: &Tuning, now: Timestamp) -> Timestamp {
    round_up((at + tuning.settle_delay).max(now), tuning.coalesce_window)
}
