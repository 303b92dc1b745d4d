//! The paths of rights: which of them a path leads to. Names of types compare without case.

use crate::estate::ArmId;

/// A place of this part of the API: a list at a scope, or one of its members by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    RoleAssignments(ArmId),
    RoleAssignment(ArmId),
    RoleDefinitions(ArmId),
    RoleDefinition(ArmId),
    DenyAssignments(ArmId),
    DenyAssignment(ArmId),
    Locks(ArmId),
    Lock(ArmId),
    Permissions(ArmId),
    RegistrationAssignments(ArmId),
    RegistrationAssignment(ArmId),
    RegistrationDefinitions(ArmId),
    RegistrationDefinition(ArmId),
}

impl Place {
    /// Of Microsoft.Authorization; `rest` is what stands behind the namespace, `id` the whole path.
    pub(crate) fn authorization(scope: &ArmId, rest: &[String], id: &ArmId) -> Option<Self> {
        let kind = rest.first()?.to_lowercase();
        Some(match (kind.as_str(), rest.len()) {
            ("roleassignments", 1) => Self::RoleAssignments(scope.clone()),
            ("roleassignments", 2) => Self::RoleAssignment(id.clone()),
            ("roledefinitions", 1) => Self::RoleDefinitions(scope.clone()),
            ("roledefinitions", 2) => Self::RoleDefinition(id.clone()),
            ("denyassignments", 1) => Self::DenyAssignments(scope.clone()),
            ("denyassignments", 2) => Self::DenyAssignment(id.clone()),
            ("locks", 1) => Self::Locks(scope.clone()),
            ("locks", 2) => Self::Lock(id.clone()),
            ("permissions", 1) => Self::Permissions(scope.clone()),
            _ => return None,
        })
    }

    /// Of Microsoft.ManagedServices.
    pub(crate) fn managed_services(scope: &ArmId, rest: &[String], id: &ArmId) -> Option<Self> {
        let kind = rest.first()?.to_lowercase();
        Some(match (kind.as_str(), rest.len()) {
            ("registrationassignments", 1) => Self::RegistrationAssignments(scope.clone()),
            ("registrationassignments", 2) => Self::RegistrationAssignment(id.clone()),
            ("registrationdefinitions", 1) => Self::RegistrationDefinitions(scope.clone()),
            ("registrationdefinitions", 2) => Self::RegistrationDefinition(id.clone()),
            _ => return None,
        })
    }

    /// The type that actions name, and the scope or id that they are about.
    pub(crate) fn action_of(&self) -> (&'static str, &ArmId) {
        match self {
            Self::RoleAssignments(at) | Self::RoleAssignment(at) => ("Microsoft.Authorization/roleAssignments", at),
            Self::RoleDefinitions(at) | Self::RoleDefinition(at) => ("Microsoft.Authorization/roleDefinitions", at),
            Self::DenyAssignments(at) | Self::DenyAssignment(at) => ("Microsoft.Authorization/denyAssignments", at),
            Self::Locks(at) | Self::Lock(at) => ("Microsoft.Authorization/locks", at),
            Self::Permissions(at) => ("Microsoft.Authorization/permissions", at),
            Self::RegistrationAssignments(at) | Self::RegistrationAssignment(at) => {
                ("Microsoft.ManagedServices/registrationAssignments", at)
            }
            Self::RegistrationDefinitions(at) | Self::RegistrationDefinition(at) => {
                ("Microsoft.ManagedServices/registrationDefinitions", at)
            }
        }
    }
}
