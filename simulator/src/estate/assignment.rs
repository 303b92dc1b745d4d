//! A policy assignment: which policy holds where, acting as whom. The scope is part of its id.

use super::ArmId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// Who acts when the policy deploys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Identity {
    /// Nobody: every deployment fails.
    None,
    /// An identity that lives and dies with the assignment.
    SystemAssigned {
        /// Object id of its service principal.
        principal: String,
        /// Tenant of the identity.
        tenant: String,
    },
    /// One user-assigned identity.
    UserAssigned {
        /// Resource id of the identity.
        resource: ArmId,
        /// Object id of its service principal.
        principal: String,
        /// Client id of its service principal.
        client: String,
    },
}

impl Identity {
    /// Object id of its service principal.
    pub fn principal(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::SystemAssigned { principal, .. } | Self::UserAssigned { principal, .. } => Some(principal),
        }
    }

    /// Whether this is its service principal.
    pub fn is_of(&self, principal: &str) -> bool {
        self.principal().is_some_and(|own| own.eq_ignore_ascii_case(principal))
    }
}

/// Whether the policy takes effect on new and changed resources. Remediation works with both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnforcementMode {
    /// It does.
    Default,
    /// It only reports.
    DoNotEnforce,
    /// It acts only where somebody has enrolled a scope, which nobody does here.
    Enroll,
}

/// What an override's selector looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SelectorKind {
    /// The reference id of an initiative's policy.
    PolicyDefinitionReferenceId,
    /// The location of the resource.
    ResourceLocation,
    /// The type of the resource.
    ResourceType,
    /// Resources without a location; what it lists does not count.
    ResourceWithoutLocation,
}

impl SelectorKind {
    /// All of them.
    pub(crate) const ALL: [Self; 4] =
        [Self::PolicyDefinitionReferenceId, Self::ResourceLocation, Self::ResourceType, Self::ResourceWithoutLocation];

    /// Its word on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::PolicyDefinitionReferenceId => "policyDefinitionReferenceId",
            Self::ResourceLocation => "resourceLocation",
            Self::ResourceType => "resourceType",
            Self::ResourceWithoutLocation => "resourceWithoutLocation",
        }
    }
}

/// One condition of an override: `in` or `notIn`, the other one empty.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Selector {
    /// What it looks at.
    pub kind: SelectorKind,
    /// Values that match; empty when `not_among` is used.
    pub among: Vec<String>,
    /// Values that do not match; empty when `among` is used.
    pub not_among: Vec<String>,
}

/// What an override replaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverrideKind {
    /// The effect.
    #[default]
    PolicyEffect,
    /// The version of the definition.
    DefinitionVersion,
}

/// Replaces the effect, or the version, where all its selectors match.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Override {
    /// Which of them.
    #[serde(default)]
    pub kind: OverrideKind,
    /// The effect or version instead.
    pub effect: String,
    /// Conditions; none means everywhere.
    pub selectors: Vec<Selector>,
}

/// Narrows an assignment to the resources that all of its selectors match.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResourceSelector {
    /// Its name.
    pub name: String,
    /// Conditions.
    pub selectors: Vec<Selector>,
}

/// A policy assignment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Assignment {
    /// `{scope}/providers/Microsoft.Authorization/policyAssignments/{name}`.
    pub id: ArmId,
    /// What people see.
    pub display_name: String,
    /// The definition or initiative that is assigned.
    pub definition: ArmId,
    /// Parameter values by name (the bare values; the wire wraps them in `{"value": …}`).
    pub parameters: Map<String, Value>,
    /// Who acts.
    pub identity: Identity,
    /// When its identity was made; `None` for one that was always there.
    #[serde(skip)]
    pub identity_since: Option<OffsetDateTime>,
    /// Whether that identity holds the roles that the policy needs; without them every deployment is refused. Where rights are
    /// enforced, its role assignments tell, and this is not asked.
    #[serde(default = "yes")]
    pub has_roles: bool,
    /// Where the identity's record lives; Azure demands it with an identity.
    pub location: Option<String>,
    /// Enforced or only reported.
    pub enforcement: EnforcementMode,
    /// Scopes below that are left out.
    pub not_scopes: Vec<ArmId>,
    /// Overrides, in order.
    pub overrides: Vec<Override>,
    /// Only resources that one of these matches; none means all.
    #[serde(default)]
    pub resource_selectors: Vec<ResourceSelector>,
    /// The version of the definition that it pins, such as `1.*.*`; the major version of the newest when it says nothing.
    #[serde(default)]
    pub pin: Option<String>,
    /// What people have written beside it.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

fn yes() -> bool {
    true
}

impl Assignment {
    /// An enforced assignment without identity. `scope` is the id of a management group, subscription, resource group or
    /// resource.
    pub fn new(scope: &str, name: &str, definition: impl Into<ArmId>) -> Self {
        Self {
            id: ArmId::new(format!("{scope}/providers/Microsoft.Authorization/policyAssignments/{name}")),
            display_name: name.to_owned(),
            definition: definition.into(),
            parameters: Map::new(),
            identity: Identity::None,
            identity_since: None,
            has_roles: true,
            location: None,
            enforcement: EnforcementMode::Default,
            not_scopes: Vec::new(),
            overrides: Vec::new(),
            resource_selectors: Vec::new(),
            pin: None,
            metadata: Map::new(),
        }
    }

    /// The same with a member of its metadata.
    pub fn with_metadata(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }

    /// The same, pinned to versions of its definition.
    pub fn pinned(mut self, pin: &str) -> Self {
        self.pin = Some(pin.to_owned());
        self
    }

    /// The same, narrowed to resources that a selector matches.
    pub fn with_resource_selector(mut self, name: &str, selectors: Vec<Selector>) -> Self {
        self.resource_selectors.push(ResourceSelector { name: name.to_owned(), selectors });
        self
    }

    /// The scope it is made at.
    pub fn scope(&self) -> ArmId {
        self.id.parent_scope()
    }

    /// The same with a system-assigned identity in `location`.
    pub fn with_system_identity(mut self, principal: &str, tenant: &str, location: &str) -> Self {
        self.identity = Identity::SystemAssigned { principal: principal.to_owned(), tenant: tenant.to_owned() };
        self.location = Some(location.to_owned());
        self
    }

    /// The same with a user-assigned identity in `location`.
    pub fn with_user_identity(
        mut self,
        resource: impl Into<ArmId>,
        principal: &str,
        client: &str,
        location: &str,
    ) -> Self {
        self.identity = Identity::UserAssigned {
            resource: resource.into(),
            principal: principal.to_owned(),
            client: client.to_owned(),
        };
        self.location = Some(location.to_owned());
        self
    }

    /// The same, its identity lacking the roles that the policy needs.
    pub fn without_roles(mut self) -> Self {
        self.has_roles = false;
        self
    }

    /// The same with a name for people.
    pub fn with_display_name(mut self, name: &str) -> Self {
        self.display_name = name.to_owned();
        self
    }

    /// The same with a parameter's value.
    pub fn with_parameter(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }

    /// The same, leaving out a scope.
    pub fn without_scope(mut self, scope: impl Into<ArmId>) -> Self {
        self.not_scopes.push(scope.into());
        self
    }

    /// The same with an effect override.
    pub fn with_override(mut self, effect: &str, selectors: Vec<Selector>) -> Self {
        self.overrides.push(Override { kind: OverrideKind::PolicyEffect, effect: effect.to_owned(), selectors });
        self
    }
}
