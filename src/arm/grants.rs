//! Gives a role to the identity of an assignment, and says what an answer to that means.
//! Source: the service's OpenAPI description, Microsoft.Authorization 2022-04-01, and what callers have met with
//! (terraform-provider-azurerm, Enterprise Azure Policy as Code).
//!
//! | answer | meaning |
//! |---|---|
//! | 200, 201, 409 `RoleAssignmentExists` | it is there |
//! | 400 `PrincipalNotFound`; in a delegated subscription 403 `LinkedAuthorizationFailed` | not replicated yet |
//! | 403 that speaks of an ABAC condition, without the property | once more with `delegatedManagedIdentityResourceId` |
//! | 400 that names `delegatedManagedIdentityResourceId` | once more without it |
//! | any other 4xx | refused |

use azure_core::http::Method;
use serde_json::json;

use remediation::document::InstallationId;
use remediation::fact::CallKind;
use remediation::id::{Scope, Target};
use remediation::role::{Grant, GrantAnswer};

use super::answer::Done;
use super::call::{Call, QuotaScope};
use super::error::ArmError;
use super::made_grants::MARK;

const API_VERSION: &str = "2022-04-01";

/// Creates the role assignment. Its name is a GUID that follows from what it grants, and its scope is the target's, so both are safe in
/// an address.
#[must_use]
pub fn create_role_assignment(scope: &Scope, grant: &Grant, description: &str) -> Call<Done> {
    let tail = ["providers", "Microsoft.Authorization", "roleAssignments", &grant.name];
    let role = format!(
        "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{}",
        scope.subscription(),
        grant.role
    );
    let mut properties = json!({
        "roleDefinitionId": role,
        "principalId": grant.principal,
        "principalType": "ServicePrincipal",
        "description": description,
    });
    if let Some(resource) = &grant.delegated_resource {
        properties["delegatedManagedIdentityResourceId"] = json!(resource);
    }
    let quota = QuotaScope::Subscription(scope.subscription().clone());
    Call::new(CallKind::GrantRole, quota, Method::Put, &scope.to_string(), &tail, API_VERSION)
        .with_body(json!({ "properties": properties }))
}

/// The meaning of the answer; an error where there is none, or it says to come back later.
///
/// # Errors
/// What keeps the question from being answered now.
pub fn granted(answer: Result<Done, ArmError>, grant: &Grant) -> Result<GrantAnswer, ArmError> {
    let (status, code, message) = match answer {
        Ok(Done) => return Ok(GrantAnswer::Made),
        Err(ArmError::Refused { status, code, message, .. }) => (status, code, message),
        Err(ArmError::NotFound { code, message, .. }) => (404, code, message),
        Err(error) => return Err(error),
    };
    let (folded, words) = (message.to_ascii_lowercase(), format!("{code}: {message}"));
    let has_property = grant.delegated_resource.is_some();
    Ok(match (status, code.as_str()) {
        (409, "RoleAssignmentExists") => GrantAnswer::Made,
        (400, "PrincipalNotFound") => GrantAnswer::NotYet(words),
        (403, "LinkedAuthorizationFailed") if has_property => GrantAnswer::NotYet(words),
        (403, _) if !has_property && folded.contains("abac condition") => GrantAnswer::WithResource(words),
        (400, _) if has_property && folded.contains("delegatedmanagedidentityresourceid") => {
            GrantAnswer::WithoutResource(words)
        }
        _ => GrantAnswer::Refused(words),
    })
}

/// What the role assignment says of itself: who made it, and for what.
#[must_use]
pub fn description(installation: &InstallationId, target: &Target) -> String {
    let text = format!("{MARK}{installation}: asked for by policy assignment {}", target.policy_assignment_id);
    // The service takes 1,024 characters at most.
    text.chars().take(1_000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fixture::target;
    use remediation::role::RoleId;

    fn grant(delegated: bool) -> Grant {
        Grant {
            name: "6f0c9d2e-0000-8000-8000-000000000001".to_owned(),
            scope: target().scope.to_string(),
            role: RoleId::of("4a9ae827-6dc8-4573-8ac7-8239d42aa03f").unwrap(),
            principal: "p".to_owned(),
            delegated_resource: delegated.then(|| target().policy_assignment_id.to_string()),
        }
    }

    #[test]
    fn each_answer_means_what_the_table_says() {
        let call = CallKind::GrantRole;
        let refused = |status, code: &str, message: &str, delegated| {
            let error = ArmError::Refused { call, status, code: code.to_owned(), message: message.to_owned() };
            granted(Err(error), &grant(delegated)).unwrap()
        };
        assert_eq!(granted(Ok(Done), &grant(false)), Ok(GrantAnswer::Made));
        assert_eq!(refused(409, "RoleAssignmentExists", "", false), GrantAnswer::Made);
        assert!(matches!(refused(400, "PrincipalNotFound", "x", false), GrantAnswer::NotYet(_)));
        assert!(matches!(refused(403, "LinkedAuthorizationFailed", "x", true), GrantAnswer::NotYet(_)));
        assert!(matches!(refused(403, "LinkedAuthorizationFailed", "x", false), GrantAnswer::Refused(_)));
        let abac = "The client has an authorization with ABAC condition that is not fulfilled to perform action";
        assert!(matches!(refused(403, "AuthorizationFailed", abac, false), GrantAnswer::WithResource(_)));
        assert!(
            matches!(refused(403, "AuthorizationFailed", abac, true), GrantAnswer::Refused(_)),
            "not in the template"
        );
        let own = "The delegatedManagedIdentityResourceId in the request is set to x";
        assert!(matches!(refused(400, "BadRequest", own, true), GrantAnswer::WithoutResource(_)));
        assert!(matches!(refused(400, "BadRequest", own, false), GrantAnswer::Refused(_)));
        assert!(matches!(refused(409, "ScopeLocked", "locked", false), GrantAnswer::Refused(_)));
        let lost = ArmError::Lost { call, words: String::new() };
        assert_eq!(granted(Err(lost.clone()), &grant(false)), Err(lost));
    }

    #[test]
    fn the_property_stands_in_the_body_only_where_the_identity_is_a_customers() {
        let body = |delegated| create_role_assignment(&target().scope, &grant(delegated), "why").body.unwrap();
        let resource = &body(true)["properties"]["delegatedManagedIdentityResourceId"];
        assert_eq!(*resource, json!(target().policy_assignment_id.to_string()));
        assert!(body(false)["properties"].get("delegatedManagedIdentityResourceId").is_none());
        assert_eq!(body(false)["properties"]["principalType"], "ServicePrincipal");
    }
}
