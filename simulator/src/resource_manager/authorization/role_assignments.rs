//! Reading role assignments: at, above and below a scope, of one's own tenant; in a delegated subscription only with the
//! customer's tenant in the query, and nothing of what lies above the subscription.

use super::{
    super::{error::ArmError, reply::Reply, request::Call, world::World},
    refusals,
    role_filter::RoleFilter,
};
use crate::{
    estate::{ArmId, instant_text},
    rights::RoleAssignment,
};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

impl World {
    pub(super) fn list_role_assignments(
        &self,
        scope: &ArmId,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let filter = RoleFilter::of(call)?;
        let is_group = |id: &str| {
            let access = &self.estate.access;
            access.groups.iter().any(|group| group.id.eq_ignore_ascii_case(id))
        };
        if filter.assigned_to.as_deref().is_some_and(is_group) {
            // Unverified: the sentence. Groups are documented not to be taken.
            return Err(ArmError::invalid_query("$filter", "assignedTo() takes a user or a service principal."));
        }
        let is_foreign = self.is_foreign(call, scope);
        // Whether `assignedTo` works for a principal of another tenant is unknown: it finds nothing here.
        let hears_nobody = is_foreign && (!self.names_tenant(call, scope) || filter.assigned_to.is_some());
        let found = self.estate.access.grants.iter().filter(|_| !hears_nobody);
        let found = found.filter(|grant| grant.is_seen(now, &self.estate.access.lag));
        // What lies above a delegated subscription is out of sight, and each tenant sees its own from its root.
        let found = found.filter(|grant| self.is_foreign(call, &grant.scope) == is_foreign);
        let found = found.filter(|grant| !is_foreign || grant.scope.subscription().is_some());
        let found = found.filter(|grant| self.is_asked_for(grant, scope, &filter));
        self.page(call, found.map(body).collect())
    }

    pub(super) fn get_role_assignment(&self, id: &ArmId, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let seen = self.seen_role_assignment(id, call);
        let found = seen.filter(|grant| grant.is_seen(now, &self.estate.access.lag));
        Ok(Reply::ok(body(found.ok_or_else(|| refusals::role_assignment_not_found(id.name()))?)))
    }

    /// The role assignment of an id that is not deleted, where the call's tenant is the right one.
    pub(super) fn seen_role_assignment(&self, id: &ArmId, call: &Call) -> Option<&RoleAssignment> {
        let scope = id.parent_scope();
        let is_heard = !self.is_foreign(call, &scope) || self.names_tenant(call, &scope);
        let mut grants = self.estate.access.grants.iter().filter(|_| is_heard);
        grants.find(|grant| grant.gone_at.is_none() && grant.id() == *id)
    }

    /// Whether the caller comes from another tenant than the scope's.
    pub(super) fn is_foreign(&self, call: &Call, scope: &ArmId) -> bool {
        let tenant = self.estate.tenant_of(scope);
        call.identity.as_ref().zip(tenant).is_some_and(|(who, tenant)| !tenant.eq_ignore_ascii_case(&who.tenant_id))
    }

    /// Whether `tenantId` names the tenant of the scope.
    fn names_tenant(&self, call: &Call, scope: &ArmId) -> bool {
        let named = call.query.get("tenantId");
        named.zip(self.estate.tenant_of(scope)).is_some_and(|(named, tenant)| named.eq_ignore_ascii_case(tenant))
    }

    fn is_asked_for(&self, grant: &RoleAssignment, scope: &ArmId, filter: &RoleFilter) -> bool {
        let above = self.estate.covers(&grant.scope, scope);
        let below = !filter.not_below && self.estate.covers(scope, &grant.scope);
        let is = |id: &str| grant.principal.eq_ignore_ascii_case(id);
        let is_assigned = |id: &String| self.estate.access.ids_of(id).into_iter().any(is);
        (above || below)
            && filter.principal.as_deref().is_none_or(is)
            && filter.assigned_to.as_ref().is_none_or(is_assigned)
    }
}

/// As the service shows it: the role's id with the subscription of the scope, or with none above.
pub(super) fn body(grant: &RoleAssignment) -> Value {
    let role = match grant.scope.subscription() {
        Some(id) => format!("/subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions/{}", grant.role),
        None => format!("/providers/Microsoft.Authorization/roleDefinitions/{}", grant.role),
    };
    let scope = if grant.scope.as_str().is_empty() { "/" } else { grant.scope.as_str() };
    let mut properties = Map::new();
    let mut set = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    set("roleDefinitionId", role.into());
    set("principalId", grant.principal.as_str().into());
    set("principalType", grant.kind.word().into());
    set("scope", scope.into());
    if let Some(condition) = &grant.condition {
        set("condition", condition.as_str().into());
        set("conditionVersion", "2.0".into());
    }
    if let Some(description) = &grant.description {
        set("description", description.as_str().into());
    }
    if let Some(at) = grant.made_at {
        for name in ["createdOn", "updatedOn"] {
            set(name, instant_text(at).into());
        }
        for name in ["createdBy", "updatedBy"] {
            set(name, grant.created_by.as_str().into());
        }
    }
    if let Some(holder) = &grant.delegated_identity {
        set("delegatedManagedIdentityResourceId", holder.as_str().into());
    }
    json!({
        "properties": properties,
        "id": grant.id().as_str(),
        "type": "Microsoft.Authorization/roleAssignments",
        "name": grant.name
    })
}
