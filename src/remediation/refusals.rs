//! What Resource Manager refuses to the worker itself: who is told, when it is tried again, and when it has lasted long enough to
//! be a park. Pure, over the subscription's document, so that one try is enough for all targets that it holds.
//!
//! | answer to a question | reason | holds |
//! |---|---|---|
//! | `SubscriptionNotFound`, `InvalidSubscriptionId` | `subscriptionGone` | the subscription |
//! | `SubscriptionDisabled`, `ReadOnlyDisabledSubscription` and the like | `subscriptionDisabled` | the subscription |
//! | `MissingSubscriptionRegistration`, `SubscriptionNotRegistered` | `providerNotRegistered` | the subscription |
//! | `InvalidAuthenticationTokenTenant` | `delegationWithdrawn` | the subscription |
//! | any other 401 or 403 | `workerLacksPermission` | all targets of the same scope; about a task only its own |
//! | any other refusal, an answer that cannot be read | `taskRefused` | the one target |

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::target_park::TargetCause;
use crate::arm::{ArmError, CallKind};
use crate::config::Policy;
use crate::event::Timestamp;
use crate::resource::{Scope, Target, TargetHash};
use crate::state::{ParkReason, ScopePark, SubscriptionDocument};

/// So many tries in vain, one after the other, are a park: the pauses between them double, so that what takes a quarter of an
/// hour to pass, as a new role does, has passed by then.
const LASTED: u32 = 6;
/// The first pause of a park, at least.
const SHORTEST: Duration = Duration::from_secs(60);
/// The longest.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What Resource Manager refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Why.
    pub(super) reason: ParkReason,
    words: String,
    call: CallKind,
    /// The scope that it holds for, or the hash of the one target.
    key: String,
    /// It need not last to be believed.
    is_sure: bool,
}

impl Refusal {
    /// What an error says of the worker's own standing; none when it is a matter of the moment.
    pub(super) fn of(error: &ArmError, target: &Target) -> Option<Self> {
        let (call, status, code, message) = match error {
            ArmError::Unauthorized { call, code, message } => (*call, 401, code.as_str(), message.as_str()),
            ArmError::NotFound { call, code, message } => (*call, 404, code.as_str(), message.as_str()),
            ArmError::Refused { call, status, code, message } => (*call, *status, code.as_str(), message.as_str()),
            ArmError::Unreadable { call, words } => (*call, 0, "", words.as_str()),
            ArmError::Throttled { .. } | ArmError::Held { .. } | ArmError::NotSent { .. } | ArmError::Lost { .. } => {
                return None;
            }
        };
        let whole = || Scope::subscription_wide(target.subscription().clone()).to_string();
        let (reason, key) = match code.to_ascii_lowercase().as_str() {
            "subscriptionnotfound" | "invalidsubscriptionid" => (ParkReason::SubscriptionGone, whole()),
            "subscriptiondisabled" | "disabledsubscription" | "readonlydisabledsubscription" => {
                (ParkReason::SubscriptionDisabled, whole())
            }
            "missingsubscriptionregistration" | "subscriptionnotregistered" => {
                (ParkReason::ProviderNotRegistered, whole())
            }
            "invalidauthenticationtokentenant" => (ParkReason::DelegationWithdrawn, whole()),
            // Others have no questions about a task of this target, so they could not tell whether it is over.
            _ if matches!(status, 401 | 403) && matches!(call, CallKind::ReadTask | CallKind::ListDeployments) => {
                (ParkReason::WorkerLacksPermission, target.hash().to_string())
            }
            _ if matches!(status, 401 | 403) => (ParkReason::WorkerLacksPermission, target.scope.to_string()),
            _ => (ParkReason::TaskRefused, target.hash().to_string()),
        };
        // Whoever may not even list the assignments is told so by one answer.
        let is_sure = status == 403 && call == CallKind::ListAssignments;
        let words = format!("{code}: {message} ({})", call.action());
        Some(Self { reason, words: words.trim_start_matches(": ").to_owned(), call, key, is_sure })
    }

