//! What an answer of Resource Manager says of the worker's own standing.
//!
//! | answer to a question | reason | holds |
//! |---|---|---|
//! | `SubscriptionNotFound`, `InvalidSubscriptionId` | `subscriptionGone` | the subscription |
//! | `SubscriptionDisabled`, `ReadOnlyDisabledSubscription` and the like | `subscriptionDisabled` | the subscription |
//! | `MissingSubscriptionRegistration`, `SubscriptionNotRegistered` | `providerNotRegistered` | the subscription |
//! | `InvalidAuthenticationTokenTenant`, "wrong issuer" | `delegationWithdrawn` | the subscription |
//! | any other 401 or 403 | `workerLacksPermission` | all targets of the same scope; about a task only its own |
//! | any other refusal, an answer that cannot be read | `taskRefused` | the one target |

use remediation::document::ParkReason;
use remediation::fact::{CallKind, Refusal, Unanswered, subscription_cause};
use remediation::id::{Scope, Target};

use super::error::ArmError;

/// Why a question about the target has no answer, as far as a decision must know it.
#[must_use]
pub fn unanswered(error: &ArmError, target: &Target) -> Unanswered {
    let not_before = match error {
        ArmError::Throttled { until, .. } | ArmError::Held { until, .. } => Some(*until),
        ArmError::NotFound { .. }
        | ArmError::Refused { .. }
        | ArmError::Unauthorized { .. }
        | ArmError::NotSent { .. }
        | ArmError::Lost { .. }
        | ArmError::Unreadable { .. } => None,
    };
    Unanswered { not_before, refusal: refusal(error, target), message: error.to_string() }
}

/// Whether what was answered to the deletion of a task will be answered again: the task is not there, or the worker lacks the right.
/// What is refused of a whole subscription may pass with it.
#[must_use]
pub fn stays_for_good(error: &ArmError, target: &Target) -> bool {
    let is_of_subscription = || refusal(error, target).is_some_and(|refusal| refusal.is_of_subscription());
    error.is_missing() || error.is_final() && !is_of_subscription()
}

/// Whether policy states are refused so that their owner may have delegated other rights, and not this one.
#[must_use]
pub fn may_be_for_want_of_delegation(error: &ArmError) -> bool {
    error.is_forbidden()
}

/// What is wrong with the whole subscription, by the code or the words of an answer.
pub(super) fn of_subscription(code: &str, words: &str) -> Option<ParkReason> {
    let (code, words) = (code.to_ascii_lowercase(), words.to_ascii_lowercase());
    match code.as_str() {
        "subscriptionnotfound" | "invalidsubscriptionid" => Some(ParkReason::SubscriptionGone),
        "invalidauthenticationtokentenant" => Some(ParkReason::DelegationWithdrawn),
        // "The access token is from the wrong issuer … It must match the tenant … associated with this subscription."
        _ if words.contains("wrong issuer") => Some(ParkReason::DelegationWithdrawn),
        code => subscription_cause(code, &words),
    }
}

/// What an error says of the worker's own standing; none when it is a matter of the moment.
pub(super) fn refusal(error: &ArmError, target: &Target) -> Option<Refusal> {
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
    let (reason, key) = match of_subscription(code, message) {
        Some(reason) => (reason, whole()),
        // Others have no questions about a task of this target, so they could not tell whether it is over.
        None if matches!(status, 401 | 403) && matches!(call, CallKind::ReadTask | CallKind::ListDeployments) => {
            (ParkReason::WorkerLacksPermission, target.hash().to_string())
        }
        None if matches!(status, 401 | 403) => (ParkReason::WorkerLacksPermission, target.scope.to_string()),
        None => (ParkReason::TaskRefused, target.hash().to_string()),
    };
    // Whoever is told the facts of an assignment has been answered both; only the list is known to be answered by them.
    let call = if call == CallKind::ReadAssignment { CallKind::ListAssignments } else { call };
    // Whoever may not even list the assignments is told so by one answer.
    let is_sure = status == 403 && call == CallKind::ListAssignments;
    let words = format!("{code}: {message} ({})", call.action());
    Some(Refusal { reason, words: words.trim_start_matches(": ").to_owned(), call, key, is_sure })
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fixture::{SUB, target};

    fn refused(status: u16, code: &str, call: CallKind) -> Option<Refusal> {
        let (code, message) = (code.to_owned(), "words".to_owned());
        let error = match status {
            401 => ArmError::Unauthorized { call, code, message },
            404 => ArmError::NotFound { call, code, message },
            _ => ArmError::Refused { call, status, code, message },
        };
        refusal(&error, &target())
    }

    #[test]
    fn a_park_is_of_a_call_that_an_answer_is_known_to_have_answered() {
        for call in [CallKind::ReadAssignment, CallKind::ListAssignments] {
            let found = refused(403, "AuthorizationFailed", call).map(|refusal| (refusal.call, refusal.is_sure));
            assert_eq!(found, Some((CallKind::ListAssignments, true)));
        }
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
            (403, "SubscriptionSuspended", states, ParkReason::SubscriptionDisabled, &whole),
            (401, "", states, ParkReason::WorkerLacksPermission, &whole),
            (403, "AuthorizationFailed", states, ParkReason::WorkerLacksPermission, &whole),
            (403, "AuthorizationFailed", CallKind::ReadTask, ParkReason::WorkerLacksPermission, &own),
            (400, "InvalidFilterInQueryString", states, ParkReason::TaskRefused, &own),
        ] {
            let found = refused(status, code, call).unwrap();
            assert_eq!((found.reason, &found.key), (reason, key), "{status} {code}");
            assert!(found.words.contains("words (Microsoft.PolicyInsights/"), "{}", found.words);
        }
        let message = "The access token is from the wrong issuer 'https://sts.windows.net/x/'.".to_owned();
        let error = ArmError::Unauthorized { call: states, code: "InvalidAuthenticationToken".to_owned(), message };
        assert_eq!(refusal(&error, &target()).unwrap().reason, ParkReason::DelegationWithdrawn);
        let lost = ArmError::Lost { call: states, words: String::new() };
        assert_eq!(refusal(&lost, &target()), None, "a matter of the moment");
    }

    #[test]
    fn a_missing_right_is_for_good_and_a_subscription_that_is_disabled_is_not() {
        let call = CallKind::DeleteTask;
        let refused = |status, code: &str| {
            let (code, message) = (code.to_owned(), String::new());
            match status {
                401 => ArmError::Unauthorized { call, code, message },
                404 => ArmError::NotFound { call, code, message },
                _ => ArmError::Refused { call, status, code, message },
            }
        };
        for (status, code, for_good) in [
            (404, "RemediationNotFound", true),
            (403, "AuthorizationFailed", true),
            (400, "InvalidDeleteRemediationRequest", true),
            (404, "SubscriptionNotFound", false),
            (409, "ReadOnlyDisabledSubscription", false),
            (401, "InvalidAuthenticationTokenTenant", false),
            (401, "ExpiredAuthenticationToken", false),
        ] {
            assert_eq!(stays_for_good(&refused(status, code), &target()), for_good, "{status} {code}");
        }
        assert!(!stays_for_good(&ArmError::Lost { call, words: String::new() }, &target()));
    }
}
