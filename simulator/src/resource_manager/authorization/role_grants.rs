//! Making and deleting role assignments, with every refusal that is known of it, in the order in which it is asked here:
//! form, right, tenant of the identity's holder, lock, role, principal, what is there already.

use super::{
    super::{error::ArmError, reply::Reply, request::Call, world::World},
    refusals,
    role_assignments::body,
};
use crate::{
    estate::{ArmId, Identity},
    rights::{Ask, Plane, PrincipalKind, RoleAssignment, Verdict, Wanted, role_guid},
};
use serde::Deserialize;
use time::OffsetDateTime;

const WRITE: &str = "Microsoft.Authorization/roleAssignments/write";
const DELETE: &str = "Microsoft.Authorization/roleAssignments/delete";

#[derive(Deserialize)]
struct Body {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    role_definition_id: String,
    principal_id: String,
    principal_type: Option<String>,
    description: Option<String>,
    condition: Option<String>,
    delegated_managed_identity_resource_id: Option<String>,
}

impl World {
    pub(super) fn put_role_assignment(
        &mut self,
        id: &ArmId,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        let scope = id.parent_scope();
        self.check_scope(&scope)?;
        let asked = properties(call)?;
        let principal_id = asked.principal_id.as_str();
        if uuid::Uuid::try_parse(id.name()).is_err() {
            let words =
                format!("The role assignment ID '{}' is not valid. The role assignment ID must be a GUID.", id.name());
            return Err(ArmError::new(400, "InvalidRoleAssignmentId", words));
        }
        let role = role_guid(&asked.role_definition_id);
        let kind = asked.principal_type.as_deref();
        let kind = kind.map(|word| PrincipalKind::read(word).ok_or_else(|| wrong_type(word))).transpose()?;
        let holder = asked.delegated_managed_identity_resource_id.as_deref().map(ArmId::new);
        let wanted = Wanted {
            role: &role,
            principal: principal_id,
            principal_type: kind.map_or("", PrincipalKind::word),
            names_holder: holder.is_some(),
        };
        self.check_right(call, WRITE, id, Some(wanted), now)?;
        self.check_holder(call, id, &scope, holder.as_ref(), principal_id, now)?;
        self.check_lock(&scope, false)?;
        if self.estate.access.role(&role).is_none() {
            return Err(refusals::role_definition_missing(&role));
        }
        self.check_principal(principal_id, kind, &scope, now)?;
        let grant = RoleAssignment {
            name: id.name().to_owned(),
            kind: kind.unwrap_or(PrincipalKind::ServicePrincipal),
            condition: asked.condition,
            delegated_identity: holder,
            description: asked.description,
            created_by: call.caller.object_id.clone(),
            made_at: Some(now),
            ..RoleAssignment::new(scope, &role, principal_id)
        };
        self.assign(grant)
    }

    fn assign(&mut self, grant: RoleAssignment) -> Result<Reply, ArmError> {
        let is_there = |known: &&mut RoleAssignment| known.gone_at.is_none() && known.scope == grant.scope;
        let is_same =
            |known: &RoleAssignment| known.role == grant.role && known.principal.eq_ignore_ascii_case(&grant.principal);
        for known in self.estate.access.grants.iter_mut().filter(is_there) {
            let is_named = known.name.eq_ignore_ascii_case(&grant.name);
            if is_named && !is_same(known) {
                let words = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
                return Err(ArmError::new(400, "RoleAssignmentUpdateNotPermitted", words));
            }
            if is_named {
                known.description = grant.description;
                known.condition = grant.condition;
                return Ok(Reply::ok(body(known)));
            }
            if is_same(known) {
                return Err(refusals::role_assignment_exists(&known.name));
            }
        }
        let shown = body(&grant);
        self.estate.access.grants.push(grant);
        Ok(Reply::with_status(201, shown))
    }

