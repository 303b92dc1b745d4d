//! Making, changing and deleting custom definitions and initiatives. A PUT with another version keeps the one before as an
//! older version, as the service does.

use super::{
    super::{error::ArmError, reply::Reply, request::Call, world::World},
    bodies::definition_body,
    expands::Expands,
};
use crate::estate::{ArmId, Definition, EffectSource, Initiative, Member};
use serde_json::{Map, Value};

impl World {
    pub(crate) fn put_definition(&mut self, id: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_custom(id)?;
        let properties = properties(call)?;
        let then = properties.get("policyRule").and_then(|rule| rule.get("then"));
        let effect = then.and_then(|then| then.get("effect")).and_then(Value::as_str);
        let effect = effect.ok_or_else(|| ArmError::invalid_content("the policy rule has no effect"))?;
        let mut parameters = object(&properties, "parameters");
        let name = effect.trim().strip_prefix("[parameters('").and_then(|rest| rest.strip_suffix("')]"));
        let effect = match name {
            None => EffectSource::Literal(effect.to_owned()),
            Some(name) => {
                let parameter = parameters.shift_remove(name).unwrap_or_default();
                EffectSource::Parameter {
                    name: name.to_owned(),
                    default: parameter.get("defaultValue").and_then(Value::as_str).map(str::to_owned),
                    allowed: texts(parameter.get("allowedValues")),
                }
            }
        };
        let known = self.estate.definition(id).cloned();
        let made = Definition {
            display_name: text(&properties, "displayName").unwrap_or_else(|| id.name().to_owned()),
            effect,
            roles: texts(then.and_then(|then| then.pointer("/details/roleDefinitionIds"))),
            target_type: text_at(&properties, "/policyRule/if/equals").unwrap_or_default(),
            parameters,
            version: version(&properties, known.as_ref().map(|one| one.version.as_str())),
            linked_scope: known.as_ref().and_then(|one| one.linked_scope.clone()),
            ..Definition::new(id.clone(), "Disabled")
        };
        let made = match known {
            Some(mut known) => {
                let mut older = std::mem::take(&mut known.older);
                if known.version != made.version {
                    older.push(known);
                }
                Definition { older, ..made }
            }
            None => made,
        };
        let shown = definition_body(&made);
        self.estate.definitions.retain(|one| one.id != *id);
        self.estate.definitions.push(made);
        Ok(Reply::with_status(201, shown))
    }

    pub(crate) fn put_initiative(&mut self, id: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_custom(id)?;
        let properties = properties(call)?;
        let members = properties.get("policyDefinitions").and_then(Value::as_array).cloned();
        let members = members.ok_or_else(|| {
            ArmError::invalid_content("Required property 'policyDefinitions' not found in JSON. Path 'properties'")
        })?;
        let members: Vec<Member> = members.iter().filter_map(member).collect();
        if let Some(missing) = members.iter().find(|one| self.estate.definition(&one.definition).is_none()) {
            return Err(ArmError::definition_not_found(missing.definition.name()));
        }
        let known = self.estate.initiative(id).cloned();
        let made = Initiative {
            display_name: text(&properties, "displayName").unwrap_or_else(|| id.name().to_owned()),
            parameters: object(&properties, "parameters"),
            members,
            version: version(&properties, known.as_ref().map(|one| one.version.as_str())),
            ..Initiative::new(id.clone())
        };
        let is_new = known.is_none();
        let made = match known {
            Some(mut known) => {
                let mut older = std::mem::take(&mut known.older);
                if known.version != made.version {
                    older.push(known);
                }
                Initiative { older, ..made }
            }
            None => made,
        };
        let shown = self.initiative_body(&made, Expands::default());
        self.estate.initiatives.retain(|one| one.id != *id);
        self.estate.initiatives.push(made);
        Ok(Reply::with_status(if is_new { 201 } else { 200 }, shown))
    }

    pub(crate) fn delete_definition(&mut self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_custom(id)?;
        let members = self.estate.initiatives.iter().flat_map(|one| &one.members);
        let is_used = self.estate.assignments.iter().any(|one| one.definition == *id)
            || members.into_iter().any(|member| member.definition == *id);
        let before = self.estate.definitions.len();
        check_use(is_used, "PolicyDefinitionInUse", id)?;
        self.estate.definitions.retain(|one| one.id != *id);
        Ok(Reply::empty(if self.estate.definitions.len() < before { 200 } else { 204 }))
    }

    pub(crate) fn delete_initiative(&mut self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_custom(id)?;
        let before = self.estate.initiatives.len();
        let is_used = self.estate.assignments.iter().any(|one| one.definition == *id);
        check_use(is_used, "PolicySetDefinitionInUse", id)?;
        self.estate.initiatives.retain(|one| one.id != *id);
        Ok(Reply::empty(if self.estate.initiatives.len() < before { 200 } else { 204 }))
    }

    /// Built-in ones are Microsoft's.
    fn check_custom(&self, id: &ArmId) -> Result<(), ArmError> {
        let scope = id.parent_scope();
        if scope.as_str().is_empty() {
            return Err(ArmError::method_not_allowed("PUT"));
        }
        self.check_definition_scope(&scope)
    }
}

/// Unverified: the sentence.
fn check_use(is_used: bool, code: &str, id: &ArmId) -> Result<(), ArmError> {
    let words = format!("'{}' cannot be deleted, because assignments or policy set definitions use it.", id.name());
    if is_used { Err(ArmError::new(400, code, words)) } else { Ok(()) }
}

fn properties(call: &Call) -> Result<Value, ArmError> {
    let body: Value = serde_json::from_slice(&call.body).map_err(|error| ArmError::unreadable(&error))?;
    body.get("properties")
        .filter(|properties| properties.is_object())
        .cloned()
        .ok_or_else(|| ArmError::invalid_content("Required property 'properties' not found in JSON. Path ''"))
}

fn member(body: &Value) -> Option<Member> {
    let definition = body.get("policyDefinitionId")?.as_str()?;
    let values = object(body, "parameters").into_iter();
    let reference = text(body, "policyDefinitionReferenceId");
    Some(Member {
        definition: ArmId::new(definition),
        reference: reference.unwrap_or_else(|| ArmId::new(definition).name().to_owned()),
        parameters: values.map(|(name, value)| (name, value.get("value").cloned().unwrap_or_default())).collect(),
        pin: text(body, "definitionVersion"),
    })
}

fn version(properties: &Value, known: Option<&str>) -> String {
    let told = text(properties, "version").or_else(|| text_at(properties, "/metadata/version"));
    told.unwrap_or_else(|| known.unwrap_or("1.0.0").to_owned())
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn text_at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let all = value.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn object(value: &Value, name: &str) -> Map<String, Value> {
    value.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}
