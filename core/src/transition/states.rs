//! States into which more than one decision puts an entry: waiting for its first attempt, and parked.

use crate::document::{EntryState, FailureClass, ParkReason};
use crate::settings::Tuning;
use crate::time::Timestamp;

use super::backoff::round_up;

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

/// Automatic remediation of new resources gets its chance first; what belongs together travels together.
pub(crate) fn first_due(at: Timestamp, tuning: &Tuning, now: Timestamp) -> Timestamp {
    round_up((at + tuning.settle_delay).max(now), tuning.coalesce_window)
}
