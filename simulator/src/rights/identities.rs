//! The identities of policy assignments with the roles of their policies, except where the estate says that one has none. An estate
//! that trusts everyone shows them all the same: whoever looks before it acts must find them.

use super::{Access, RoleAssignment};
use crate::estate::{Assignment, Estate, Identity};
use uuid::Uuid;

impl Estate {
    /// The same, where each identity has what its policies ask for.
    pub fn with_roles_of_identities(mut self) -> Self {
        let mut access = std::mem::take(&mut self.access);
        let mut assignments = std::mem::take(&mut self.assignments);
        for assignment in &mut assignments {
            if !assignment.has_roles {
                alone(assignment);
                continue;
            }
            for role in roles(&self, assignment) {
                let Some(principal) = assignment.identity.principal() else { continue };
                let grant = RoleAssignment::new(assignment.scope(), &role, principal);
                if !access.grants.iter().any(|known| known.name == grant.name && known.gone_at.is_none()) {
                    access = access.with_grant(grant);
                }
            }
        }
        self.assignments = assignments;
        self.with_access(access)
    }

    /// Whether it describes rights itself.
    pub(crate) fn describes_rights(&self) -> bool {
        let Access { enforced, grants, .. } = &self.access;
        *enforced || !grants.is_empty()
    }

    /// The same after a change of its assignments, where it does not describe rights itself: what was there before is made anew.
    pub(crate) fn with_roles_made_anew(mut self) -> Self {
        self.access.grants.retain(|grant| grant.made_at.is_some());
        self.with_roles_of_identities()
    }
}

/// An identity without roles is nobody else's, or it would have theirs. It stays the same however often this is done.
fn alone(assignment: &mut Assignment) {
    match &mut assignment.identity {
        Identity::None => {}
        Identity::SystemAssigned { principal, .. } | Identity::UserAssigned { principal, .. } => {
            *principal = Uuid::new_v5(&Uuid::NAMESPACE_URL, assignment.id.lower().as_bytes()).to_string();
        }
    }
}

/// The roles that the policies of an assignment ask for, each once.
fn roles(estate: &Estate, assignment: &Assignment) -> Vec<String> {
    let members = estate.initiative_of(assignment).map(|one| one.members.as_slice()).unwrap_or_default();
    let references = members.iter().map(|member| Some(member.reference.as_str())).chain([None]);
    let definitions = references.filter_map(|reference| estate.definition_of(assignment, reference));
    let mut roles: Vec<String> = definitions.flat_map(|one| one.roles.iter().cloned()).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}
