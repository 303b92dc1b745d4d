//! A role assignment that the worker makes. Its name follows from what it grants, so that a grant that is repeated after a crash or a
//! lost answer is the same one.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::fact::Found;
use crate::id::fold;

use super::definition::RoleId;
use super::rights::{Home, Rights};

/// One role for one principal at one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The name of the role assignment: a GUID.
    pub name: String,
    /// Where it holds.
    pub scope: String,
    /// The role.
    pub role: RoleId,
    /// Who gets it.
    pub principal: String,
    /// In a delegated subscription: the resource that holds the identity.
    pub delegated_resource: Option<String>,
}

/// Whether a role may be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantable {
    /// It may.
    Yes,
    /// `GRANT_ROLES` does not hold it.
    NotListed,
    /// It can give rights, or nobody can tell whether it can: never granted.
    GivesRights,
    /// The Lighthouse registration does not let the worker grant it.
    NotDelegated,
    /// No Lighthouse registration can: it is one of people's own.
    NotDelegable,
}

/// What the service's answer to a grant means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantAnswer {
    /// It is there now, or was there under another name.
    Made,
    /// The identity, or the role, has not been replicated yet: to be asked for again.
    NotYet(String),
    /// `delegatedManagedIdentityResourceId` is missing: once more with it.
    WithResource(String),
    /// `delegatedManagedIdentityResourceId` was given within one tenant: once more without it.
    WithoutResource(String),
    /// Refused for good; the service's words.
    Refused(String),
}

impl Grant {
    /// The grant of this role over this scope.
    #[must_use]
    pub fn of(rights: &Rights, role: &RoleId, scope: &str) -> Option<Self> {
        let principal = fold(rights.principal.as_deref()?);
        let scope = fold(scope.trim_end_matches('/'));
        let delegated_resource = rights.is_delegated().then(|| rights.holder.clone());
        let name = name(&scope, role, &principal);
        Some(Self { name, scope, role: role.clone(), principal, delegated_resource })
    }
}

impl Grantable {
    /// Whether this role may be granted to the identity.
    #[must_use]
    pub fn of(rights: &Rights, role: &RoleId, allowed: &[RoleId]) -> Self {
        if !allowed.contains(role) {
            return Self::NotListed;
        }
        if rights.definition(role).is_none_or(super::RoleDefinition::can_give_rights) {
            return Self::GivesRights;
        }
        let is_built_in = || rights.definition(role).is_some_and(|known| known.is_built_in);
        match &rights.home {
            Home::Delegated { .. } if !is_built_in() => Self::NotDelegable,
            Home::Delegated { grantable: Found::There(grantable), .. } if !grantable.contains(role) => {
                Self::NotDelegated
            }
            // Where it cannot be read, the service says so when it is tried.
            Home::Ours | Home::Unknown | Home::Delegated { .. } => Self::Yes,
        }
    }
}

/// A GUID out of what it names: version 8 of RFC 9562, made of a hash.
fn name(scope: &str, role: &RoleId, principal: &str) -> String {
    let mut bytes: [u8; 16] = [0; 16];
    let hash = Sha256::digest(format!("{scope}\n{role}\n{principal}"));
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        write!(text, "{byte:02x}").expect("a string takes all");
    }
    text
}
