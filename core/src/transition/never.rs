//! A target whose policy no task remediates keeps no entries: it is noted as such, what comes is counted, and nothing is asked for it
//! but the facts, once a day. All such targets of a subscription have one time of day for that, and one of each assignment asks
//! (`looks.rs`).

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::document::{EntryState, NotRemediable, TargetDocument};
use crate::fact::{Facts, Found};
use crate::id::{SubscriptionId, hex};
use crate::time::Timestamp;

use super::counted;

const DAY: i64 = 86_400;
/// Whoever was noted shortly before its time of day comes again the day after.
const AT_LEAST: i64 = 3_600;

/// Notes that the target cannot be remediated, for this effect: what waits or is parked is only counted from now on.
pub(crate) fn note(document: &mut TargetDocument, effect: &str, facts: &Facts, now: Timestamp) {
    let unlisted = document.unlisted.take().map_or(0, |unlisted| unlisted.seen);
    let mut held = 0;
    document.resources.retain(|_, entry| match &entry.state {
        EntryState::InTask | EntryState::Fixed { .. } => true,
        EntryState::Skipped { reason, .. } => reason.is_guard_rail(),
        EntryState::Waiting { .. } | EntryState::Parked { .. } => {
            held += 1;
            false
        }
    });
    let known = document.not_remediable.take();
    document.not_remediable = Some(NotRemediable {
        effect: effect.to_owned(),
        facts_digest: digest(effect, facts),
        since: known.as_ref().map_or(now, |known| known.since),
        looked_at: facts.read_at,
        look_at: next_look(document.target.subscription(), now),
        seen: known.map_or(0, |known| known.seen).saturating_add(unlisted).saturating_add(held),
    });
}

/// Counts an observation of a target that is noted. Whether it is.
pub(crate) fn count(document: &mut TargetDocument) -> bool {
    document.not_remediable.as_mut().is_some_and(|noted| {
        noted.seen = noted.seen.saturating_add(1);
        true
    })
}

/// The facts tell that there is no such policy any more, so nothing of what was counted is of interest.
pub(crate) fn forget(document: &mut TargetDocument) {
    document.not_remediable = None;
}

/// A task can remediate it by now: the policy states tell what was counted.
pub(crate) fn let_go(document: &mut TargetDocument, now: Timestamp) {
    let Some(noted) = document.not_remediable.take() else { return };
    counted::count(document, noted.seen.max(1), now);
}

/// When the facts of the subscription's targets are read again.
pub(crate) fn next_look(subscription: &SubscriptionId, now: Timestamp) -> Timestamp {
    let hash = Sha256::digest(subscription.to_string());
    let time_of_day = i64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])) % DAY;
    let earliest = now.unix_timestamp() + AT_LEAST;
    let wait = AT_LEAST + (time_of_day - earliest).rem_euclid(DAY);
    // To the second, so that it is the same for all.
    now - Duration::from_nanos(u64::from(now.nanosecond())) + Duration::from_secs(wait.unsigned_abs())
}

/// What of the facts says so: what decides the effects of the whole assignment, where that is told.
fn digest(effect: &str, facts: &Facts) -> String {
    if let Some(policies) = &facts.policies {
        return policies.clone();
    }
    let (instance, version) = match &facts.assignment {
        Found::There(assignment) => (assignment.instance.as_deref(), assignment.effective_version.as_deref()),
        Found::Gone | Found::Unreadable(_) => (None, None),
    };
    let hash = Sha256::digest(format!("{effect}\n{}\n{}", instance.unwrap_or_default(), version.unwrap_or_default()));
    hex(&hash[..8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ParkReason, SkipReason};
    use crate::fixture::{facts, now, resource, seen, target, tuning, waiting};
    use crate::message::Finding;
    use crate::transition::observe::{Merged, merge};
    use crate::transition::states::park;

    #[test]
    fn what_is_noted_has_no_entries_and_counts_whatever_comes() {
        let mut document = waiting(5);
        let set =
            |document: &mut TargetDocument, n, state| document.resources.get_mut(&resource(n)).unwrap().state = state;
        set(&mut document, 0, park(ParkReason::AttemptsUsedUp, None, String::new(), &tuning(), now()));
        set(&mut document, 1, EntryState::Fixed { at: now(), verified_at: None });
        set(&mut document, 2, EntryState::skipped(SkipReason::Exempt, now()));
        counted::count(&mut document, 40, now());
        note(&mut document, "audit", &facts(), now());
        assert_eq!(document.resources.keys().collect::<Vec<_>>(), [&resource(1)], "a fix is still to be verified");
        let noted = document.not_remediable.clone().unwrap();
        assert_eq!((noted.seen, noted.effect.as_str(), &document.unlisted), (43, "audit", &None));
        let before = document.clone();
        for n in [1, 7, 7] {
            let later = now() + Duration::from_secs(60);
            assert_eq!(
                merge(&mut document, &seen(Finding::NonCompliant, n, later), &tuning(), later),
                Merged::NotRemediable
            );
        }
        assert_eq!(document.not_remediable.as_ref().map(|noted| noted.seen), Some(46));
        document.not_remediable.clone_from(&before.not_remediable);
        assert_eq!(document, before, "and nobody is woken");
    }

    #[test]
    fn all_targets_of_a_subscription_look_again_at_one_time_of_day() {
        let subscription = target().subscription().clone();
        let first = next_look(&subscription, now());
        for minutes in 0..3_000_u64 {
            let at = now() + Duration::from_secs(60 * minutes) + Duration::from_millis(minutes);
            let look = next_look(&subscription, at);
            let after = look - at;
            assert!(
                after >= time::Duration::seconds(AT_LEAST - 1) && after <= time::Duration::seconds(DAY + AT_LEAST),
                "{after}"
            );
            assert_eq!((look - first).whole_seconds() % DAY, 0);
            assert_eq!(look.nanosecond(), 0);
        }
    }

    #[test]
    fn what_can_be_remediated_by_now_is_looked_for_in_the_policy_states() {
        let mut document = waiting(3);
        note(&mut document, "audit", &facts(), now());
        let later = now() + Duration::from_secs(86_400);
        let_go(&mut document, later);
        assert_eq!(document.not_remediable, None);
        assert_eq!(document.unlisted.as_ref().map(|unlisted| (unlisted.seen, unlisted.due)), Some((3, later)));
        assert_eq!(document.wake_at.min(Some(later)), document.wake_at);
    }
}
