//! What holds a target that rests until a time which the settings name: a window, a first step, a pace. Where the settings are others by
//! now, `sweep` wakes it to ask again, and it comes within minutes of its own.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::document::{TargetDocument, TargetSummary};
use crate::id::{TargetHash, hex};
use crate::settings::Tuning;
use crate::time::Timestamp;
use crate::transition::schedule::schedule;

/// All that waits for one thing begins within this time of it.
pub(crate) const SPREAD: Duration = Duration::from_secs(600);

/// A short name for what the settings say of when, how much and how fast.
#[must_use]
pub fn settings_digest(tuning: &Tuning) -> String {
    let Tuning { change_window, first_steps, step_soak, verify_steps, max_per_hour, max_per_day, .. } = tuning;
    let all = format!("{:?}", (change_window, first_steps, step_soak, verify_steps, max_per_hour, max_per_day));
    hex(&Sha256::digest(all)[..8])
}

/// Whether a listed target is held by other settings than those of this digest, for longer than it would be when it was woken.
#[must_use]
pub fn asks_again(summary: &TargetSummary, digest: &str, now: Timestamp) -> bool {
    let is_other = summary.held_under.as_deref().is_some_and(|held| held != digest);
    is_other && summary.wake_at.is_some_and(|at| at > now + SPREAD)
}

/// Wakes the target if other settings hold it: once, since what it then waits for is of today's. Whether it is woken.
pub(crate) fn ask_again(document: &mut TargetDocument, tuning: &Tuning, now: Timestamp) -> bool {
    let digest = settings_digest(tuning);
    let is_other = document.held_under.as_ref().is_some_and(|held| *held != digest);
    if !is_other || document.active.is_some() {
        return false;
    }
    document.held_under = None;
    let at = now + SPREAD.mul_f64(share(&document.target.hash()));
    if document.wake_at.is_some_and(|planned| planned <= at) {
        return false;
    }
    schedule(document, Some(at));
    true
}

/// The target's own share of a time over which many are spread.
pub(crate) fn share(hash: &TargetHash) -> f64 {
    let digits = hash.as_str().get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    f64::from(digits.unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::metadata_of;
    use crate::fixture::{now, tuning, waiting};

    #[test]
    fn what_other_settings_hold_is_woken_once_and_soon() {
        let held = Tuning { max_per_day: Some(5), ..tuning() };
        let week = now() + Duration::from_secs(7 * 86_400);
        let mut document = waiting(2);
        (document.held_under, document.wake_at) = (Some(settings_digest(&held)), Some(week));
        let summary = |document: &TargetDocument| TargetSummary::read(String::new(), &metadata_of(document));
        let is_to_be = |document: &TargetDocument, tuning: &Tuning| {
            asks_again(&summary(document), &settings_digest(tuning), now())
        };
        assert!(!is_to_be(&document, &held) && !ask_again(&mut document.clone(), &held, now()));
        for other in [
            Tuning { max_per_day: Some(50), ..held.clone() },
            Tuning { max_per_hour: Some(1), ..held.clone() },
            Tuning { first_steps: vec![7], ..held.clone() },
            Tuning { step_soak: Duration::from_secs(1), ..held.clone() },
            Tuning { verify_steps: !held.verify_steps, ..held.clone() },
            Tuning { change_window: crate::control::ChangeWindow::parse("07:00-08:00").unwrap(), ..held.clone() },
        ] {
            assert!(is_to_be(&document, &other), "{other:?}");
            let mut woken = document.clone();
            assert!(ask_again(&mut woken, &other, now()));
            assert!(woken.generation > document.generation && woken.wake_at.unwrap() <= now() + SPREAD);
            assert!(!is_to_be(&woken, &other) && !ask_again(&mut woken, &other, now()), "once");
        }
        let other = Tuning { max_per_day: None, ..held };
        let mut soon = document.clone();
        soon.wake_at = Some(now());
        assert!(!is_to_be(&soon, &other) && !ask_again(&mut soon.clone(), &other, now()), "it comes by itself");
        let mut free = document;
        free.held_under = None;
        assert!(
            !is_to_be(&free, &other) && !ask_again(&mut free.clone(), &other, now()),
            "what else it waits for stays"
        );
    }
}
