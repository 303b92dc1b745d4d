//! When to try or look again. Pure: `backon` gives the doubling and the cap, but the jitter comes from the name of the task that
//! failed, so all its resources share it and travel together to the next wave, and a crash does not throw the dice again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use sha2::{Digest, Sha256};

use crate::document::TaskName;
use crate::settings::Tuning;
use crate::time::Timestamp;

/// When the next attempt is due after attempt number `failed` (from 1) failed: full jitter between now and
/// `BACKOFF_BASE` doubled with each attempt, at most `BACKOFF_CAP`, rounded up to `COALESCE_WINDOW`.
pub(crate) fn next_attempt(failed: u32, task: &TaskName, tuning: &Tuning, now: Timestamp) -> Timestamp {
    round_up(now + longest_wait(failed, tuning).mul_f64(fraction(task)), tuning.coalesce_window)
}

/// When an observation comes again whose document cannot be used, after it was sent back `returns` times: `BACKOFF_BASE` doubled
/// each time, at most `BACKOFF_CAP`. Those of one target that came together come together again.
#[must_use]
pub fn wait_for_document(returns: u32, tuning: &Tuning, now: Timestamp) -> Timestamp {
    now + longest_wait(returns.saturating_add(1), tuning)
}

/// Longest pause of a resource that waits for a person or for time.
const LONGEST_RESOURCE_WAIT: Duration = Duration::from_secs(7 * 86_400);

/// How long a resource waits for a person or for time, the how-manyeth time it does: `RESOURCE_WAIT`, doubled each time up to seven days.
pub(crate) fn resource_wait(waits: u32, tuning: &Tuning) -> Duration {
    let doubled = tuning.resource_wait.saturating_mul(1 << waits.saturating_sub(1).min(16));
    doubled.min(LONGEST_RESOURCE_WAIT.max(tuning.resource_wait))
}

/// Steps after which any wait has grown to any cap: from a nanosecond to more than five hundred years.
const STEPS: u32 = 64;

/// The longest wait after attempt number `failed`.
fn longest_wait(failed: u32, tuning: &Tuning) -> Duration {
    let cap = tuning.backoff_cap;
    let waits = ExponentialBuilder::new()
        .with_factor(2.0)
        .with_min_delay(tuning.backoff_base.min(cap))
        .with_max_delay(cap)
        .without_max_times();
    let step = failed.saturating_sub(1).min(STEPS);
    waits.build().nth(usize::try_from(step).unwrap_or_default()).unwrap_or(cap)
}

/// When to look again at something that began at `since`: after half of the time that it has lasted,
/// within `CHECK_INTERVAL_MIN` and `CHECK_INTERVAL_MAX`.
pub(crate) fn next_pass(since: Timestamp, tuning: &Tuning, now: Timestamp) -> Timestamp {
    let lasted = Duration::try_from(now - since).unwrap_or_default();
    now + (lasted / 2).max(tuning.check_interval_min).min(tuning.check_interval_max.max(tuning.check_interval_min))
}

/// Longest pause that is only a guess.
const GUESS: u64 = 30;
/// Longest pause, whatever a clock shows.
const LATEST: u64 = 600;

/// How much later a wake-up is planned after so many came early, by so many seconds as far as was seen; from the second on by a
/// second at least, doubled, half a minute at most.
pub(crate) fn early_pause(early: u32, ahead: u64) -> Duration {
    let doubled = early.checked_sub(2).map(|times| 2_u64.saturating_pow(times)).unwrap_or_default();
    Duration::from_secs(doubled.min(GUESS).max(ahead).min(LATEST))
}

/// The first multiple of the window that is not before `at`.
pub(crate) fn round_up(at: Timestamp, window: Duration) -> Timestamp {
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
    use crate::fixture;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn backoff_stays_between_now_and_the_cap(failed in 1_u32..200, sequence in 0_u64..1_000) {
            let tuning = Tuning { coalesce_window: Duration::ZERO, ..fixture::tuning() };
            let now = fixture::now();
            let task = TaskName::new(&fixture::installation(), &fixture::target().hash(), sequence);
            let due = next_attempt(failed, &task, &tuning, now);
            prop_assert!(due >= now && due <= now + tuning.backoff_cap);
            prop_assert_eq!(due, next_attempt(failed, &task, &tuning, now));
        }

        #[test]
        fn the_longest_wait_doubles_up_to_the_cap_also_when_the_base_is_above_it(failed in 1_u32..40, base in 0_u64..10_000_000, cap in 0_u64..10_000_000) {
            let (base, cap) = (Duration::from_millis(base), Duration::from_millis(cap));
            let tuning = Tuning { backoff_base: base, backoff_cap: cap, ..fixture::tuning() };
            let wait = longest_wait(failed, &tuning);
            let wanted = (base.as_secs_f64() * 2_f64.powi(failed as i32 - 1)).min(cap.as_secs_f64());
            prop_assert!(wait <= cap);
            prop_assert!((wait.as_secs_f64() - wanted).abs() <= wanted * 1e-5, "{wait:?}, wanted {wanted} s");
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
    fn with_the_defaults_it_is_a_minute_two_four_and_so_on_up_to_an_hour() {
        let minutes = |failed| longest_wait(failed, &fixture::tuning()).as_secs_f64() / 60.0;
        assert_eq!(
            [1, 2, 3, 4, 5, 6, 7, 8, 100, u32::MAX].map(minutes),
            [1., 2., 4., 8., 16., 32., 60., 60., 60., 60.]
        );
    }

    #[test]
    fn looks_grow_rarer_within_their_limits() {
        let tuning = fixture::tuning();
        let now = fixture::now();
        assert_eq!(next_pass(now, &tuning, now), now + tuning.check_interval_min);
        assert_eq!(next_pass(now - Duration::from_secs(300), &tuning, now), now + Duration::from_secs(150));
        assert_eq!(next_pass(now - Duration::from_secs(90_000), &tuning, now), now + tuning.check_interval_max);
    }
}
