//! How a person gives an identity what it lacks: the exact commands, and what the customer's Lighthouse template lacks where the worker
//! was to grant it in a delegated subscription.

use serde_json::json;

use crate::fact::Found;

use super::definition::{RoleId, USER_ACCESS_ADMINISTRATOR};
use super::grant::{Grant, Grantable};
use super::rights::{Home, Rights};

/// What helps against roles that are missing, or may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remedy<'a> {
    /// What was read.
    pub(crate) rights: &'a Rights,
    /// The scope of the task.
    pub(crate) scope: &'a str,
    /// `GRANT_ROLES`.
    pub(crate) allowed: &'a [RoleId],
    /// Whether the service refused to let the worker grant them: then the template lacks them, whatever can be read of it.
    pub(crate) was_refused: bool,
}

impl Remedy<'_> {
    /// What to do about these roles: commands, and why the worker does not do it itself.
    pub(crate) fn of(&self, roles: &[RoleId]) -> String {
        let commands: Vec<_> = roles.iter().filter_map(|role| self.command(role)).collect();
        let why: String = roles.iter().filter_map(|role| self.why_not(role)).map(|why| format!(" ({why})")).collect();
        let line = self.line(roles).map(|line| format!(" (the line that the template needs: {line})"));
        let who = if self.rights.is_delegated() && roles.iter().any(|role| !self.is_for_worker(role)) {
            "Have the customer run"
        } else {
            "Run"
        };
        format!("{who}: {}{why}{}", commands.join("; "), line.unwrap_or_default())
    }

    /// The command that gives a role to the identity. What the worker might grant in a delegated subscription needs the property that no
    /// command of its own has; the customer needs none, for the identity is of its own tenant.
    pub(crate) fn command(&self, role: &RoleId) -> Option<String> {
        let Grant { name, scope, principal, delegated_resource, .. } =
            Grant::of(self.rights, role, self.rights.place_of(role, self.scope))?;
        let Some(resource) = delegated_resource.filter(|_| self.is_for_worker(role)) else {
            let (principal, scope) = (quoted(&principal), quoted(&scope));
            return Some(format!(
                "az role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal --role {role} --scope {scope}"
            ));
        };
        let url =
            quoted(&format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01"));
        let properties = json!({
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalId": principal,
            "principalType": "ServicePrincipal",
            "delegatedManagedIdentityResourceId": resource,
        });
        let body = quoted(&json!({ "properties": properties }).to_string());
        Some(format!("az rest --method put --url {url} --body {body}"))
    }

    /// Whether the delegation lets the worker's tenant grant it, as far as can be told.
    fn is_for_worker(&self, role: &RoleId) -> bool {
        let of_role = Grantable::of(self.rights, role, std::slice::from_ref(role));
        self.rights.is_delegated() && !self.was_refused && of_role == Grantable::Yes
    }

    /// Why the worker does not grant a role that it might.
    fn why_not(&self, role: &RoleId) -> Option<String> {
        let name = self.rights.name_of(role);
        let is_listed = self.allowed.contains(role);
        match Grantable::of(self.rights, role, std::slice::from_ref(role)) {
            Grantable::GivesRights if self.rights.is_delegated() => Some(format!(
                "{name} can give rights, or cannot be read: Lighthouse delegates no such role, and the worker never grants one"
            )),
            Grantable::GivesRights => {
                Some(format!("{name} can give rights, or cannot be read: the worker never grants it"))
            }
            Grantable::NotDelegable => {
                Some(format!("{name} is a custom role, which Lighthouse cannot let the worker grant"))
            }
            Grantable::NotDelegated => Some(self.template_lacks(role, &name)),
            Grantable::Yes | Grantable::NotListed if self.was_refused && self.rights.is_delegated() => {
                Some(self.template_lacks(role, &name))
            }
            Grantable::Yes | Grantable::NotListed if self.was_refused => {
                Some("or let the worker's own role grant it: grantRoles of the deployment".to_owned())
            }
            Grantable::Yes | Grantable::NotListed if !is_listed => {
                Some(format!("or let the worker do it: name {role} in GRANT_ROLES"))
            }
            Grantable::Yes | Grantable::NotListed => None,
        }
    }

    fn template_lacks(&self, role: &RoleId, name: &str) -> String {
        let setting = if self.allowed.contains(role) { "" } else { ", and name it in GRANT_ROLES" };
        format!(
            "the customer's Lighthouse template does not let the worker grant {name}: add {role} to delegatedRoleDefinitionIds of the authorization with User Access Administrator{setting}"
        )
    }

    /// The authorization that the customer's template must have: all that it lets the worker grant already, and what it lacks.
    fn line(&self, roles: &[RoleId]) -> Option<String> {
        let Home::Delegated { grantable, worker } = &self.rights.home else { return None };
        let is_lacking = |role: &&RoleId| {
            let of_role = Grantable::of(self.rights, role, std::slice::from_ref(*role));
            of_role == Grantable::NotDelegated || self.was_refused && of_role == Grantable::Yes
        };
        let lacking: Vec<_> = roles.iter().filter(is_lacking).collect();
        let known = if let Found::There(known) = grantable { known.as_slice() } else { &[] };
        let all: Vec<_> = known.iter().filter(|role| !lacking.contains(role)).chain(lacking.iter().copied()).collect();
        // In the order of the template's other lines.
        let line = format!(
            r#"{{ "principalId": {}, "roleDefinitionId": "{USER_ACCESS_ADMINISTRATOR}", "delegatedRoleDefinitionIds": {} }}"#,
            json!(worker.as_deref().unwrap_or("the worker's principal id")),
            json!(all.iter().map(|role| role.as_str()).collect::<Vec<_>>()),
        );
        (!lacking.is_empty()).then_some(line)
    }
}

/// A word of a shell's command line: names in Azure may have signs in them that a shell gives a meaning.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
