//! What the service's words are taken for.

use super::*;

const GROUP: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/resourceGroups/rg";

fn class(code: &str, message: &str) -> FailureClass {
    classify(code, message, &format!("{GROUP}/providers/Microsoft.Sql/servers/srv1").parse().unwrap())
}

/// What a resource's own end sounds like, by code: the service's words for it.
fn words_of(code: &str) -> String {
    match code {
        "subscriptionnotfound" => {
            "The subscription '086aecf4-23d6-4dfd-99a8-a5c6299f0322' could not be found.".to_owned()
        }
        "resourcegroupnotfound" => "Resource group 'rg' could not be found.".to_owned(),
        "parentresourcenotfound" => {
            "Can not perform requested operation on nested resource. Parent resource 'srv1' not found.".to_owned()
        }
        "resourcenotfound" => {
            "The Resource 'Microsoft.Sql/servers/srv1' under resource group 'rg' was not found. For more details \
                 please go to https://aka.ms/ARMResourceNotFoundFix"
                .to_owned()
        }
        "remediatedresourcenotfound" => {
            format!(
                "The resource being remediated '{GROUP}/providers/Microsoft.Sql/servers/srv1' could not be retrieved."
            )
        }
        _ => "words".to_owned(),
    }
}

#[test]
fn every_rule_of_the_table_is_reached_in_any_case() {
    for (code, expected) in CODES {
        assert_eq!(class(&code.to_uppercase(), &words_of(code)), *expected, "{code}");
    }
    for (words, expected) in CAUSES.iter().chain(WORDS) {
        let id = format!("{GROUP}/providers/Microsoft.Sql/servers/srv1");
        let message = format!("Failed to remediate resource: '{id}'. It {} today", words.to_uppercase());
        assert_eq!(class("BadRequest", &message), *expected, "{words}");
    }
}

#[test]
fn the_services_own_texts() {
    let dine = "Evaluation of DeployIfNotExists policy was unsuccessful. The policy assignment 'a' resource identity does not have the necessary permissions to create deployment 'd'.";
    assert_eq!(class("PolicyDeploymentFailed", dine), FailureClass::Permission);
    let modify = "The 'PATCH' request failed with status code: 'Forbidden'. The client does not have authorization to perform action 'x'.";
    assert_eq!(class("", modify), FailureClass::Permission);
    assert_eq!(class("Forbidden", modify), FailureClass::Permission);
    assert_eq!(class("InvalidTemplateDeployment", "The template is not valid."), FailureClass::Permanent);
    assert_eq!(class("", ""), FailureClass::Permanent);
    let principal = "Principal 0a1b does not exist in the directory 2c3d.";
    assert_eq!(class("PrincipalNotFound", principal), FailureClass::Transient);
    assert_eq!(action(FailureClass::Transient), Action::Retry);
}

#[test]
fn a_status_is_read_by_name_and_by_number_in_the_code_and_in_the_sentence_of_a_modify() {
    for (statuses, expected) in [
        (&["TooManyRequests", "429"][..], FailureClass::Throttled),
        (&["BadGateway", "502", "GatewayTimeout", "504", "RequestTimeout", "408", "500"][..], FailureClass::Transient),
        (&["Conflict", "409", "PreconditionFailed", "412"][..], FailureClass::Conflict),
        (&["Forbidden", "403"][..], FailureClass::Permission),
        (&["BadRequest", "400", "Teapot"][..], FailureClass::Permanent),
    ] {
        for status in statuses {
            let sentence = format!("The 'PATCH' request failed with status code: '{status}'. Inner Error: ''.");
            assert_eq!(class("RemediationFailed", &sentence), expected, "{status}");
            assert_eq!(class(status, ""), expected, "{status}");
        }
    }
}

