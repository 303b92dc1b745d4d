//! The identities of policy assignments with the roles of their policies, except where the estate says that one has none. An estate
//! that trusts everyone shows them all the same: whoever looks before it acts must find them.

use super::{Access, RoleAssignment};
use crate::estate::{Assignment, Estate, Identity};
use crate::identity::Principal;

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
                if let Some(principal) = assignment.identity.principal() {
                    access = access.with_grant(RoleAssignment::new(assignment.scope(), &role, principal));
                }
            }
        }
        self.assignments = assignments;
        self.with_access(access)
    }

    /// The same, unless it describes rights itself.
    pub(crate) fn with_roles_unless_described(self) -> Self {
        let Access { enforced, grants, .. } = &self.access;
        if *enforced || !grants.is_empty() { self } else { self.with_roles_of_identities() }
    }
}

/// An identity without roles is nobody else's, or it would have theirs.
fn alone(assignment: &mut Assignment) {
    match &mut assignment.identity {
        Identity::None => {}
        Identity::SystemAssigned { principal, .. } | Identity::UserAssigned { principal, .. } => {
            *principal = Principal::random().object_id;
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
