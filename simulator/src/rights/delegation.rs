//! A delegation through Azure Lighthouse: what principals of a managing tenant may do in a customer's subscription or
//! resource group (Microsoft documentation: "Tenants, users, and roles in Azure Lighthouse scenarios").

use super::{
    built_in,
    role::{Plane, role_guid},
};
use crate::estate::ArmId;
use serde::{Deserialize, Serialize};

/// User Access Administrator: in a delegation it assigns the listed roles to managed identities and does nothing else.
const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";

/// One role of one principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    /// Object id in the managing tenant.
    pub principal: String,
    /// What people see.
    pub display_name: String,
    /// The role's GUID.
    pub role: String,
    /// The roles that it may assign.
    #[serde(default)]
    pub delegated_roles: Vec<String>,
}

impl Authorization {
    /// A role for a principal.
    pub fn new(principal: &str, display_name: &str, role: &str) -> Self {
        Self {
            principal: principal.to_owned(),
            display_name: display_name.to_owned(),
            role: role_guid(role),
            delegated_roles: Vec::new(),
        }
    }

    /// The right to assign these roles to managed identities.
    pub fn to_grant(principal: &str, display_name: &str, roles: &[&str]) -> Self {
        let delegated_roles = roles.iter().map(|role| role_guid(role)).collect();
        Self { delegated_roles, ..Self::new(principal, display_name, USER_ACCESS_ADMINISTRATOR) }
    }

    /// Whether it is the right to assign roles.
    pub(crate) fn is_to_grant(&self) -> bool {
        self.role == USER_ACCESS_ADMINISTRATOR
    }

    /// Whether its role allows an action; assigning roles has conditions of its own.
    pub(crate) fn allows(&self, plane: Plane, action: &str) -> bool {
        const GRANTING: [&str; 2] =
            ["microsoft.authorization/roleassignments/write", "microsoft.authorization/roleassignments/delete"];
        if plane == Plane::Data {
            return false;
        }
        let lower = action.to_ascii_lowercase();
        if self.is_to_grant() {
            return !self.delegated_roles.is_empty()
                && (GRANTING.contains(&lower.as_str()) || lower.ends_with("/read"));
        }
        built_in(&self.role).is_some_and(|role| role.allows(plane, action))
    }
}

/// A registration definition together with its assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delegation {
    /// The GUID of both.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The subscription or resource group.
    pub scope: ArmId,
    /// The managing tenant.
    pub managed_by: String,
    /// Who may do what.
    pub authorizations: Vec<Authorization>,
}

impl Delegation {
    /// A delegation to a tenant without authorizations yet.
    pub fn new(name: &str, display_name: &str, scope: impl Into<ArmId>, managed_by: &str) -> Self {
        Self {
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            scope: scope.into(),
            managed_by: managed_by.to_owned(),
            authorizations: Vec::new(),
        }
    }

    /// The same with one more authorization.
    pub fn with(mut self, authorization: Authorization) -> Self {
        self.authorizations.push(authorization);
        self
    }
}