    pub(super) fn delete_role_assignment(
        &mut self,
        id: &ArmId,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let found = self.seen_role_assignment(id, call).cloned();
        let wanted = found.as_ref().map(|grant| Wanted {
            role: &grant.role,
            principal: &grant.principal,
            principal_type: grant.kind.word(),
            names_holder: true,
        });
        self.check_right(call, DELETE, id, wanted, now)?;
        self.check_lock(&id.parent_scope(), true)?;
        let Some(found) = found else { return Ok(Reply::empty(204)) };
        let is_it = |grant: &&mut RoleAssignment| grant.gone_at.is_none() && grant.id() == *id;
        if let Some(grant) = self.estate.access.grants.iter_mut().find(is_it) {
            grant.gone_at = Some(now);
        }
        Ok(Reply::ok(body(&found)))
    }

    fn check_right(
        &mut self,
        call: &Call,
        action: &str,
        id: &ArmId,
        wanted: Option<Wanted<'_>>,
        now: OffsetDateTime,
    ) -> Result<(), ArmError> {
        let Some(caller) = call.identity.as_ref().filter(|_| self.estate.access.enforced) else { return Ok(()) };
        let ask = Ask { estate: &self.estate, caller, now };
        let verdict = ask.may(Plane::Control, action, id, wanted);
        if verdict == Verdict::Allowed { Ok(()) } else { Err(self.refuse(caller, action, id, &verdict, now)) }
    }

    /// The resource that holds the identity counts across tenants only, and must be known and delegated there.
    fn check_holder(
        &self,
        call: &Call,
        id: &ArmId,
        scope: &ArmId,
        holder: Option<&ArmId>,
        principal: &str,
        now: OffsetDateTime,
    ) -> Result<(), ArmError> {
        let (Some(holder), Some(caller)) = (holder, &call.identity) else { return Ok(()) };
        if !self.is_foreign(call, scope) {
            return Err(refusals::holder_at_home(holder));
        }
        let held = self.estate.assignments.iter().find(|one| match &one.identity {
            Identity::None => false,
            Identity::SystemAssigned { principal: held, .. } => {
                one.id == *holder && held.eq_ignore_ascii_case(principal)
            }
            Identity::UserAssigned { resource, principal: held, .. } => {
                resource == holder && held.eq_ignore_ascii_case(principal)
            }
        });
        let lag = self.estate.access.lag.across_tenants;
        let is_known = held.is_some_and(|one| one.identity_since.is_none_or(|at| at + lag <= now));
        if is_known && self.is_foreign(call, holder) {
            return Ok(());
        }
        Err(refusals::linked(caller, WRITE, id, WRITE, holder))
    }

    /// A principal that the directory does not know yet; one that it never knew is taken when its kind is told.
    fn check_principal(
        &self,
        principal: &str,
        kind: Option<PrincipalKind>,
        scope: &ArmId,
        now: OffsetDateTime,
    ) -> Result<(), ArmError> {
        let holder = self.estate.assignments.iter().find(|one| one.identity.is_of(principal));
        let lag = self.estate.access.lag.directory;
        let is_new = holder.and_then(|one| one.identity_since).is_some_and(|at| now < at + lag);
        let is_unknown = kind.is_none() && holder.is_none() && !self.knows(principal);
        if is_new || is_unknown {
            let tenant = self.estate.tenant_of(scope).unwrap_or(&self.estate.home_tenant);
            return Err(refusals::principal_not_found(principal, tenant));
        }
        Ok(())
    }

    fn knows(&self, principal: &str) -> bool {
        let access = &self.estate.access;
        let is = |id: &String| id.eq_ignore_ascii_case(principal);
        access.grants.iter().any(|grant| is(&grant.principal))
            || access.groups.iter().any(|group| is(&group.id) || group.members.iter().any(is))
    }
}

fn properties(call: &Call) -> Result<Properties, ArmError> {
    let read = serde_json::from_slice::<Body>(&call.body);
    read.map(|body| body.properties).map_err(|error| ArmError::unreadable(&error))
}

fn wrong_type(word: &str) -> ArmError {
    ArmError::invalid_content(&format!("'{word}' is no principal type"))
}
