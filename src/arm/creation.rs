//! What an answer to the creation of a task means.

use remediation::document::{FailureClass, ParkReason, TargetCause};
use remediation::fact::{Creation, TaskStatus};

use super::error::ArmError;
use super::refusal::of_subscription;

/// Whether a task was refused because too many of its policy run.
#[must_use]
pub fn is_crowded_out(error: &ArmError) -> bool {
    let ArmError::Refused { code, message, .. } = error else { return false };
    code == "InvalidCreateRemediationRequest" && has_too_many(&message.to_ascii_lowercase())
}

/// The meaning of the answer to the creation of a task.
///
/// | answer | meaning |
/// |---|---|
/// | 200, 201 | accepted |
/// | `InvalidUpdateRemediationRequest` | accepted: the name is never used again, so the active task of this name is ours |
/// | `InvalidCreateRemediationRequest` "already running … conflicting scope", or "maximum number … running" (the words of the
///   second are not recorded anywhere; only that the limit is 100 a policy) | wait |
/// | 429, or not sent because of an earlier one | throttled |
/// | not sent | wait |
/// | no answer, 5xx | unknown |
/// | `InvalidCreateRemediationRequest` "must specify a single policy definition reference ID" | the target is parked |
/// | 403 with a deny assignment in its words | refused: it is the resources' own cause |
/// | `RequestDisallowedByPolicy` | the target is parked: a policy forbids tasks |
/// | any other 403: the worker itself lacks permission | the target is parked |
/// | `ScopeLocked` | parked, as far as the lock reaches |
/// | the subscription is gone, disabled, or not registered for Microsoft.PolicyInsights | the subscription is parked |
/// | any other 4xx | refused |
#[must_use]
pub fn creation(answer: Result<TaskStatus, ArmError>) -> Creation {
    match answer {
        Ok(_) => Creation::Accepted,
        Err(ArmError::Throttled { until, .. } | ArmError::Held { until, .. }) => Creation::Throttled(until),
        Err(ArmError::NotSent { .. }) => Creation::Wait,
        Err(ArmError::Lost { .. } | ArmError::Unauthorized { .. } | ArmError::Unreadable { .. }) => Creation::Unknown,
        Err(ArmError::NotFound { code, message, .. }) => refused(404, &code, &message),
        Err(ArmError::Refused { status, code, message, .. }) => refused(status, &code, &message),
    }
}

fn refused(status: u16, code: &str, message: &str) -> Creation {
    let service = || format!("{code}: {message}");
    let park = |reason, class| Creation::Park(TargetCause { reason, class, words: service(), hint: None });
    if let Some(reason) = of_subscription(code, message) {
        return park(reason, None);
    }
    let words = message.to_ascii_lowercase();
    let in_the_way = words.contains("already running") && words.contains("conflicting");
    let is = |known: &str| code.eq_ignore_ascii_case(known);
    match code {
        "InvalidUpdateRemediationRequest" => Creation::Accepted,
        "InvalidCreateRemediationRequest" if in_the_way || has_too_many(&words) => Creation::Wait,
        "InvalidCreateRemediationRequest" if words.contains("single policy definition reference") => {
            park(ParkReason::ReferenceMissing, None)
        }
        _ if words.contains("deny assignment") || is("DenyAssignmentAuthorizationFailed") => {
            Creation::Refused(service())
        }
        _ if is("RequestDisallowedByPolicy") => park(ParkReason::DisallowedByPolicy, Some(FailureClass::Disallowed)),
        _ if is("ScopeLocked") || words.contains("scope(s) are locked") => {
            park(ParkReason::ScopeLocked, Some(FailureClass::Locked))
        }
        _ if status == 403 => park(ParkReason::WorkerLacksPermission, Some(FailureClass::Permission)),
        _ => Creation::Refused(service()),
    }
}

fn has_too_many(words: &str) -> bool {
    words.contains("maximum number") && words.contains("running")
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fact::CallKind;

    #[test]
    fn an_answer_means_what_the_table_says() {
        let call = CallKind::CreateTask;
        let refused = |status, code: &str, message: &str| {
            creation(Err(ArmError::Refused { call, status, code: code.to_owned(), message: message.to_owned() }))
        };
        let reason = |put| match put {
            Creation::Park(TargetCause { reason, .. }) => Some(reason),
            _ => None,
        };
        let reference = "The policy assignment 'a' assigns a policy set definition. Remediations must specify a single policy definition reference ID within the policy set definition.";
        let create = "InvalidCreateRemediationRequest";
        assert_eq!(reason(refused(403, "AuthorizationFailed", "no")), Some(ParkReason::WorkerLacksPermission));
        assert_eq!(reason(refused(400, create, reference)), Some(ParkReason::ReferenceMissing));
        assert_eq!(refused(400, create, "The maximum number of tasks is running."), Creation::Wait);
        assert_eq!(refused(409, "InvalidUpdateRemediationRequest", "running"), Creation::Accepted);
        assert_eq!(reason(refused(409, "ScopeLocked", "locked")), Some(ParkReason::ScopeLocked));
        assert_eq!(
            reason(refused(409, "Conflict", "as following scope(s) are locked: 'x'")),
            Some(ParkReason::ScopeLocked)
        );
        let denied = "denied because of the deny assignment with name 'x'";
        assert_eq!(
            refused(403, "AuthorizationFailed", denied),
            Creation::Refused(format!("AuthorizationFailed: {denied}"))
        );
        let denied = refused(403, "DenyAssignmentAuthorizationFailed", "no");
        assert_eq!(denied, Creation::Refused("DenyAssignmentAuthorizationFailed: no".to_owned()));
        let forbidden = refused(403, "RequestDisallowedByPolicy", "Resource 'x' was disallowed by policy.");
        assert_eq!(reason(forbidden), Some(ParkReason::DisallowedByPolicy));
        assert_eq!(refused(409, "Strange", "words"), Creation::Refused("Strange: words".to_owned()));
        let (code, message) = ("NotFound".to_owned(), "gone".to_owned());
        assert_eq!(
            creation(Err(ArmError::NotFound { call, code, message })),
            Creation::Refused("NotFound: gone".to_owned())
        );
        for (status, code, expected) in [
            (409, "MissingSubscriptionRegistration", ParkReason::ProviderNotRegistered),
            (403, "ReadOnlyDisabledSubscription", ParkReason::SubscriptionDisabled),
        ] {
            assert_eq!(reason(refused(status, code, "no")), Some(expected), "{code}");
        }
        let (code, message) = ("SubscriptionNotFound".to_owned(), "gone".to_owned());
        let gone = creation(Err(ArmError::NotFound { call, code, message }));
        assert_eq!(reason(gone), Some(ParkReason::SubscriptionGone));
        let until = remediation::fixture::now();
        assert_eq!(creation(Err(ArmError::Held { call, until })), Creation::Throttled(until));
        assert!(!ArmError::Held { call, until }.is_transient());
    }
}
