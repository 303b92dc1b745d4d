//! What assignments, definitions and initiatives look like (OpenAPI examples of version 2024-05-01).

use super::{super::world::World, expands::Expands};
use crate::estate::{
    ArmId, Assignment, Definition, EffectSource, EnforcementMode, Identity, Initiative, OverrideKind, Scope, Selector,
};
use serde_json::{Map, Value, json};

/// `BuiltIn` for what lives at the tenant.
pub(crate) fn policy_type(id: &ArmId) -> &'static str {
    if Scope::parse(&id.parent_scope()) == Some(Scope::Tenant) { "BuiltIn" } else { "Custom" }
}

impl World {
    pub(crate) fn assignment_body(&self, assignment: &Assignment, expands: Expands) -> Value {
        let parameters = assignment.parameters.iter().map(|(name, value)| (name.clone(), json!({ "value": value })));
        let newest = self.newest_version(&assignment.definition);
        let pin = assignment.pin.clone().unwrap_or_else(|| major(newest.as_deref().unwrap_or("1.0.0")));
        let mut properties = json!({
            "displayName": assignment.display_name,
            "policyDefinitionId": assignment.definition.as_str(),
            "definitionVersion": pin,
            "scope": assignment.scope().as_str(),
            "notScopes": assignment.not_scopes,
            "parameters": Value::Object(parameters.collect()),
            "metadata": assignment.metadata,
            "enforcementMode": match assignment.enforcement {
                EnforcementMode::Default => "Default",
                EnforcementMode::DoNotEnforce => "DoNotEnforce",
                EnforcementMode::Enroll => "Enroll",
            }
        });
        if !assignment.overrides.is_empty() {
            let shown = assignment.overrides.iter().map(|one| {
                let kind = match one.kind {
                    OverrideKind::PolicyEffect => "policyEffect",
                    OverrideKind::DefinitionVersion => "definitionVersion",
                };
                json!({ "kind": kind, "value": one.effect, "selectors": selectors(&one.selectors) })
            });
            properties["overrides"] = shown.collect();
        }
        if !assignment.resource_selectors.is_empty() {
            let all = assignment.resource_selectors.iter();
            properties["resourceSelectors"] =
                all.map(|one| json!({ "name": one.name, "selectors": selectors(&one.selectors) })).collect();
        }
        let effective = self.pinned_version(&assignment.definition, Some(&pin));
        expands.show(&mut properties, newest, effective);
        let mut body = json!({
            "properties": properties,
            "id": assignment.id.as_str(),
            "type": "Microsoft.Authorization/policyAssignments",
            "name": assignment.id.name()
        });
        if let Some(location) = &assignment.location {
            body["location"] = json!(location);
        }
        if let Some(identity) = identity_body(&assignment.identity) {
            body["identity"] = identity;
        }
        body
    }

    pub(crate) fn initiative_body(&self, initiative: &Initiative, expands: Expands) -> Value {
        let members = initiative.members.iter().map(|member| {
            let values = member.parameters.iter().map(|(name, value)| (name.clone(), json!({ "value": value })));
            let newest = self.newest_version(&member.definition);
            let pin = member.pin.clone().unwrap_or_else(|| major(newest.as_deref().unwrap_or("1.0.0")));
            let effective = self.pinned_version(&member.definition, Some(&pin));
            let mut body = json!({
                "policyDefinitionReferenceId": member.reference,
                "policyDefinitionId": member.definition.as_str(),
                "definitionVersion": pin,
                "parameters": Value::Object(values.collect()),
                "groupNames": []
            });
            expands.show(&mut body, newest, effective);
            body
        });
        json!({
            "properties": {
                "displayName": initiative.display_name,
                "policyType": policy_type(&initiative.id),
                "metadata": { "version": initiative.version },
                "version": initiative.version,
                "parameters": initiative.parameters,
                "policyDefinitions": members.collect::<Vec<_>>(),
                "versions": numbers(&initiative.version, initiative.older.iter().map(|one| &one.version))
            },
            "id": initiative.id.as_str(),
            "type": "Microsoft.Authorization/policySetDefinitions",
            "name": initiative.id.name()
        })
    }

    /// The number of the newest version of a definition or initiative.
    fn newest_version(&self, id: &ArmId) -> Option<String> {
        self.pinned_version(id, None)
    }

    /// The number of the version that a pin selects.
    fn pinned_version(&self, id: &ArmId, pin: Option<&str>) -> Option<String> {
        let definition = self.estate.definition(id).map(|one| one.at(pin).version.clone());
        definition.or_else(|| self.estate.initiative(id).map(|one| one.at(pin).version.clone()))
    }
}

pub(crate) fn definition_body(definition: &Definition) -> Value {
    let mut parameters = definition.parameters.clone();
    let effect = match &definition.effect {
        EffectSource::Literal(effect) => effect.clone(),
        EffectSource::Parameter { name, default, allowed } => {
            let mut parameter = json!({ "type": "String", "allowedValues": allowed });
            if let Some(default) = default {
                parameter["defaultValue"] = json!(default);
            }
            parameters.insert(name.clone(), parameter);
            format!("[parameters('{name}')]")
        }
    };
    let mut then = json!({ "effect": effect });
    if !definition.roles.is_empty() {
        then["details"] = json!({ "roleDefinitionIds": definition.roles });
    }
    json!({
        "properties": {
            "displayName": definition.display_name,
            "policyType": policy_type(&definition.id),
            "mode": "Indexed",
            "metadata": { "version": definition.version },
            "version": definition.version,
            "parameters": parameters,
            "policyRule": {
                "if": { "field": "type", "equals": definition.target_type },
                "then": then
            },
            "versions": numbers(&definition.version, definition.older.iter().map(|one| &one.version))
        },
        "id": definition.id.as_str(),
        "type": "Microsoft.Authorization/policyDefinitions",
        "name": definition.id.name()
    })
}

fn identity_body(identity: &Identity) -> Option<Value> {
    match identity {
        Identity::None => None,
        Identity::SystemAssigned { principal, tenant } => {
            Some(json!({ "type": "SystemAssigned", "principalId": principal, "tenantId": tenant }))
        }
        Identity::UserAssigned { resource, principal, client } => {
            let mut identities = Map::new();
            identities.insert(resource.as_str().to_owned(), json!({ "principalId": principal, "clientId": client }));
            Some(json!({ "type": "UserAssigned", "userAssignedIdentities": identities }))
        }
    }
}

fn selectors(all: &[Selector]) -> Value {
    let shown = all.iter().map(|one| {
        let kind = one.kind.word();
        match (one.among.is_empty(), one.not_among.is_empty()) {
            (_, false) => json!({ "kind": kind, "notIn": one.not_among }),
            (false, true) => json!({ "kind": kind, "in": one.among }),
            (true, true) => json!({ "kind": kind }),
        }
    });
    shown.collect()
}

/// What the service stamps where nobody pins a version.
fn major(version: &str) -> String {
    format!("{}.*.*", version.split('.').next().unwrap_or("1"))
}

fn numbers<'a>(current: &'a String, older: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    let mut numbers: Vec<&String> = older.collect();
    numbers.push(current);
    numbers
}
