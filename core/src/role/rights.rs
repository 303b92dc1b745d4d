//! What was read about the rights of an assignment's identity.

use std::collections::BTreeMap;

use crate::fact::Found;
use crate::id::fold;
use crate::time::Timestamp;

use super::assigned::{Denial, RoleAssignment};
use super::definition::{RoleDefinition, RoleId, USER_ACCESS_ADMINISTRATOR};

/// Whose the subscription is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// The worker's own tenant.
    Ours,
    /// Nobody tells: what is not seen there may be there all the same.
    Unknown,
    /// Another tenant, which has delegated it. The roles that the worker may grant there; where that can be read.
    Delegated {
        /// `delegatedRoleDefinitionIds` of the registration, for the worker's principal.
        grantable: Found<Vec<RoleId>>,
        /// The principal of the worker, which the customer's template names; where its token tells.
        worker: Option<String>,
    },
}

/// What a policy that assigns identities needs beside its task's scope (Microsoft documentation, "Use Azure Policy to assign managed
/// identities"; which roles, the definition says).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preauthorised {
    /// The identity that it assigns, or the group that holds it; the subscription where that is not told.
    pub scope: String,
    /// What the policy's identity has there and above.
    pub assignments: Found<Vec<RoleAssignment>>,
}

/// The rights of an assignment's identity, as far as they could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Whose the subscription is.
    pub home: Home,
    /// The roles that the policy asks for: `roleDefinitionIds` of the effective version of its definition.
    pub required: Found<Vec<RoleId>>,
    /// The identity's principal; none where it cannot be read.
    pub principal: Option<String>,
    /// The id of the resource that holds the identity: the policy assignment, or the user-assigned identity itself.
    pub holder: String,
    /// The role assignments that hold for it at the scope that was asked about, as the service told: at home its own and its groups',
    /// there and above; in a delegated subscription all that can be seen.
    pub assignments: Found<Vec<RoleAssignment>>,
    /// Where the policy assigns identities: the roles for that are looked for there, too.
    pub preauthorised: Option<Preauthorised>,
    /// Deny assignments at the scope and above.
    pub denials: Found<Vec<Denial>>,
    /// What the roles allow.
    pub definitions: BTreeMap<RoleId, Found<RoleDefinition>>,
    /// Since when at least all of this was so.
    pub read_at: Timestamp,
}

impl Rights {
    /// The definition of a role, where it could be read.
    #[must_use]
    pub fn definition(&self, role: &RoleId) -> Option<&RoleDefinition> {
        match self.definitions.get(role)? {
            Found::There(definition) => Some(definition),
            Found::Gone | Found::Unreadable(_) => None,
        }
    }

    /// Where a role must hold, for a task at this scope: what a policy that assigns identities deploys, it deploys to the subscription, and
    /// the roles for the identity are needed at that.
    #[must_use]
    pub fn place_of<'a>(&'a self, role: &RoleId, scope: &'a str) -> &'a str {
        match &self.preauthorised {
            None => scope,
            Some(preauthorised) if is_of_the_identity(role) => &preauthorised.scope,
            Some(_) => whole(scope),
        }
    }

    /// Whether the identity is a resource of its own, which several assignments may share.
    #[must_use]
    pub fn is_user_assigned(&self) -> bool {
        fold(&self.holder).contains("/microsoft.managedidentity/userassignedidentities/")
    }

    /// Whether the subscription is another tenant's.
    #[must_use]
    pub fn is_delegated(&self) -> bool {
        match self.home {
            Home::Ours | Home::Unknown => false,
            Home::Delegated { .. } => true,
        }
    }

    /// A role as people know it.
    #[must_use]
    pub fn name_of(&self, role: &RoleId) -> String {
        self.definition(role).map_or_else(|| role.to_string(), |known| format!("{} ({role})", known.name))
    }
}

/// Roles that a policy needs at the identity that it assigns, or at that one's group, and not at the whole subscription.
const OF_THE_IDENTITY: [&str; 3] = [
    USER_ACCESS_ADMINISTRATOR,
    // Managed Identity Operator and Managed Identity Contributor.
    "f1a07417-d97a-45cb-824c-7a7467783830",
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
];

/// Whether this role is one that acts on the identity which a policy assigns.
pub(super) fn is_of_the_identity(role: &RoleId) -> bool {
    OF_THE_IDENTITY.contains(&role.as_str())
}

/// The subscription of a scope.
fn whole(scope: &str) -> &str {
    scope.match_indices('/').nth(2).map_or(scope, |(end, _)| &scope[..end])
}
