//! The words in which rights are refused. Those of Resource Manager are from its documentation ("Troubleshoot Azure RBAC",
//! "Resolve errors for authorization failed") and public logs; "unverified" marks the others.

use super::super::error::ArmError;
use crate::{estate::ArmId, identity::Caller, rights::Verdict};

/// Why somebody may not do something.
pub(crate) fn refused(caller: &Caller, action: &str, scope: &ArmId, verdict: &Verdict) -> ArmError {
    let who = client(caller);
    let shown = if scope.as_str().is_empty() { "/" } else { scope.as_str() };
    match verdict {
        Verdict::Allowed | Verdict::Missing => ArmError::new(
            403,
            "AuthorizationFailed",
            format!(
                "{who} does not have authorization to perform action '{action}' over scope '{shown}' or the scope is \
                 invalid. If access was recently granted, please refresh your credentials."
            ),
        ),
        Verdict::Unfulfilled => ArmError::new(
            403,
            "AuthorizationFailed",
            format!(
                "{who} has an authorization with ABAC condition that is not fulfilled to perform action '{action}' over \
                 scope '{shown}' or the scope is invalid. If access was recently granted, please refresh your \
                 credentials."
            ),
        ),
        Verdict::Denied { name, id, scope: at } => ArmError::new(
            403,
            "DenyAssignmentAuthorizationFailed",
            format!(
                "{who} has permission to perform action '{action}' on scope '{shown}'; however, the access is denied \
                 because of the deny assignment with name '{name}' and Id '{id}' at scope '{at}'."
            ),
        ),
    }
}

/// The right at the scope is there, that at another scope which the call names is not.
pub(crate) fn linked(caller: &Caller, action: &str, scope: &ArmId, linked: &str, at: &ArmId) -> ArmError {
    let who = client(caller);
    ArmError::new(
        403,
        "LinkedAuthorizationFailed",
        format!(
            "{who} has permission to perform action '{action}' on scope '{scope}'; however, it does not have permission \
             to perform action(s) '{linked}' on the linked scope(s) '{at}' (respectively) or the linked scope(s) are \
             invalid."
        ),
    )
}

/// A token of a tenant that has nothing to do with the subscription.
pub(crate) fn wrong_tenant(caller: &Caller, tenant: &str) -> ArmError {
    ArmError::new(
        401,
        "InvalidAuthenticationTokenTenant",
        format!(
            "The access token is from the wrong issuer 'https://sts.windows.net/{}/'. It must match the tenant \
             'https://sts.windows.net/{tenant}/' associated with this subscription.",
            caller.tenant_id
        ),
    )
}

/// A lock forbids it.
pub(crate) fn locked(scope: &ArmId, deletes: bool, at: &ArmId) -> ArmError {
    let operation = if deletes { "delete" } else { "write" };
    ArmError::new(
        409,
        "ScopeLocked",
        format!(
            "The scope '{scope}' cannot perform {operation} operation because following scope(s) are locked: '{at}'. \
             Please remove the lock and try again."
        ),
    )
}

pub(crate) fn role_assignment_not_found(name: &str) -> ArmError {
    ArmError::new(404, "RoleAssignmentNotFound", format!("The role assignment '{name}' is not found."))
}

pub(crate) fn role_assignment_exists(name: &str) -> ArmError {
    let id: String = name.chars().filter(|one| *one != '-').collect();
    let words = format!("The role assignment already exists. The ID of the existing role assignment is {id}.");
    ArmError::new(409, "RoleAssignmentExists", words)
}

pub(crate) fn role_definition_missing(guid: &str) -> ArmError {
    let words = format!("The specified role definition with ID '{guid}' does not exist.");
    ArmError::new(400, "RoleDefinitionDoesNotExist", words)
}

pub(crate) fn principal_not_found(principal: &str, tenant: &str) -> ArmError {
    let principal: String = principal.chars().filter(|one| *one != '-').collect();
    ArmError::new(
        400,
        "PrincipalNotFound",
        format!(
            "Principal {principal} does not exist in the directory {tenant}. Check that you have the correct principal ID. \
             If you are creating this principal and then immediately assigning a role, this error might be related to a \
             replication delay."
        ),
    )
}

/// Unverified: the code, and how the sentence goes on.
pub(crate) fn holder_at_home(holder: &ArmId) -> ArmError {
    ArmError::new(
        400,
        "BadRequest",
        format!(
            "The delegatedManagedIdentityResourceId in the request is set to '{holder}', but the caller and the scope of \
             the role assignment are of the same tenant."
        ),
    )
}

fn client(caller: &Caller) -> String {
    format!("The client '{}' with object id '{}'", caller.principal.client_id, caller.principal.object_id)
}