    /// Whether it holds the whole subscription, whatever is asked in it.
    pub(super) fn is_of_subscription(&self) -> bool {
        match self.reason {
            ParkReason::SubscriptionGone
            | ParkReason::SubscriptionDisabled
            | ParkReason::ProviderNotRegistered
            | ParkReason::DelegationWithdrawn => true,
            ParkReason::WorkerLacksPermission
            | ParkReason::TaskRefused
            | ParkReason::PermanentFailure
            | ParkReason::MissingPermission
            | ParkReason::AttemptsUsedUp
            | ParkReason::Flapping
            | ParkReason::FixDidNotHelp
            | ParkReason::Canceled
            | ParkReason::NoIdentity
            | ParkReason::ReferenceMissing => false,
        }
    }

    /// What the refusal of a task says of the worker's own standing.
    pub(super) fn of_task(cause: &TargetCause, target: &Target) -> Option<Self> {
        let call = CallKind::CreateTask;
        let words = format!("{} ({})", cause.words, call.action());
        let key = target.scope.to_string();
        cause.reason.is_refusal().then_some(Self { reason: cause.reason, words, call, key, is_sure: true })
    }

    /// Whether the document tells of it as it stands: it is known, not to be tried yet, and a park where it has lasted.
    fn is_told(&self, known: Option<&ScopePark>, now: Timestamp) -> bool {
        known.is_some_and(|park| park.next_try > now && (park.parked_since.is_some() || !self.has_lasted(park)))
    }

    fn has_lasted(&self, park: &ScopePark) -> bool {
        self.is_sure || park.tries >= LASTED
    }

    /// Writes down that it was met. Whether that is news.
    pub(super) fn tell(
        &self,
        claims: &mut SubscriptionDocument,
        by: &TargetHash,
        policy: &Policy,
        now: Timestamp,
    ) -> bool {
        if self.is_told(claims.parks.get(&self.key), now) {
            return false;
        }
        let first = || ScopePark {
            reason: self.reason,
            words: String::new(),
            call: String::new(),
            by: by.clone(),
            since: now,
            tries: 0,
            next_try: now,
            parked_since: None,
        };
        let park = claims.parks.entry(self.key.clone()).or_insert_with(first);
        (park.reason, park.words, park.call) = (self.reason, self.words.clone(), self.call.as_str().to_owned());
        if self.has_lasted(park) && park.parked_since.is_none() {
            (park.parked_since, park.by, park.next_try) = (Some(now), by.clone(), now);
            park.tries = park.tries.max(LASTED - 1);
        }
        if park.next_try <= now {
            try_again(park, policy, now);
        }
        true
    }
}

/// Whether policy states are refused so that their owner may have delegated other rights, and not this one.
pub(super) fn may_be_for_want_of_delegation(error: &ArmError) -> bool {
    matches!(error, ArmError::Refused { status: 403, .. })
}

/// One more try is begun; no other is until its pause is over.
pub(super) fn try_again(park: &mut ScopePark, policy: &Policy, now: Timestamp) {
    park.tries = park.tries.saturating_add(1);
    let doubled = policy.check_interval_min.checked_mul(2_u32.saturating_pow(park.tries - 1)).unwrap_or(LONGEST);
    let least = if park.parked_since.is_some() { SHORTEST } else { Duration::ZERO };
    // As long as nobody can tell what becomes of a task, its resources are kept from all others.
    let is_of_task = [CallKind::ReadTask, CallKind::ListDeployments].iter().any(|call| call.as_str() == park.call);
    let most = if is_of_task { policy.backoff_cap.max(least) } else { LONGEST };
    park.next_try = now + doubled.max(least).min(most).min(policy.park_for);
}

