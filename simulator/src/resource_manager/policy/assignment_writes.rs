//! Making and deleting policy assignments. A system-assigned identity is born with its assignment, known to the directory
//! after a while, and dies with it: made again, the assignment has another.

use super::{
    super::{error::ArmError, reply::Reply, request::Call, world::World},
    assignment_reader::{self, AskedIdentity},
    expands::Expands,
};
use crate::estate::{ArmId, Assignment, Definition, EffectSource, Identity, instant_text};
use time::OffsetDateTime;
use uuid::Uuid;

impl World {
    pub(crate) fn put_assignment(&mut self, id: &ArmId, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
        let scope = id.parent_scope();
        self.check_scope(&scope)?;
        let asked = assignment_reader::read(id, &call.body)?;
        let definitions = self.definitions_of(&asked.assignment, &scope)?;
        let known = self.estate.assignment(id);
        let mut assignment = asked.assignment;
        assignment.identity = self.identity(id, &scope, asked.identity, known, now);
        let is_kept = known.is_some_and(|one| one.identity.principal() == assignment.identity.principal());
        assignment.identity_since = if is_kept { known.and_then(|one| one.identity_since) } else { Some(now) };
        let has_identity = assignment.identity.principal().is_some();
        if !has_identity && definitions.iter().any(|one| can_change(one)) {
            let words = "Policy assignments must include a 'managed identity' when assigning 'DeployIfNotExists' policy \
                         definitions or policy definitions that contain a deployment in the effect details.";
            return Err(ArmError::new(400, "ResourceIdentityRequired", words));
        }
        if has_identity && assignment.location.is_none() {
            // Unverified: the sentence.
            let words = "The location is required where an assignment has an identity.";
            return Err(ArmError::new(400, "LocationRequired", words));
        }
        self.estate.assignments.retain(|one| one.id != *id);
        let shown = self.assignment_body(&assignment, Expands::default());
        self.estate.assignments.push(assignment);
        Ok(Reply::with_status(201, shown))
    }

    pub(crate) fn delete_assignment(&mut self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let Some(found) = self.estate.assignment(id) else { return Ok(Reply::empty(204)) };
        let shown = self.assignment_body(found, Expands::default());
        self.estate.assignments.retain(|one| one.id != *id);
        Ok(Reply::ok(shown))
    }

    /// The definitions behind an assignment; it must exist and be seen from the scope.
    fn definitions_of(&self, assignment: &Assignment, scope: &ArmId) -> Result<Vec<&Definition>, ArmError> {
        let id = &assignment.definition;
        let is_seen = self.estate.covers(&id.parent_scope(), scope);
        if let Some(initiative) = self.estate.initiative(id).filter(|_| is_seen) {
            let members = initiative.at(assignment.pin.as_deref()).members.iter();
            return Ok(members.filter_map(|member| self.estate.definition(&member.definition)).collect());
        }
        let found = self.estate.definition(id).filter(|_| is_seen);
        let is_set = id.resource_type().is_some_and(|kind| kind.to_lowercase().ends_with("policysetdefinitions"));
        let missing = if is_set { ArmError::initiative_not_found } else { ArmError::definition_not_found };
        found.map(|one| vec![one]).ok_or_else(|| missing(id.name()))
    }

    fn identity(
        &self,
        id: &ArmId,
        scope: &ArmId,
        asked: AskedIdentity,
        known: Option<&Assignment>,
        now: OffsetDateTime,
    ) -> Identity {
        let guid = |seed: &str| Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes()).to_string();
        let tenant = self.estate.tenant_of(scope).unwrap_or(&self.estate.home_tenant);
        match asked {
            AskedIdentity::None => Identity::None,
            AskedIdentity::System => match known.map(|one| &one.identity) {
                Some(kept @ Identity::SystemAssigned { .. }) => kept.clone(),
                Some(Identity::None | Identity::UserAssigned { .. }) | None => Identity::SystemAssigned {
                    principal: guid(&format!("{}|{}", id.lower(), instant_text(now))),
                    tenant: tenant.to_owned(),
                },
            },
            AskedIdentity::User(resource) => Identity::UserAssigned {
                principal: guid(resource.lower()),
                client: guid(&format!("{}|client", resource.lower())),
                resource,
            },
        }
    }
}

/// Whether a definition can change resources, whatever effect is chosen of it.
fn can_change(definition: &Definition) -> bool {
    let changes = |effect: &String| matches!(effect.to_lowercase().as_str(), "deployifnotexists" | "modify");
    match &definition.effect {
        EffectSource::Literal(effect) => changes(effect),
        EffectSource::Parameter { default, allowed, .. } => allowed.iter().chain(default).any(changes),
    }
}
