//! When to try or look again. Pure: the jitter comes from the name of the task that failed, so all its resources share it
//! and travel together to the next wave.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::config::Policy;
use crate::event::Timestamp;
use crate::state::TaskName;

/// When the next attempt is due after attempt number `failed` (from 1) failed: full jitter between now and
/// `BACKOFF_BASE` doubled with each attempt, at most `BACKOFF_CAP`, rounded up to `COALESCE_WINDOW`.
pub(super) fn next_attempt(failed: u32, task: &TaskName, policy: &Policy, now: Timestamp) -> Timestamp {
    let doubled = policy.backoff_base.saturating_mul(1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX));
    round_up(now + doubled.min(policy.backoff_cap).mul_f64(fraction(task)), policy.coalesce_window)
}

/// When to look again at something that began at `since`: after half of the time that it has lasted,
/// within `CHECK_INTERVAL_MIN` and `CHECK_INTERVAL_MAX`.
pub(super) fn next_look(since: Timestamp, policy: &Policy, now: Timestamp) -> Timestamp {
    let lasted = Duration::try_from(now - since).unwrap_or_default();
    now + (lasted / 2).max(policy.check_interval_min).min(policy.check_interval_max.max(policy.check_interval_min))
}

/// The first multiple of the window that is not before `at`.
pub(super) fn round_up(at: Timestamp, window: Duration) -> Timestamp {
    let window = i128::try_from(window.as_nanos()).unwrap_or(i128::MAX);
    if window == 0 {
        return at;
    }
    let over = at.unix_timestamp_nanos().rem_euclid(window);
    let up = if over == 0 { 0 } else { window - over };
    at + Duration::from_nanos(u64::try_from(up).unwrap_or_default())
}

/// A number from 0 to below 1 that is always the same for the same task.
fn fraction(task: &TaskName) -> f64 {
    let digest = Sha256::digest(task.as_str());
    f64::from(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remediation::fixture;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn backoff_stays_between_now_and_the_cap(failed in 1_u32..200, sequence in 0_u64..1_000) {
            let policy = Policy { coalesce_window: Duration::ZERO, ..fixture::policy() };
            let now = fixture::now();
            let task = TaskName::new(&fixture::target().hash(), sequence);
            let due = next_attempt(failed, &task, &policy, now);
            prop_assert!(due >= now && due <= now + policy.backoff_cap);
            prop_assert_eq!(due, next_attempt(failed, &task, &policy, now));
        }

        #[test]
        fn rounding_up_never_goes_back_nor_a_whole_window_on(offset in 0_i64..1_000_000_000_000, seconds in 1_u64..4_000) {
            let window = Duration::from_secs(seconds);
            let at = fixture::now() + time::Duration::nanoseconds(offset);
            let up = round_up(at, window);
            prop_assert!(up >= at && up < at + window);
            prop_assert_eq!(round_up(up, window), up);
        }
    }

    #[test]
    fn looks_grow_rarer_within_their_limits() {
        let policy = fixture::policy();
        let now = fixture::now();
        assert_eq!(next_look(now, &policy, now), now + policy.check_interval_min);
        assert_eq!(next_look(now - Duration::from_secs(300), &policy, now), now + Duration::from_secs(150));
        assert_eq!(next_look(now - Duration::from_secs(90_000), &policy, now), now + policy.check_interval_max);
    }
}
