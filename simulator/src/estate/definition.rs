//! Policy definitions and initiatives (policy set definitions): what a policy does, and which roles it needs to do it.
//! Only the parts that remediation looks at; the rule's condition is a mere stand-in.

use super::ArmId;
use super::casing::is_same;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where a definition takes its effect from. Of the published built-in definitions every one is a literal or exactly
/// one parameter (measured over the public Azure/azure-policy repository).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EffectSource {
    /// Always this effect.
    Literal(String),
    /// `[parameters('name')]`.
    Parameter {
        /// The parameter's name.
        name: String,
        /// Its default value, if it has one.
        default: Option<String>,
        /// Values it may take.
        allowed: Vec<String>,
    },
}

/// A policy definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Definition {
    /// Its id, at the tenant (built-in), a management group or a subscription.
    pub id: ArmId,
    /// What people see.
    pub display_name: String,
    /// The effect.
    pub effect: EffectSource,
    /// Ids of the roles its identity needs (`then.details.roleDefinitionIds`).
    pub roles: Vec<String>,
    /// The type of resource it looks at.
    pub target_type: String,
    /// Further parameters: name to its definition as in the policy language.
    #[serde(default)]
    pub parameters: Map<String, Value>,
}

impl Definition {
    /// A definition whose effect is the parameter `effect` with the given default.
    pub fn new(id: impl Into<ArmId>, default_effect: &str) -> Self {
        let id = id.into();
        let enabled = match default_effect.to_ascii_lowercase().as_str() {
            "modify" => "Modify",
            "audit" | "deny" => "Audit",
            _ => "DeployIfNotExists",
        };
        let mut allowed = vec![enabled.to_owned(), "AuditIfNotExists".to_owned(), "Disabled".to_owned()];
        if !allowed.iter().any(|value| value.eq_ignore_ascii_case(default_effect)) {
            allowed.insert(0, default_effect.to_owned());
        }
        Self {
            display_name: id.name().to_owned(),
            id,
            effect: EffectSource::Parameter {
                name: "effect".to_owned(),
                default: Some(default_effect.to_owned()),
                allowed,
            },
            roles: Vec::new(),
            target_type: "Microsoft.Storage/storageAccounts".to_owned(),
            parameters: Map::new(),
        }
    }

    /// The same with a fixed effect.
    pub fn with_literal_effect(mut self, effect: &str) -> Self {
        self.effect = EffectSource::Literal(effect.to_owned());
        self
    }

    /// The same, needing one more role (its full id `/providers/Microsoft.Authorization/roleDefinitions/{guid}`).
    pub fn with_role(mut self, role: &str) -> Self {
        self.roles.push(role.to_owned());
        self
    }

    /// The same with a name for people.
    pub fn with_display_name(mut self, name: &str) -> Self {
        self.display_name = name.to_owned();
        self
    }

    /// The same for another type of resource.
    pub fn with_target_type(mut self, target_type: &str) -> Self {
        self.target_type = target_type.to_owned();
        self
    }
}

/// One policy of an initiative.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    /// The policy definition.
    pub definition: ArmId,
    /// `policyDefinitionReferenceId`, unique in the initiative.
    pub reference: String,
    /// Values for the definition's parameters, literal or `[parameters('x')]` of the initiative.
    pub parameters: Map<String, Value>,
}

/// An initiative.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Initiative {
    /// Its id, at the tenant (built-in), a management group or a subscription.
    pub id: ArmId,
    /// What people see.
    pub display_name: String,
    /// Parameters: name to its definition as in the policy language (`defaultValue` counts).
    pub parameters: Map<String, Value>,
    /// Its policies.
    pub members: Vec<Member>,
}

impl Initiative {
    /// An initiative without members.
    pub fn new(id: impl Into<ArmId>) -> Self {
        let id = id.into();
        Self { display_name: id.name().to_owned(), id, parameters: Map::new(), members: Vec::new() }
    }

    /// The same with one more policy, under its reference id.
    pub fn with_member(self, reference: &str, definition: impl Into<ArmId>) -> Self {
        self.with_configured_member(reference, definition, Map::new())
    }

    /// The same with one more policy and values for its parameters.
    pub fn with_configured_member(
        mut self,
        reference: &str,
        definition: impl Into<ArmId>,
        parameters: Map<String, Value>,
    ) -> Self {
        self.members.push(Member { definition: definition.into(), reference: reference.to_owned(), parameters });
        self
    }

    /// The same with a parameter of type String and its default.
    pub fn with_parameter(mut self, name: &str, default: Value) -> Self {
        self.parameters.insert(name.to_owned(), serde_json::json!({ "type": "String", "defaultValue": default }));
        self
    }

    /// The member of a reference id, compared without case.
    pub fn member(&self, reference: &str) -> Option<&Member> {
        self.members.iter().find(|member| is_same(&member.reference, reference))
    }
}
