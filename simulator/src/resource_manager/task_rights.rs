//! What becomes of a deployment where rights are enforced: the assignment's identity acts, by its own role assignments at
//! the resource, and fails at run time for what it lacks. Texts are those of public reports (sources: `estate/failure`).

use super::{task_life::Candidate, world::World};
use crate::{
    estate::{ArmId, Assignment, Definition, Failure},
    identity::{Caller, Principal},
    rights::{Ask, Plane, RoleDefinition, Verdict, role_guid},
};
use time::OffsetDateTime;

const DEPLOY: &str = "Microsoft.Resources/deployments/write";

impl World {
    /// Why the identity of an assignment cannot deploy to a resource; `None` when it can.
    pub(super) fn lacking(
        &self,
        assignment: &Assignment,
        reference: Option<&str>,
        candidate: &Candidate,
        deployment: &str,
        now: OffsetDateTime,
    ) -> Option<Failure> {
        let resource = &candidate.resource;
        let effect = self.estate.effective_effect(assignment, reference, Some(&candidate.location));
        let modifies = effect.as_deref() == Some("modify");
        let kind = resource.resource_type().unwrap_or_default();
        let action = format!("{kind}/write");
        let Some(principal) = assignment.identity.principal() else {
            return Some(if modifies {
                Failure::missing_modify_permission(resource.lower(), &action)
            } else {
                Failure::missing_deployment_permission(assignment.id.as_str(), deployment)
            });
        };
        let caller = Caller {
            tenant_id: self.estate.tenant_of(resource).unwrap_or(&self.estate.home_tenant).to_owned(),
            principal: Principal { object_id: principal.to_owned(), client_id: principal.to_owned() },
            is_person: false,
        };
        let ask = Ask { estate: &self.estate, caller: &caller, now };
        let definition = self.estate.definition_of(assignment, reference)?;
        let denial = ask.may(Plane::Control, &action, resource, None);
        if let Verdict::Denied { name, id, scope } = &denial {
            return Some(denied(&caller, resource, &action, (name, id, scope), modifies));
        }
        if self.missing_role(&ask, definition, resource).is_none() {
            let linked = definition.linked_scope.as_ref();
            let lacks = linked.filter(|at| self.missing_role(&ask, definition, at).is_some());
            return lacks.map(|at| linked_failure(&caller, resource, &action, at));
        }
        if modifies {
            return Some(Failure::missing_modify_permission(resource.lower(), &action));
        }
        let may_deploy = ask.may(Plane::Control, DEPLOY, resource, None) == Verdict::Allowed;
        Some(if may_deploy {
            let words = format!(
                "{} does not have authorization to perform action '{action}' over scope '{resource}' or the scope is \
                 invalid. If access was recently granted, please refresh your credentials.",
                client(&caller)
            );
            failed(Failure::new("AuthorizationFailed", words))
        } else {
            Failure::missing_deployment_permission(assignment.id.as_str(), deployment)
        })
    }

    /// The first role of a definition that the identity does not hold at a scope, nor any role that contains it.
    fn missing_role<'a>(&self, ask: &Ask<'_>, definition: &'a Definition, scope: &ArmId) -> Option<&'a String> {
        let held: Vec<&RoleDefinition> = ask.roles_at(scope).collect();
        definition.roles.iter().find(|wanted| {
            let guid = role_guid(wanted);
            let role = self.estate.access.role(&guid);
            !held.iter().any(|one| one.guid == guid || role.is_some_and(|role| one.contains(role)))
        })
    }
}

fn denied(
    caller: &Caller,
    resource: &ArmId,
    action: &str,
    (name, id, scope): (&str, &str, &ArmId),
    modifies: bool,
) -> Failure {
    let words = format!(
        "{} has permission to perform action '{action}' on scope '{resource}'; however, the access is denied because of the \
         deny assignment with name '{name}' and Id '{id}' at scope '{scope}'.",
        client(caller)
    );
    if !modifies {
        return failed(Failure::new("DenyAssignmentAuthorizationFailed", words));
    }
    let words = format!(
        "Failed to remediate resource: '{}'. The 'PATCH' request failed with status code: 'Forbidden'. Inner Error: '{words}'",
        resource.lower()
    );
    Failure::new("RemediationFailed", words)
}

fn linked_failure(caller: &Caller, resource: &ArmId, action: &str, at: &ArmId) -> Failure {
    let words = format!(
        "{} has permission to perform action '{action}' on scope '{resource}'; however, it does not have permission to \
         perform action(s) '{}/join/action' on the linked scope(s) '{at}' (respectively) or the linked scope(s) are \
         invalid.",
        client(caller),
        at.resource_type().unwrap_or_default()
    );
    failed(Failure::new("LinkedAuthorizationFailed", words))
}

fn failed(inner: Failure) -> Failure {
    let words = "At least one resource deployment operation failed. Please list deployment operations for details. Please \
                 see https://aka.ms/arm-deployment-operations for usage details.";
    Failure::new("DeploymentFailed", words).with_detail(inner)
}

fn client(caller: &Caller) -> String {
    format!("The client '{}' with object id '{}'", caller.principal.client_id, caller.principal.object_id)
}