#[test]
fn a_status_is_found_in_whatever_sentence_it_stands() {
    for (words, expected) in [
        ("The 'PUT' request failed with status code '503'.", FailureClass::Transient),
        ("The request failed with status code: 429 (Too Many Requests).", FailureClass::Throttled),
        ("Response status code does not indicate success: 502 (Bad Gateway).", FailureClass::Transient),
        ("Operation returned an invalid status code 'Gateway Timeout'", FailureClass::Transient),
        ("failed with status code: \"PreconditionFailed\"", FailureClass::Conflict),
        ("StatusCode: 507, ReasonPhrase: ''", FailureClass::Transient),
        ("failed with status code: 'Unauthorized'", FailureClass::Permission),
        ("failed with status code: 'BadRequest'. Inner Error: ''", FailureClass::Permanent),
        ("Operation returned an invalid status code 'Not Extended'", FailureClass::Transient),
        ("Operation returned an invalid status code 'Not Implemented'", FailureClass::Permanent),
        ("failed with status code 501", FailureClass::Permanent),
        ("StatusCode: 505 (HTTP Version Not Supported)", FailureClass::Permanent),
        ("the script ended: exit status code 5, 12 files", FailureClass::Permanent),
        ("the script ended: exit status code 4 0 9", FailureClass::Permanent),
        ("failed with status code: 'UnprocessableEntity'", FailureClass::Permanent),
        ("the status code", FailureClass::Permanent),
    ] {
        assert_eq!(class("RemediationFailed", words), expected, "{words}");
    }
}

#[test]
fn a_status_of_two_words_is_found_whichever_word_begins_it() {
    let id = format!("{GROUP}/providers/Microsoft.Sql/servers/srv1");
    for sentence in [
        "an invalid status code 'Not Found'",
        "failed with status code: Not Found",
        "Response status code does not indicate success: Not Found.",
        "Response status code does not indicate success: 404 (Not Found).",
        "the HTTP status code is NotFound",
    ] {
        let message = format!("Failed to remediate resource: '{id}'. {sentence}");
        assert_eq!(class("RemediationFailed", &message), FailureClass::Gone, "{sentence}");
    }
}

#[test]
fn a_status_that_may_be_anothers_answer_says_nothing_of_the_whole_target() {
    for (code, words, of_target) in [
        ("RemediationFailed", "The 'PATCH' request failed with status code: 'Forbidden'. Inner Error: ''", true),
        ("RemediationFailed", "The 'PATCH' request failed with status code: '403'", true),
        ("Forbidden", "", true),
        ("403", "the status code 403", true),
        ("VaultAuthorizationFailed", "the status code 403", true),
        ("RemediationFailed", "the status code 403: the client does not have permission", true),
        ("RemediationFailed", "the script got status code 403", false),
        ("RemediationFailed", "Response status code does not indicate success: 403 (Forbidden).", false),
        ("RemediationFailed", "Operation returned an invalid status code 'Unauthorized'", false),
        ("RemediationFailed", "The 'PATCH' request failed with status code: 'Unauthorized'", false),
        ("Unauthorized", "", false),
    ] {
        assert_eq!(class(code, words), FailureClass::Permission, "{code} {words}");
        assert_eq!(is_permission(code, words), of_target, "{code} {words}");
    }
}

#[test]
fn what_the_network_refuses_is_not_for_want_of_a_role() {
    for (code, words) in [
        ("Forbidden", "Connection is not an approved private link and caller was ignored."),
        ("", "Client with IP address '10.0.0.4' is not allowed to access the server."),
        ("Forbidden", "The client IP address is not allowed."),
        ("DENIED", "status code 403: client with IP '10.0.0.4' is not allowed access."),
        ("403", "Access denied due to Virtual Network/Firewall rules."),
        ("Forbidden", "The request does not match the virtual network rules."),
        ("BadRequest", "The request was refused by virtual network rules."),
        ("Forbidden", "This is blocked by your account's firewall settings."),
    ] {
        assert_eq!(class(code, words), FailureClass::PermanentConflict, "{code} {words}");
        assert!(!is_permission(code, words), "{code} {words}");
    }
    for words in [
        "Failed to remediate '/x/providers/Microsoft.Network/azureFirewalls/f'. failed with status code: 'Forbidden'.",
        "The public IP address 'a' failed with status code: 'Forbidden'.",
    ] {
        assert_eq!(class("Forbidden", words), FailureClass::Permission, "{words}");
    }
    let role = "The client does not have authorization to perform action 'x' by virtual network rule";
    assert_eq!(class("AuthorizationFailed", role), FailureClass::Permission);
}

