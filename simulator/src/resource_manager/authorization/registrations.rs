//! Lighthouse registrations as both tenants see them: the assignment, with its definition when that is asked for. Made by
//! templates of the customer; here they can be read and given up.

use super::super::{error::ArmError, reply::Reply, request::Call, world::World};
use crate::{
    estate::ArmId,
    rights::{Authorization, Delegation},
};
use serde_json::{Value, json};

impl World {
    pub(super) fn list_registration_assignments(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let expands = expands(call);
        let found = self.registrations(scope).map(|one| self.assignment(one, expands));
        self.page(call, found.collect())
    }

    pub(super) fn get_registration_assignment(&self, id: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        let found = self.registration(id)?;
        Ok(Reply::ok(self.assignment(found, expands(call))))
    }

    /// Leaving: the delegation ends for all of its principals.
    pub(super) fn delete_registration_assignment(&mut self, id: &ArmId) -> Result<Reply, ArmError> {
        let Ok(found) = self.registration(id).cloned() else { return Ok(Reply::empty(204)) };
        self.estate.access.delegations.retain(|one| *one != found);
        let rest = &self.estate.access.delegations;
        for subscription in &mut self.estate.subscriptions {
            let is_of = |at: &ArmId| at.subscription().is_some_and(|id| id.eq_ignore_ascii_case(&subscription.id));
            let is_managed = rest.iter().any(|one| one.managed_by == found.managed_by && is_of(&one.scope));
            if is_of(&found.scope) && !is_managed {
                subscription.managed_by.retain(|tenant| *tenant != found.managed_by);
            }
        }
        Ok(Reply::empty(200))
    }

    pub(super) fn list_registration_definitions(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        self.page(call, self.registrations(scope).map(|one| self.definition(one)).collect())
    }

    pub(super) fn get_registration_definition(&self, id: &ArmId) -> Result<Reply, ArmError> {
        Ok(Reply::ok(self.definition(self.registration(id)?)))
    }

    fn registrations<'a>(&'a self, scope: &'a ArmId) -> impl Iterator<Item = &'a Delegation> {
        self.estate.access.delegations.iter().filter(|one| one.scope == *scope)
    }

    fn registration(&self, id: &ArmId) -> Result<&Delegation, ArmError> {
        let scope = id.parent_scope();
        self.check_scope(&scope)?;
        let is_at = |one: &&Delegation| one.scope == scope || subscription_of(one) == scope;
        let mut all = self.estate.access.delegations.iter().filter(is_at);
        let found = all.find(|one| one.name.eq_ignore_ascii_case(id.name()));
        found.ok_or_else(|| {
            // Unverified: code and sentence.
            let words = format!("The registration '{}' could not be found.", id.name());
            ArmError::new(404, "RegistrationNotFound", words)
        })
    }

    fn assignment(&self, one: &Delegation, expands: bool) -> Value {
        let mut properties = json!({
            "registrationDefinitionId": definition_id(one),
            "provisioningState": "Succeeded"
        });
        if expands {
            properties["registrationDefinition"] = self.definition(one);
        }
        json!({
            "properties": properties,
            "id": format!("{}/providers/Microsoft.ManagedServices/registrationAssignments/{}", one.scope, one.name),
            "type": "Microsoft.ManagedServices/registrationAssignments",
            "name": one.name
        })
    }

    fn definition(&self, one: &Delegation) -> Value {
        json!({
            "properties": {
                "description": "",
                "registrationDefinitionName": one.display_name,
                "authorizations": one.authorizations.iter().map(authorization).collect::<Vec<_>>(),
                "provisioningState": "Succeeded",
                "manageeTenantId": self.estate.tenant_of(&one.scope),
                "managedByTenantId": one.managed_by
            },
            "id": definition_id(one),
            "type": "Microsoft.ManagedServices/registrationDefinitions",
            "name": one.name
        })
    }
}

fn authorization(one: &Authorization) -> Value {
    let mut body = json!({
        "principalId": one.principal,
        "principalIdDisplayName": one.display_name,
        "roleDefinitionId": one.role
    });
    if !one.delegated_roles.is_empty() {
        body["delegatedRoleDefinitionIds"] = json!(one.delegated_roles);
    }
    body
}

/// A definition stands at the subscription, also for a delegation of a resource group.
fn subscription_of(one: &Delegation) -> ArmId {
    ArmId::new(format!("/subscriptions/{}", one.scope.subscription().unwrap_or_default()))
}

fn definition_id(one: &Delegation) -> String {
    format!("{}/providers/Microsoft.ManagedServices/registrationDefinitions/{}", subscription_of(one), one.name)
}

fn expands(call: &Call) -> bool {
    call.query.get("$expandRegistrationDefinition").is_some_and(|word| word.eq_ignore_ascii_case("true"))
}
