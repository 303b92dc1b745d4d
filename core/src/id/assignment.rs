//! Ids of policy assignments, wherever they are assigned, and the reference id of a policy within an initiative.

use serde::{Deserialize, Serialize};

use crate::id::path;

use super::fold::fold;
use super::path::{IdError, text_form};
use super::resource::{ResourceId, is_provider_path};
use super::scope::Scope;

/// Where a policy is assigned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssignmentHome {
    /// A management group, by name.
    ManagementGroup(String),
    /// A subscription or a resource group.
    Scope(Scope),
    /// A single resource.
    Resource(ResourceId),
}

/// The folded id of a policy assignment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AssignmentId {
    text: String,
    home: AssignmentHome,
}

impl AssignmentId {
    /// The canonical text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the policy is assigned.
    #[must_use]
    pub fn home(&self) -> &AssignmentHome {
        &self.home
    }

    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        const EXPECTED: &str = "the id of a policy assignment";
        let segments = path::segments_of_a_name(text)?;
        let Some(at) = segments.len().checked_sub(4) else { return Err(IdError::shape(EXPECTED, text)) };
        let (home, tail) = segments.split_at(at);
        if tail[..3] != ["providers", "microsoft.authorization", "policyassignments"] || !is_provider_path(tail) {
            return Err(IdError::shape(EXPECTED, text));
        }
        let home = match home {
            [p, m, g, name] if p == "providers" && m == "microsoft.management" && g == "managementgroups" => {
                AssignmentHome::ManagementGroup(name.clone())
            }
            _ => match Scope::parse_container(&path::join(home)) {
                Ok(scope) => AssignmentHome::Scope(scope),
                Err(_) => AssignmentHome::Resource(ResourceId::parse(&path::join(home))?),
            },
        };
        let prefix = match &home {
            AssignmentHome::ManagementGroup(_) => path::join(&segments[..at]),
            AssignmentHome::Scope(scope) => scope.as_str().to_owned(),
            AssignmentHome::Resource(id) => id.as_str().to_owned(),
        };
        Ok(Self { text: prefix + &path::join(tail), home })
    }
}

text_form!(AssignmentId);

/// The reference id of a policy within an initiative (`policyDefinitionReferenceId`), folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReferenceId(String);

impl ReferenceId {
    /// The reference id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        match text.len() {
            0 => Err(IdError::Empty),
            1..=512 if !text.contains(char::is_control) => Ok(Self(fold(text))),
            _ => Err(IdError::shape("a policy definition reference id", text)),
        }
    }
}

text_form!(ReferenceId);

#[cfg(test)]
mod tests {
    use super::*;

    const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";
    const TAIL: &str = "/providers/microsoft.authorization/policyassignments/a b";

    #[test]
    fn every_home_of_an_assignment_is_told_apart() {
        let home = |prefix: &str| format!("{prefix}{TAIL}").parse::<AssignmentId>().unwrap().home;
        assert_eq!(
            home("/providers/Microsoft.Management/managementGroups/Corp"),
            AssignmentHome::ManagementGroup("corp".into())
        );
        assert!(matches!(home(SUB), AssignmentHome::Scope(_)));
        assert!(matches!(home(&format!("{SUB}/resourceGroups/rg")), AssignmentHome::Scope(_)));
        let vm = format!("{SUB}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm");
        assert!(matches!(home(&vm), AssignmentHome::Resource(_)));
    }

    #[test]
    fn a_definition_is_not_an_assignment() {
        let definition = format!("{SUB}/providers/Microsoft.Authorization/policyDefinitions/d");
        assert!(definition.parse::<AssignmentId>().is_err());
        assert!("/providers/Microsoft.Authorization/policyAssignments/a".parse::<AssignmentId>().is_err());
    }
}
