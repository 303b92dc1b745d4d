//! The judgement: may somebody do something somewhere? Role assignments of the caller's own tenant, delegations to it, the
//! conditions of both, and deny assignments, which win.

use super::{
    Authorization, RoleAssignment, RoleDefinition,
    condition::{self, Attributes},
    role::{Permission, Plane},
};
use crate::{
    estate::{ArmId, Estate},
    identity::Caller,
};
use time::OffsetDateTime;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Yes.
    Allowed,
    /// No role allows it.
    Missing,
    /// A role allows it under a condition that is not fulfilled.
    Unfulfilled,
    /// A role allows it and a deny assignment takes it away.
    Denied { name: String, id: String, scope: ArmId },
}

/// A role assignment that a caller wants to make or delete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) role: &'a str,
    pub(crate) principal: &'a str,
    pub(crate) principal_type: &'a str,
    /// Whether it names the resource that holds the identity.
    pub(crate) names_holder: bool,
}

/// The question: who, when, and in which estate.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) caller: &'a Caller,
    pub(crate) now: OffsetDateTime,
}

impl<'a> Ask<'a> {
    /// May the caller do it?
    pub(crate) fn may(&self, plane: Plane, action: &str, scope: &ArmId, wanted: Option<Wanted<'_>>) -> Verdict {
        let mut verdict = Verdict::Missing;
        for grant in self.grants_at(scope) {
            let Some(role) = self.estate.access.role(&grant.role) else { continue };
            if !role.allows(plane, action) {
                continue;
            }
            let attributes = wanted.map(|one| Attributes {
                role: one.role,
                principal: one.principal,
                principal_type: one.principal_type,
            });
            match &grant.condition {
                Some(condition) if !condition::is_met(condition, action, attributes) => verdict = Verdict::Unfulfilled,
                Some(_) | None => return self.unless_denied(plane, action, scope),
            }
        }
        for authorization in self.authorizations_at(scope) {
            if !authorization.allows(plane, action) {
                continue;
            }
            if wanted.is_none_or(|wanted| may_be_granted(authorization, wanted, action)) {
                return self.unless_denied(plane, action, scope);
            }
            verdict = Verdict::Unfulfilled;
        }
        verdict
    }

    /// The elements of all roles that the caller holds at a scope.
    pub(crate) fn permissions(&self, scope: &ArmId) -> Vec<Permission> {
        let granted = self.grants_at(scope).map(|grant| grant.role.as_str());
        let delegated = self.authorizations_at(scope).map(|one| one.role.as_str());
        let roles = granted.chain(delegated).filter_map(|guid| self.estate.access.role(guid));
        roles.flat_map(|role| role.permissions.iter().cloned()).collect()
    }

    /// The roles that the caller holds at a scope without a condition.
    pub(crate) fn roles_at<'b>(&'b self, scope: &'b ArmId) -> impl Iterator<Item = &'a RoleDefinition> + use<'a, 'b> {
        let plain = self.grants_at(scope).filter(|grant| grant.condition.is_none());
        plain.filter_map(|grant| self.estate.access.role(&grant.role))
    }

    /// Whether the caller holds anything at a scope, above it or below it.
    pub(crate) fn has_foothold(&self, scope: &ArmId) -> bool {
        let below = |at: &ArmId| self.estate.covers(scope, at);
        let granted = self.grants().any(|grant| below(&grant.scope) && self.is_at_home(&grant.scope));
        granted
            || self.authorizations().any(|(at, _)| below(at))
            || self.grants_at(scope).next().is_some()
            || self.authorizations_at(scope).next().is_some()
    }

    /// Whether the caller holds something below a scope and nothing at it or above it.
    pub(crate) fn stands_only_below(&self, scope: &ArmId) -> bool {
        let holds_here = self.grants_at(scope).next().is_some() || self.authorizations_at(scope).next().is_some();
        !holds_here && self.has_foothold(scope)
    }

    fn grants(&self) -> impl Iterator<Item = &'a RoleAssignment> + use<'a> {
        let (access, now) = (&self.estate.access, self.now);
        let ids = access.ids_of(&self.caller.principal.object_id);
        let is_held = move |grant: &&RoleAssignment| ids.iter().any(|id| grant.principal.eq_ignore_ascii_case(id));
        access.grants.iter().filter(move |grant| grant.acts(now, &access.lag)).filter(is_held)
    }

    fn grants_at<'b>(&'b self, scope: &'b ArmId) -> impl Iterator<Item = &'a RoleAssignment> + use<'a, 'b> {
        let at_home = self.is_at_home(scope);
        self.grants().filter(move |grant| at_home && self.estate.covers(&grant.scope, scope))
    }

    fn authorizations(&self) -> impl Iterator<Item = (&'a ArmId, &'a Authorization)> + use<'a> {
        let tenant = self.caller.tenant_id.as_str();
        let ids = self.estate.access.ids_of(&self.caller.principal.object_id);
        let delegations = self.estate.access.delegations.iter();
        delegations
            .filter(move |one| one.managed_by.eq_ignore_ascii_case(tenant))
            .flat_map(|one| one.authorizations.iter().map(move |authorization| (&one.scope, authorization)))
            .filter(move |(_, one)| ids.iter().any(|id| one.principal.eq_ignore_ascii_case(id)))
    }

    fn authorizations_at<'b>(&'b self, scope: &'b ArmId) -> impl Iterator<Item = &'a Authorization> + use<'a, 'b> {
        self.authorizations().filter(|(at, _)| self.estate.covers(at, scope)).map(|(_, authorization)| authorization)
    }

    /// Role assignments count where caller and scope share a tenant.
    fn is_at_home(&self, scope: &ArmId) -> bool {
        self.estate.tenant_of(scope).is_none_or(|tenant| tenant.eq_ignore_ascii_case(&self.caller.tenant_id))
    }

    fn unless_denied(&self, plane: Plane, action: &str, scope: &ArmId) -> Verdict {
        let ids = self.estate.access.ids_of(&self.caller.principal.object_id);
        let denial = self.estate.access.denials.iter().find(|denial| {
            let holds =
                if denial.not_below { denial.scope == *scope } else { self.estate.covers(&denial.scope, scope) };
            // Whether its condition is fulfilled is not judged here: it counts.
            holds && denial.takes(&ids, plane, action)
        });
        denial.map_or(Verdict::Allowed, |denial| Verdict::Denied {
            name: denial.display_name.clone(),
            id: denial.name.clone(),
            scope: denial.scope.clone(),
        })
    }
}

/// The condition that Azure puts on granting across tenants: only to managed identities, named with the resource that holds
/// them, and only roles of the list.
fn may_be_granted(authorization: &Authorization, wanted: Wanted<'_>, action: &str) -> bool {
    if !authorization.is_to_grant() {
        return false;
    }
    let is_listed = authorization.delegated_roles.iter().any(|role| role.eq_ignore_ascii_case(wanted.role));
    let deletes = action.to_ascii_lowercase().ends_with("/delete");
    is_listed && wanted.principal_type == "ServicePrincipal" && (deletes || wanted.names_holder)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
