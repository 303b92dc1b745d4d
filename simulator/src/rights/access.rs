//! Everything about rights in an estate, and how slowly changes of it spread. Whether anybody is refused for a missing right
//! is a switch: an estate without it trusts everyone, as most tests want it.

use super::{Delegation, DenyAssignment, Lag, RoleAssignment, RoleDefinition, built_in};
use crate::estate::ArmId;
use serde::{Deserialize, Serialize};

/// Principals that share what their group holds; groups may be members, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Object id.
    pub id: String,
    /// Object ids of its members.
    pub members: Vec<String>,
}

/// What a lock forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockLevel {
    /// Deleting.
    CanNotDelete,
    /// Deleting and writing.
    ReadOnly,
}

impl LockLevel {
    /// As it stands on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::CanNotDelete => "CanNotDelete",
            Self::ReadOnly => "ReadOnly",
        }
    }

    /// Whether it stands against a deletion, or else against a write.
    pub(crate) fn forbids(self, deletes: bool) -> bool {
        deletes || self == Self::ReadOnly
    }
}

/// A management lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Its name; one without is called what it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Where it holds, and below.
    pub scope: ArmId,
    /// What it forbids.
    pub level: LockLevel,
}

/// The rights of an estate.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// Whether calls without a right are refused, and deployments of identities without roles fail.
    pub enforced: bool,
    /// How long changes take.
    pub lag: Lag,
    /// Roles of one's own.
    pub roles: Vec<RoleDefinition>,
    /// Role assignments, deleted ones too.
    pub grants: Vec<RoleAssignment>,
    /// Deny assignments.
    pub denials: Vec<DenyAssignment>,
    /// Delegations to other tenants.
    pub delegations: Vec<Delegation>,
    /// Groups of principals.
    pub groups: Vec<Group>,
    /// Management locks.
    pub locks: Vec<Lock>,
}

impl Access {
    /// Nobody has a right but by what is added, and calls without one are refused.
    pub fn enforced() -> Self {
        Self { enforced: true, ..Self::default() }
    }

    /// A role by its GUID, built in or not.
    pub fn role(&self, guid: &str) -> Option<&RoleDefinition> {
        self.roles.iter().find(|role| role.guid.eq_ignore_ascii_case(guid)).or_else(|| built_in(guid))
    }

    /// The same with a role of one's own.
    pub fn with_role(mut self, role: RoleDefinition) -> Self {
        self.roles.push(role);
        self
    }

    /// The same with a role assignment.
    pub fn with_grant(mut self, grant: RoleAssignment) -> Self {
        self.grants.push(grant);
        self
    }

    /// The same with a deny assignment.
    pub fn with_denial(mut self, denial: DenyAssignment) -> Self {
        self.denials.push(denial);
        self
    }

    /// The same with a delegation.
    pub fn with_delegation(mut self, delegation: Delegation) -> Self {
        self.delegations.push(delegation);
        self
    }

    /// The same with a group.
    pub fn with_group(mut self, id: &str, members: &[&str]) -> Self {
        self.groups.push(Group { id: id.to_owned(), members: members.iter().map(|one| (*one).to_owned()).collect() });
        self
    }

    /// The same with a lock.
    pub fn with_lock(mut self, scope: impl Into<ArmId>, level: LockLevel) -> Self {
        self.locks.push(Lock { name: None, notes: None, scope: scope.into(), level });
        self
    }

    /// The same, spreading so slowly.
    pub fn with_lag(mut self, lag: Lag) -> Self {
        self.lag = lag;
        self
    }

    /// A principal and the groups that it is in, also through other groups.
    pub(crate) fn ids_of<'a>(&'a self, principal: &'a str) -> Vec<&'a str> {
        let mut ids = vec![principal];
        let mut at = 0;
        while let Some(id) = ids.get(at).copied() {
            let holds = |group: &&Group| group.members.iter().any(|member| member.eq_ignore_ascii_case(id));
            for group in self.groups.iter().filter(holds) {
                if !ids.iter().any(|known| known.eq_ignore_ascii_case(&group.id)) {
                    ids.push(&group.id);
                }
            }
            at += 1;
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_through_groups_and_a_loop_of_them_ends() {
        let access = Access::default()
            .with_group("inner", &["P", "outer"])
            .with_group("outer", &["INNER"])
            .with_group("other", &["x"]);
        assert_eq!(access.ids_of("p"), ["p", "inner", "outer"]);
        assert_eq!(access.ids_of("nobody"), ["nobody"]);
    }
}
