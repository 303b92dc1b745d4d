//! What a failure means for the next attempt: one table over the service's code and words.
//!
//! | class | recognised by | what follows |
//! |---|---|---|
//! | throttled | 429 codes, "rate limit" | waits, next attempt |
//! | transient | 5xx codes, time-outs | backs off, next attempt |
//! | conflict | another operation holds the resource | backs off, next attempt |
//! | stale | "no policy evaluation result was found", or a task that succeeded without any deployment | once evaluated anew, at the resource's own scope; said a second time in a row: parked; nothing deployed again: an attempt is used up |
//! | gone | the resource itself, or what holds it, is not there any more | skipped |
//! | permission | the identity lacks a role | parked; the whole target when no deployment of it works |
//! | permanent | everything else | parked, with the service's own words |
//!
//! Sources of the texts: the recorded answers in `tests/fixtures`, and Microsoft documentation
//! ("Troubleshoot common Azure deployment errors").

use crate::resource::ResourceId;
use crate::state::{FailureClass, ParkReason};

/// Recognised by its code, in lower case.
const CODES: &[(&str, FailureClass)] = &[
    ("toomanyrequests", FailureClass::Throttled),
    ("resourcerequeststhrottled", FailureClass::Throttled),
    ("subscriptionrequeststhrottled", FailureClass::Throttled),
    ("operationnotallowedduetothrottling", FailureClass::Throttled),
    ("retryableerror", FailureClass::Transient),
    ("internalservererror", FailureClass::Transient),
    ("internalexecutionerror", FailureClass::Transient),
    ("internaloperationerror", FailureClass::Transient),
    ("serviceunavailable", FailureClass::Transient),
    ("serverbusy", FailureClass::Transient),
    ("gatewaytimeout", FailureClass::Transient),
    ("badgateway", FailureClass::Transient),
    ("requesttimeout", FailureClass::Transient),
    ("operationtimedout", FailureClass::Transient),
    ("anotheroperationinprogress", FailureClass::Conflict),
    ("conflictingoperation", FailureClass::Conflict),
    ("operationpreempted", FailureClass::Conflict),
    ("deploymentactive", FailureClass::Conflict),
    ("resourcebeingdeleted", FailureClass::Conflict),
    ("resourcegroupbeingdeleted", FailureClass::Conflict),
    ("preconditionfailed", FailureClass::Conflict),
    ("resourcenotfound", FailureClass::Gone),
    ("resourcegroupnotfound", FailureClass::Gone),
    ("parentresourcenotfound", FailureClass::Gone),
    ("subscriptionnotfound", FailureClass::Gone),
    ("authorizationfailed", FailureClass::Permission),
    ("linkedauthorizationfailed", FailureClass::Permission),
];

/// Recognised by words in the message, in lower case; asked when the code says nothing.
const WORDS: &[(&str, FailureClass)] = &[
    ("no policy evaluation result was found", FailureClass::Stale),
    ("does not have the necessary permissions", FailureClass::Permission),
    ("does not have authorization to perform action", FailureClass::Permission),
    ("failed with status code: 'forbidden'", FailureClass::Permission),
    ("policy evaluation exceeded the maximum allowed time", FailureClass::Transient),
    ("failed with status code: 'toomanyrequests'", FailureClass::Throttled),
    ("failed with status code: 'serviceunavailable'", FailureClass::Transient),
    ("failed with status code: 'internalservererror'", FailureClass::Transient),
    ("failed with status code: 'conflict'", FailureClass::Conflict),
    ("failed with status code: 'notfound'", FailureClass::Gone),
];

/// The class of an error that a deployment to `resource` ended with.
pub(super) fn classify(code: &str, message: &str, resource: &ResourceId) -> FailureClass {
    let message = message.to_ascii_lowercase();
    let class = look_up(code, &message);
    // Something that the template refers to may be what was not found: that is not the resource's own end.
    let own_name = resource.as_str().rsplit('/').next().unwrap_or_default();
    if class == FailureClass::Gone && !message.contains(own_name) {
        return FailureClass::Permanent;
    }
    class
}

/// Whether the error says that the assignment's identity lacks a role, whatever the resource.
pub(super) fn is_permission(code: &str, message: &str) -> bool {
    look_up(code, &message.to_ascii_lowercase()) == FailureClass::Permission
}

/// What the tables say; the message in lower case.
fn look_up(code: &str, message: &str) -> FailureClass {
    let code = code.to_ascii_lowercase();
    let by_code = CODES.iter().find(|(known, _)| *known == code);
    let by_words = || WORDS.iter().find(|(words, _)| message.contains(words));
    by_code.or_else(by_words).map_or(FailureClass::Permanent, |(_, class)| *class)
}

/// Whether another attempt can help, and if not, as what the resource is parked.
pub(super) fn verdict(class: FailureClass) -> Verdict {
    match class {
        FailureClass::Throttled | FailureClass::Transient | FailureClass::Conflict => Verdict::Retry,
        FailureClass::Gone => Verdict::Skip,
        FailureClass::Stale => Verdict::Reevaluate,
        FailureClass::Permission => Verdict::Park(ParkReason::MissingPermission),
        FailureClass::Permanent => Verdict::Park(ParkReason::PermanentFailure),
    }
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Wait and try again.
    Retry,
    /// Try again once, evaluating the resource anew.
    Reevaluate,
    /// Nothing is left to remediate.
    Skip,
    /// Give up until a person looks.
    Park(ParkReason),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(code: &str, message: &str) -> FailureClass {
        let id = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/resourceGroups/rg/providers/Microsoft.Sql/servers/srv1";
        classify(code, message, &id.parse().unwrap())
    }

    #[test]
    fn every_rule_of_the_table_is_reached_in_any_case() {
        for (code, expected) in CODES {
            assert_eq!(class(&code.to_uppercase(), "no permissions on SRV1"), *expected, "{code}");
        }
        for (words, expected) in WORDS {
            let message = format!("The 'PATCH' request of srv1 {} today", words.to_uppercase());
            assert_eq!(class("BadRequest", &message), *expected, "{words}");
        }
    }

    #[test]
    fn the_services_own_texts() {
        let dine = "Evaluation of DeployIfNotExists policy was unsuccessful. The policy assignment 'a' resource identity does not have the necessary permissions to create deployment 'd'.";
        assert_eq!(class("PolicyDeploymentFailed", dine), FailureClass::Permission);
        let modify = "The 'PATCH' request failed with status code: 'Forbidden'. The client does not have authorization to perform action 'x'.";
        assert_eq!(class("", modify), FailureClass::Permission);
        assert_eq!(class("InvalidTemplateDeployment", "The template is not valid."), FailureClass::Permanent);
        assert_eq!(class("", ""), FailureClass::Permanent);
    }

    #[test]
    fn a_missing_workspace_is_not_the_end_of_the_resource() {
        let workspace =
            "The Resource 'Microsoft.OperationalInsights/workspaces/logs' under resource group 'hub' was not found.";
        assert_eq!(class("ResourceNotFound", workspace), FailureClass::Permanent);
        let own = "The Resource 'Microsoft.Sql/servers/srv1' under resource group 'rg' was not found.";
        assert_eq!(class("ResourceNotFound", own), FailureClass::Gone);
    }
}