#[test]
fn codes_of_a_kind_that_stand_in_no_table_are_what_they_sound_like() {
    for (code, expected) in [
        ("SqlServerOperationInProgress", FailureClass::Conflict),
        ("ParentResourceNotProvisioned", FailureClass::Conflict),
        ("NetworkingInternalOperationError", FailureClass::Transient),
        ("KeyVaultServiceUnavailable", FailureClass::Transient),
        ("UpstreamTimeout", FailureClass::Transient),
        ("RequestsThrottled", FailureClass::Throttled),
        ("TooManyRequestsReceived", FailureClass::Throttled),
        ("AzureRateLimitReached", FailureClass::Throttled),
        ("ratelimited", FailureClass::Throttled),
        ("APIRateLimit", FailureClass::Throttled),
        ("RATE_LIMIT", FailureClass::Throttled),
        ("api-rate-limit-reached", FailureClass::Throttled),
        ("Unavailable", FailureClass::Transient),
        ("RegionTemporarilyUnavailable", FailureClass::Transient),
        ("SqlServerUnavailable", FailureClass::Transient),
        ("GenerateLimitExceeded", FailureClass::Permanent),
        ("InvalidIdleTimeout", FailureClass::Permanent),
        ("InvalidThrottlingPolicy", FailureClass::Permanent),
        ("SkuUnavailable", FailureClass::Permanent),
        ("RegionUnavailable", FailureClass::Permanent),
        ("NotImplemented", FailureClass::Permanent),
        ("501", FailureClass::Permanent),
        ("505", FailureClass::Permanent),
        ("SkuNotAvailable", FailureClass::Permanent),
        ("InvalidTemplate", FailureClass::Permanent),
        ("ResourceNotEnabled", FailureClass::Permanent),
    ] {
        assert_eq!(class(code, "words"), expected, "{code}");
    }
}

#[test]
fn a_cause_that_the_words_name_stands_above_the_code() {
    for (code, words, expected) in [
        (
            "Conflict",
            "Data sink 'x' is already used in diagnostic setting 'y' for category 'z'.",
            FailureClass::PermanentConflict,
        ),
        (
            "",
            "The 'PATCH' request failed with status code: 'Conflict'. Inner Error: 'because following scope(s) are locked: 'g''",
            FailureClass::Locked,
        ),
        ("Forbidden", "the access is denied because of the deny assignment with name 'x'", FailureClass::Denied),
        (
            "OperationNotAllowed",
            "Cannot modify extensions in the VM when the VM is not running.",
            FailureClass::WaitsForResource,
        ),
        ("Conflict", "Another operation is in progress.", FailureClass::Conflict),
    ] {
        assert_eq!(class(code, words), expected, "{code} {words}");
    }
}

#[test]
fn what_a_deny_policy_forbids_is_not_for_want_of_a_role() {
    let denied = "The 'PATCH' request failed with status code: 'Forbidden'. Inner Error: 'Resource 'srv1' was disallowed by policy.'";
    assert_eq!(class("Forbidden", denied), FailureClass::Disallowed);
    assert!(!is_permission("Forbidden", denied));
}

#[test]
fn a_resource_that_vanished_before_its_turn_is_gone_by_code_or_by_words() {
    let words = words_of("remediatedresourcenotfound");
    for code in ["RemediatedResourceNotFound", "NotFound", ""] {
        assert_eq!(class(code, &words), FailureClass::Gone, "{code}");
    }
}
