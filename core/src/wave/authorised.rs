//! Sixth question: may the assignment's identity do it? What is certainly missing is granted where that is allowed, else a person must
//! act; where it cannot be told, one resource goes first. Once something was fixed, the identity has shown that it can.

use crate::document::{FailureClass, ParkReason, TargetCause, TargetDocument};
use crate::id::Target;
use crate::role::{Doubt, Grant, Grantable, Rights, RoleId, Standing, preflight};

/// What the identity's rights let a wave do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    /// All of it may go.
    Full,
    /// One resource goes first, and shows whether the identity may act.
    Canary,
    /// These roles are granted first.
    Grant(Vec<Grant>),
    /// No task can work until a person acts.
    Park(TargetCause),
}

/// Whether the target's last task that deployed anything fixed something: then nothing need be asked about roles. What was fixed under an
/// assignment that was replaced since, another identity has fixed.
pub(crate) fn is_proven(document: &TargetDocument) -> bool {
    let last = document.history.iter().rev().find(|past| past.fixed + past.unfixed > 0);
    last.is_some_and(|past| past.fixed > 0 && document.replaced_at.is_none_or(|at| past.opened_at > at))
}

/// Judges what was read of the rights. `waited` says that what was granted has had its time to arrive.
pub(crate) fn authority(rights: &Rights, target: &Target, allowed: &[RoleId], waited: bool) -> Authority {
    let scope = target.scope.to_string();
    let grants = |roles: &[RoleId]| -> Option<Vec<Grant>> {
        let one = |role: &RoleId| match Grantable::of(rights, role, allowed) {
            Grantable::Yes => Grant::of(rights, role, &scope),
            Grantable::NotListed | Grantable::GivesRights | Grantable::NotDelegated => None,
        };
        roles.iter().map(one).collect()
    };
    match preflight(rights, &scope) {
        Standing::Granted => Authority::Full,
        Standing::Missing(_) if waited => Authority::Canary,
        Standing::Missing(roles) => match grants(&roles) {
            Some(grants) => Authority::Grant(grants),
            None => Authority::Park(cause(rights, target, &roles, allowed)),
        },
        // What is denied somewhere is a matter of single resources.
        Standing::Uncertain { doubts, missing } if missing.is_empty() && doubts.iter().all(is_denial) => {
            Authority::Full
        }
        Standing::Uncertain { doubts, missing } => {
            let may_grant = !missing.is_empty() && !waited && !doubts.iter().any(is_denial);
            match grants(&missing).filter(|_| may_grant) {
                Some(grants) => Authority::Grant(grants),
                None => Authority::Canary,
            }
        }
    }
}

fn is_denial(doubt: &Doubt) -> bool {
    match doubt {
        Doubt::Denied(_) => true,
        Doubt::Condition(_) | Doubt::Overlap(_) | Doubt::Unreadable(_) | Doubt::Unseen(_) => false,
    }
}

/// The record of what is missing: each role by name and id, where, for whom, and the command that fixes it.
pub(crate) fn cause(rights: &Rights, target: &Target, roles: &[RoleId], allowed: &[RoleId]) -> TargetCause {
    let scope = target.scope.to_string();
    let principal = rights.principal.as_deref().unwrap_or_default();
    let names: Vec<_> = roles.iter().map(|role| rights.name_of(role)).collect();
    let words = format!(
        "the identity {principal} of policy assignment {} lacks at {scope}: {}",
        target.policy_assignment_id,
        names.join(", ")
    );
    let commands: Vec<_> = roles.iter().filter_map(|role| command(rights, role, &scope)).collect();
    let why: Vec<_> = roles.iter().filter_map(|role| why_not(rights, role, allowed)).collect();
    let hint = format!("Run: {}{}", commands.join("; "), why.concat());
    let class = Some(FailureClass::Permission);
    TargetCause { reason: ParkReason::MissingPermission, class, words, hint: Some(hint) }
}

/// The command that gives a role to the identity. In a delegated subscription it needs the property that no command of its own has.
pub(crate) fn command(rights: &Rights, role: &RoleId, scope: &str) -> Option<String> {
    let Grant { name, scope, principal, delegated_resource, .. } = Grant::of(rights, role, scope)?;
    let Some(resource) = delegated_resource else {
        let (principal, scope) = (quoted(&principal), quoted(&scope));
        return Some(format!(
            "az role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal --role {role} --scope {scope}"
        ));
    };
    let url =
        quoted(&format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01"));
    let properties = serde_json::json!({
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"),
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "delegatedManagedIdentityResourceId": resource,
    });
    let body = quoted(&serde_json::json!({ "properties": properties }).to_string());
    Some(format!("az rest --method put --url {url} --body {body}"))
}

/// A word of a shell's command line: names in Azure may have signs in them that a shell gives a meaning.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Why the worker does not grant a role that it might.
fn why_not(rights: &Rights, role: &RoleId, allowed: &[RoleId]) -> Option<String> {
    let name = rights.name_of(role);
    match Grantable::of(rights, role, allowed) {
        Grantable::Yes => None,
        Grantable::NotListed => Some(format!(" (or let the worker do it: name {role} in GRANT_ROLES)")),
        Grantable::GivesRights => {
            Some(format!(" ({name} can give rights, or cannot be read: the worker never grants it)"))
        }
        Grantable::NotDelegated => Some(format!(
            " (the customer's Lighthouse template does not let the worker grant {name}: add {role} to delegatedRoleDefinitionIds of the authorization with User Access Administrator)"
        )),
    }
}
