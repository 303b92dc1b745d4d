//! What Resource Manager refuses to the worker itself: who is told, when it is tried again, and when it has lasted long enough to
//! be a park. Pure, over the subscription's document, so that one try is enough for all targets that it holds.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::document::{ParkReason, ScopePark, SubscriptionDocument};
use crate::fact::{CallKind, Refusal};
use crate::id::{Scope, Target, TargetHash};
use crate::settings::Tuning;
use crate::time::Timestamp;

/// So many tries in vain, one after the other, are a park: the pauses between them double, so that what takes a quarter of an
/// hour to pass, as a new role does, has passed by then.
const LASTED: u32 = 6;
/// The first pause of a park, at least.
const SHORTEST: Duration = Duration::from_secs(60);
/// The longest.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Whether the document tells of it as it stands: it is known, not to be tried yet, and a park where it has lasted.
fn is_told(refusal: &Refusal, known: Option<&ScopePark>, now: Timestamp) -> bool {
    known.is_some_and(|park| park.next_try > now && (park.parked_since.is_some() || !has_lasted(refusal, park)))
}

fn has_lasted(refusal: &Refusal, park: &ScopePark) -> bool {
    refusal.is_sure || park.tries >= LASTED
}

/// Writes down that it was met. Whether that is news.
pub(crate) fn tell(
    refusal: &Refusal,
    claims: &mut SubscriptionDocument,
    by: &TargetHash,
    tuning: &Tuning,
    now: Timestamp,
) -> bool {
    if is_told(refusal, claims.parks.get(&refusal.key), now) {
        return false;
    }
    let first = || ScopePark {
        reason: refusal.reason,
        words: String::new(),
        call: String::new(),
        by: by.clone(),
        since: now,
        tries: 0,
        next_try: now,
        parked_since: None,
    };
    let park = claims.parks.entry(refusal.key.clone()).or_insert_with(first);
    (park.reason, park.words, park.call) = (refusal.reason, refusal.words.clone(), refusal.call.as_str().to_owned());
    if has_lasted(refusal, park) && park.parked_since.is_none() {
        (park.parked_since, park.by, park.next_try) = (Some(now), by.clone(), now);
        park.tries = park.tries.max(LASTED - 1);
    }
    if park.next_try <= now {
        try_again(park, tuning, now);
    }
    true
}

/// One more try is begun; no other is until its pause is over.
pub(crate) fn try_again(park: &mut ScopePark, tuning: &Tuning, now: Timestamp) {
    park.tries = park.tries.saturating_add(1);
    let doubled = tuning.check_interval_min.checked_mul(2_u32.saturating_pow(park.tries - 1)).unwrap_or(LONGEST);
    let least = if park.parked_since.is_some() { SHORTEST } else { Duration::ZERO };
    // As long as nobody can tell what becomes of a task, its resources are kept from all others.
    let is_of_task = [CallKind::ReadTask, CallKind::ListDeployments].iter().any(|call| call.as_str() == park.call);
    let most = if is_of_task { tuning.backoff_cap.max(least) } else { LONGEST };
    park.next_try = now + doubled.max(least).min(most).min(tuning.park_for);
}

/// The refusal that holds the target, with its key. One of the whole subscription for want of a right leaves the targets of a
/// group to their own questions.
pub(crate) fn holding<'a>(
    claims: &'a SubscriptionDocument,
    target: &Target,
    hash: &TargetHash,
) -> Option<(&'a String, &'a ScopePark)> {
    let whole = Scope::subscription_wide(target.subscription().clone());
    let is_own = |key: &str| key == target.scope.as_str() || key == hash.as_str();
    let holds = |(key, park): &(&String, &ScopePark)| {
        is_own(key) || (key.as_str() == whole.as_str() && park.reason != ParkReason::WorkerLacksPermission)
    };
    claims.parks.iter().filter(holds).max_by_key(|(_, park)| park.next_try)
}

/// When a target that the refusal holds wakes: soon after the next try is due, each at a time of its own.
pub(crate) fn wake_at(park: &ScopePark, hash: &TargetHash, tuning: &Tuning, now: Timestamp) -> Timestamp {
    let pause = Duration::try_from(park.next_try - now).unwrap_or_default();
    let digest = Sha256::digest(hash.as_str());
    let share = f64::from(u16::from_be_bytes([digest[0], digest[1]])) / f64::from(u16::MAX);
    park.next_try.max(now) + (pause / 4).min(tuning.check_interval_max).mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{SUB, now, target, tuning};

    fn refused(reason: ParkReason, call: CallKind, key: String) -> Refusal {
        Refusal { reason, words: "words".to_owned(), call, key, is_sure: false }
    }

    fn claims() -> SubscriptionDocument {
        SubscriptionDocument::new(target().subscription().clone())
    }

    #[test]
    fn it_is_a_park_once_it_has_lasted_and_is_tried_down_to_once_a_day() {
        let key = target().scope.to_string();
        let refusal = refused(ParkReason::WorkerLacksPermission, CallKind::QueryStates, key.clone());
        let (mut claims, hash, mut time, mut writes) = (claims(), target().hash(), now(), 0);
        while claims.parks.get(&key).is_none_or(|park| park.parked_since.is_none()) {
            writes += usize::from(tell(&refusal, &mut claims, &hash, &tuning(), time));
            assert!(!tell(&refusal, &mut claims, &hash, &tuning(), time), "told once");
            let park = claims.parks.get_mut(&key).unwrap();
            time = park.next_try;
            if park.parked_since.is_none() {
                try_again(park, &tuning(), time);
            }
        }
        assert_eq!(writes, 2, "when it was new, and when it had lasted");
        let lasted = claims.parks[&key].parked_since.unwrap() - now();
        assert!(lasted > Duration::from_secs(600) && lasted < Duration::from_secs(3_600), "{lasted}");
        for _ in 0..40 {
            let park = claims.parks.get_mut(&key).unwrap();
            let time = park.next_try;
            try_again(park, &tuning(), time);
            assert!(park.next_try - time <= LONGEST && park.next_try - time >= SHORTEST);
        }
        let park = &claims.parks[&key];
        let wakes = wake_at(park, &hash, &tuning(), now());
        assert!(wakes >= park.next_try && wakes <= park.next_try + tuning().check_interval_max);
    }

    #[test]
    fn a_right_that_is_missing_in_the_subscription_leaves_the_targets_of_a_group_to_themselves() {
        let home = format!("{SUB}/resourceGroups/g/providers/Microsoft.Authorization/policyAssignments/a");
        let of_group = Target::within(target().subscription(), home.parse().unwrap(), None);
        for (reason, held) in [(ParkReason::WorkerLacksPermission, false), (ParkReason::SubscriptionGone, true)] {
            let mut claims = claims();
            let refusal = refused(reason, CallKind::ListAssignments, SUB.to_lowercase());
            assert!(tell(&refusal, &mut claims, &target().hash(), &tuning(), now()));
            assert!(holding(&claims, &target(), &target().hash()).is_some());
            assert_eq!(holding(&claims, &of_group, &of_group.hash()).is_some(), held, "{reason:?}");
        }
    }
}
