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
    /// The number of this version.
    #[serde(default = "first_version")]
    pub version: String,
    /// Older versions of it, whole.
    #[serde(default)]
    pub older: Vec<Definition>,
    /// A scope elsewhere, such as a workspace, that its deployment needs the same roles at.
    #[serde(default)]
    pub linked_scope: Option<ArmId>,
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
            version: first_version(),
            older: Vec::new(),
            linked_scope: None,
        }
    }

    /// The same with a version number.
    pub fn with_version(mut self, version: &str) -> Self {
        self.version = version.to_owned();
        self
    }

    /// The same with an older version of it.
    pub fn with_older(mut self, older: Definition) -> Self {
        self.older.push(older);
        self
    }

    /// The same, needing its roles at a scope elsewhere, too.
    pub fn linked_to(mut self, scope: impl Into<ArmId>) -> Self {
        self.linked_scope = Some(scope.into());
        self
    }

    /// The version that a pin such as `1.*.*` selects: the newest that fits, or the newest of all.
    pub fn at(&self, pin: Option<&str>) -> &Definition {
        newest(self, &self.older, pin, |one| &one.version)
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
    /// The version of the definition that it pins, such as `1.*.*`.
    #[serde(default)]
    pub pin: Option<String>,
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
    /// The number of this version.
    #[serde(default = "first_version")]
    pub version: String,
    /// Older versions of it, whole.
    #[serde(default)]
    pub older: Vec<Initiative>,
}

impl Initiative {
    /// An initiative without members.
    pub fn new(id: impl Into<ArmId>) -> Self {
        let id = id.into();
        Self {
            display_name: id.name().to_owned(),
            id,
            parameters: Map::new(),
            members: Vec::new(),
            version: first_version(),
            older: Vec::new(),
        }
    }

    /// The same with a version number.
    pub fn with_version(mut self, version: &str) -> Self {
        self.version = version.to_owned();
        self
    }

    /// The same with an older version of it.
    pub fn with_older(mut self, older: Initiative) -> Self {
        self.older.push(older);
        self
    }

    /// The version that a pin such as `1.*.*` selects: the newest that fits, or the newest of all.
    pub fn at(&self, pin: Option<&str>) -> &Initiative {
        newest(self, &self.older, pin, |one| &one.version)
    }

    /// The same with its last policy pinned to versions of its definition.
    pub fn pinned(mut self, pin: &str) -> Self {
        if let Some(last) = self.members.last_mut() {
            last.pin = Some(pin.to_owned());
        }
        self
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
        self.members.push(Member {
            definition: definition.into(),
            reference: reference.to_owned(),
            parameters,
            pin: None,
        });
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

fn first_version() -> String {
    "1.0.0".to_owned()
}

/// The newest of all versions that a pin fits, or the current one.
fn newest<'a, T>(current: &'a T, older: &'a [T], pin: Option<&str>, number: impl Fn(&T) -> &String) -> &'a T {
    let Some(pin) = pin else { return current };
    let fitting = std::iter::once(current).chain(older).filter(|one| fits(pin, number(one)));
    fitting.max_by_key(|one| parts(number(one))).unwrap_or(current)
}

/// Whether a version is one that a pin allows; what follows the numbers does not count.
fn fits(pin: &str, version: &str) -> bool {
    let plain = |text: &str| text.split('-').next().unwrap_or_default().to_owned();
    let (pin, version) = (plain(pin), plain(version));
    pin.split('.').zip(version.split('.')).all(|(wanted, part)| wanted == "*" || wanted == part)
}

fn parts(version: &str) -> Vec<u64> {
    version.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_selects_the_newest_that_fits() {
        let definition = Definition::new("/d", "Modify")
            .with_version("2.1.0")
            .with_older(Definition::new("/d", "Modify").with_version("1.9.0"))
            .with_older(Definition::new("/d", "Modify").with_version("1.10.0-preview"));
        for (pin, version) in [
            (None, "2.1.0"),
            (Some("1.*.*"), "1.10.0-preview"),
            (Some("1.9.*"), "1.9.0"),
            (Some("2.*.*"), "2.1.0"),
            (Some("3.*.*"), "2.1.0"),
        ] {
            assert_eq!(definition.at(pin).version, version, "{pin:?}");
        }
    }
}
