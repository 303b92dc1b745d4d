//! What the service's words are taken for.

use super::known::CODES;
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
    for (words, expected) in CAUSES.iter().chain(WORDS).chain(PASSES) {
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

/// Situations of each kind that people may meet, in words of many services.
const SITUATIONS: &[(&str, &str, FailureClass)] = &[
    // What rests.
    ("OperationNotAllowed", "The virtual machine 'vm1' is currently stopped.", FailureClass::WaitsForResource),
    ("Conflict", "The VM 'vm1' is in 'Deallocated' state.", FailureClass::WaitsForResource),
    (
        "BadRequest",
        "Operation 'update' is not allowed: managed cluster is in Stopped state.",
        FailureClass::WaitsForResource,
    ),
    ("OperationNotAllowed", "Cannot update the cluster. Power state: Stopped", FailureClass::WaitsForResource),
    ("Conflict", "The operation is not allowed since the SQL pool is paused.", FailureClass::WaitsForResource),
    ("ServerNotAccessible", "The PostgreSQL server 'db' is not in running state.", FailureClass::WaitsForResource),
    ("HCRP409", "The machine 'arc1' is not connected. Status: Disconnected", FailureClass::WaitsForResource),
    (
        "BadRequest",
        "The host of the virtual machine is unresponsive: the Azure VM agent not reporting.",
        FailureClass::WaitsForResource,
    ),
    (
        "OperationNotAllowed",
        "This operation cannot be performed when extension operations are disallowed.",
        FailureClass::WaitsForResource,
    ),
    ("DeploymentFailed", "VM agent is unable to communicate: agent is not responding", FailureClass::WaitsForResource),
    ("InvalidParameter", "The value 'online' of status is not supported.", FailureClass::Permanent),
    ("InvalidTemplate", "'/x/providers/Microsoft.Insights/alerts/is-stopped' is not valid", FailureClass::Permanent),
    ("NotSupported", "The value is not ready for use in this state", FailureClass::Permanent),
    // What is full.
    (
        "OperationNotAllowed",
        "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.",
        FailureClass::WaitsForResource,
    ),
    ("QuotaExceeded", "Operation results in exceeding quota limits.", FailureClass::WaitsForResource),
    ("Conflict", "The quota of 800 deployments is reached.", FailureClass::WaitsForResource),
    ("RoleAssignmentLimitExceeded", "No more role assignments can be created.", FailureClass::WaitsForResource),
    ("ZonalAllocationFailed", "Allocation failed.", FailureClass::WaitsForResource),
    ("TooManyRequests", "The request quota is exceeded.", FailureClass::Throttled),
    // What the subscription stands against.
    (
        "MissingSubscriptionRegistration",
        "The subscription is not registered to use namespace 'Microsoft.Insights'.",
        FailureClass::Subscription,
    ),
    (
        "Conflict",
        "The subscription is not registered to use namespace 'Microsoft.Security'.",
        FailureClass::Subscription,
    ),
    (
        "ReadOnlyDisabledSubscription",
        "The subscription is disabled and therefore marked as read only.",
        FailureClass::Subscription,
    ),
    // Conflicts that stay, and those that pass.
    ("Conflict", "A vault with the same name already exists in deleted state.", FailureClass::PermanentConflict),
    ("Conflict", "The role assignment already exists.", FailureClass::PermanentConflict),
    ("409", "The workspace is already linked to another account.", FailureClass::PermanentConflict),
    (
        "",
        "The 'PATCH' request failed with status code: 'Conflict'. Inner Error: 'The property is immutable.'",
        FailureClass::PermanentConflict,
    ),
    ("StorageAccountAlreadyTaken", "The storage account named x is already taken.", FailureClass::PermanentConflict),
    ("Conflict", "Another operation already exists: it is in progress.", FailureClass::Conflict),
    ("Conflict", "", FailureClass::Conflict),
    ("ConcurrentUpdateError", "Concurrent updates.", FailureClass::Conflict),
    (
        "OperationNotAllowed",
        "Operation is not allowed: there is an in progress update of the managed cluster.",
        FailureClass::Conflict,
    ),
    ("CloudError", "The resource is being updated.", FailureClass::Conflict),
    // What passes.
    ("BadRequest", "An error occurred. Please try again later.", FailureClass::Transient),
    ("UnknownError", "A transient failure of the backend.", FailureClass::Transient),
    ("ServerError", "words", FailureClass::Transient),
    (
        "FailedIdentityOperation",
        "Failed to perform resource identity operation. Status: 'TooManyRequests'.",
        FailureClass::Throttled,
    ),
    (
        "FailedIdentityOperation",
        "Failed to perform resource identity operation. Status: 'BadRequest'.",
        FailureClass::Permanent,
    ),
    ("CloudError", "Service answered HTTP 503 Service Unavailable", FailureClass::Transient),
    ("CloudError", "Status: 409 (Conflict)", FailureClass::Conflict),
    ("VMExtensionProvisioningTimeout", "Provisioning of VM extension 'x' has timed out.", FailureClass::Transient),
    (
        "VMExtensionProvisioningError",
        "VM has reported a failure when processing extension 'x'.",
        FailureClass::Permanent,
    ),
    ("InvalidTemplateDeployment", "It is not valid. Please try again later.", FailureClass::Permanent),
    // A code within the words.
    ("DeploymentFailed", "The scope cannot be written. (Code: ScopeLocked)", FailureClass::Locked),
    ("BadRequest", "It failed. ErrorCode: LinkedAuthorizationFailed", FailureClass::Permission),
    ("", "<Error><Code>AuthorizationPermissionMismatch</Code><Message>x</Message></Error>", FailureClass::Permission),
    (
        "DeploymentFailed",
        "See details. (Code:BadRequest) It failed. (Code: AnotherOperationInProgress)",
        FailureClass::Conflict,
    ),
    ("DeploymentFailed", "The exit code indicates a failure, code 5", FailureClass::Permanent),
    // Refusals of all kinds.
    ("DenyAssignmentAuthorizationFailed", "words", FailureClass::Denied),
    (
        "AuthorizationFailure",
        "This request is not authorized to perform this operation.",
        FailureClass::PermanentConflict,
    ),
    ("AccessDenied", "The caller lacks permission.", FailureClass::Permission),
    ("LinkedAccessCheckFailed", "words", FailureClass::Permission),
    ("ResourceDisallowedByPolicy", "words", FailureClass::Disallowed),
    // What passes in minutes does not rest, and a value that is called like a state is a value.
    (
        "ResourceDeploymentFailure",
        "The 'PATCH' request failed with status code: 'ServiceUnavailable'. Inner Error: 'The backend is currently unreachable, retry later.'",
        FailureClass::Transient,
    ),
    ("Conflict", "The cluster is not ready: another operation is in progress.", FailureClass::Conflict),
    ("RequestThrottled", "The request quota is exceeded.", FailureClass::Throttled),
    (
        "ResourceDeploymentFailure",
        "The 'PUT' request failed with status code: 'TooManyRequests'. The request quota was exceeded.",
        FailureClass::Throttled,
    ),
    ("BadRequest", "The value is not valid. Allowed values are 'Online', 'Offline'.", FailureClass::Permanent),
    ("InvalidParameter", "The agent status is stopped.", FailureClass::Permanent),
    (
        "OperationNotAllowed",
        "encryptionAtHost can be updated only when VM is in deallocated state.",
        FailureClass::Permanent,
    ),
    (
        "OperationNotAllowed",
        "The disk can only be changed when the machine that it is attached to is deallocated.",
        FailureClass::Permanent,
    ),
    ("OperationNotAllowed", "The VM must be deallocated first.", FailureClass::Permanent),
    (
        "OperationNotAllowed",
        "The operation failed: the VM must be running, but it is in stopped state.",
        FailureClass::WaitsForResource,
    ),
    ("Conflict", "The resource being remediated 'r' failed: the name already exists.", FailureClass::PermanentConflict),
    ("Conflict", "The setting already exists and is being updated.", FailureClass::Conflict),
    ("BadRequest", "The VM does not have access to the required endpoints.", FailureClass::Permanent),
];

#[test]
fn what_may_be_anothers_missing_right_says_nothing_of_the_target() {
    for (code, words) in [
        ("AccessDenied", "The caller lacks permission."),
        ("KeyVaultPermissionDenied", "words"),
        ("VMExtensionProvisioningError", "The script says: ErrorCode: AccessDenied"),
        ("BadRequest", "<Error><Code>AuthorizationPermissionMismatch</Code></Error>"),
        ("BadRequest", "The storage account has insufficient permission on the key."),
    ] {
        assert_eq!(
            (class(code, words), is_permission(code, words)),
            (FailureClass::Permission, false),
            "{code} {words}"
        );
    }
    assert!(is_permission("LinkedAuthorizationFailed", "words"));
}

#[test]
fn situations_of_each_kind_are_known_in_the_words_of_many_services() {
    let wrong = |(code, words, expected): &&(&str, &str, FailureClass)| class(code, words) != *expected;
    let wrong: Vec<_> = SITUATIONS.iter().filter(wrong).map(|row| (row, class(row.0, row.1))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