/// The refusal that holds the target, with its key. One of the whole subscription for want of a right leaves the targets of a
/// group to their own questions.
pub(super) fn holding<'a>(
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
pub(super) fn wake_at(park: &ScopePark, hash: &TargetHash, policy: &Policy, now: Timestamp) -> Timestamp {
    let pause = Duration::try_from(park.next_try - now).unwrap_or_default();
    let digest = Sha256::digest(hash.as_str());
    let share = f64::from(u16::from_be_bytes([digest[0], digest[1]])) / f64::from(u16::MAX);
    park.next_try.max(now) + (pause / 4).min(policy.check_interval_max).mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remediation::fixture::{SUB, now, policy, target};

    fn refused(status: u16, code: &str, call: CallKind) -> Option<Refusal> {
        let (code, message) = (code.to_owned(), "words".to_owned());
        let error = match status {
            401 => ArmError::Unauthorized { call, code, message },
            404 => ArmError::NotFound { call, code, message },
            _ => ArmError::Refused { call, status, code, message },
        };
        Refusal::of(&error, &target())
    }

    fn claims() -> SubscriptionDocument {
        SubscriptionDocument::new(target().subscription().clone())
    }

    #[test]
    fn each_refusal_has_its_reason_and_holds_what_it_is_about() {
        let (whole, own) = (SUB.to_lowercase(), target().hash().to_string());
        let states = CallKind::QueryStates;
        for (status, code, call, reason, key) in [
            (404, "SubscriptionNotFound", states, ParkReason::SubscriptionGone, &whole),
            (400, "InvalidSubscriptionId", states, ParkReason::SubscriptionGone, &whole),
            (409, "ReadOnlyDisabledSubscription", states, ParkReason::SubscriptionDisabled, &whole),
            (409, "MissingSubscriptionRegistration", states, ParkReason::ProviderNotRegistered, &whole),
            (401, "InvalidAuthenticationTokenTenant", states, ParkReason::DelegationWithdrawn, &whole),
            (401, "", states, ParkReason::WorkerLacksPermission, &whole),
            (403, "AuthorizationFailed", states, ParkReason::WorkerLacksPermission, &whole),
            (403, "AuthorizationFailed", CallKind::ReadTask, ParkReason::WorkerLacksPermission, &own),
            (400, "InvalidFilterInQueryString", states, ParkReason::TaskRefused, &own),
        ] {
            let found = refused(status, code, call).unwrap();
            assert_eq!((found.reason, &found.key), (reason, key), "{status} {code}");
            assert!(found.words.contains("words (Microsoft.PolicyInsights/"), "{}", found.words);
        }
        let lost = ArmError::Lost { call: states, words: String::new() };
        assert_eq!(Refusal::of(&lost, &target()), None, "a matter of the moment");
    }

    #[test]
    fn it_is_a_park_once_it_has_lasted_and_is_tried_down_to_once_a_day() {
        let refusal = refused(403, "AuthorizationFailed", CallKind::QueryStates).unwrap();
        let (mut claims, hash, mut time, mut writes) = (claims(), target().hash(), now(), 0);
        let key = refusal.key.clone();
        while claims.parks.get(&key).is_none_or(|park| park.parked_since.is_none()) {
            writes += usize::from(refusal.tell(&mut claims, &hash, &policy(), time));
            assert!(!refusal.tell(&mut claims, &hash, &policy(), time), "told once");
            let park = claims.parks.get_mut(&key).unwrap();
            time = park.next_try;
            if park.parked_since.is_none() {
                try_again(park, &policy(), time);
            }
        }
        assert_eq!(writes, 2, "when it was new, and when it had lasted");
        let lasted = claims.parks[&key].parked_since.unwrap() - now();
        assert!(lasted > Duration::from_secs(600) && lasted < Duration::from_secs(3_600), "{lasted}");
        for _ in 0..40 {
            let park = claims.parks.get_mut(&key).unwrap();
            let time = park.next_try;
            try_again(park, &policy(), time);
            assert!(park.next_try - time <= LONGEST && park.next_try - time >= SHORTEST);
        }
        let park = &claims.parks[&key];
        let wakes = wake_at(park, &hash, &policy(), now());
        assert!(wakes >= park.next_try && wakes <= park.next_try + policy().check_interval_max);
    }

    #[test]
    fn a_right_that_is_missing_in_the_subscription_leaves_the_targets_of_a_group_to_themselves() {
        let home = format!("{SUB}/resourceGroups/g/providers/Microsoft.Authorization/policyAssignments/a");
        let of_group = Target::within(target().subscription(), home.parse().unwrap(), None);
        for (status, code, held) in [(403, "AuthorizationFailed", false), (404, "SubscriptionNotFound", true)] {
            let mut claims = claims();
            let refusal = refused(status, code, CallKind::ListAssignments).unwrap();
            assert!(refusal.tell(&mut claims, &target().hash(), &policy(), now()));
            assert!(holding(&claims, &target(), &target().hash()).is_some());
            assert_eq!(holding(&claims, &of_group, &of_group.hash()).is_some(), held, "{code}");
        }
    }
}
