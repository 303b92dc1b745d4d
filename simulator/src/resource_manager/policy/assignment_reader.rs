//! A PUT of a policy assignment, read into the estate's value. Members that are not known are passed over.

use super::super::error::ArmError;
use crate::estate::{
    ArmId, Assignment, EnforcementMode, Override, OverrideKind, ResourceSelector, Selector, SelectorKind,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What a PUT asks for.
pub(super) struct AskedAssignment {
    /// Without its identity.
    pub(super) assignment: Assignment,
    pub(super) identity: AskedIdentity,
}

/// The identity that it asks for.
pub(super) enum AskedIdentity {
    None,
    System,
    User(ArmId),
}

#[derive(Deserialize)]
struct Body {
    properties: Properties,
    location: Option<String>,
    identity: Option<IdentityBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdentityBody {
    r#type: String,
    #[serde(default)]
    user_assigned_identities: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    policy_definition_id: String,
    display_name: Option<String>,
    definition_version: Option<String>,
    enforcement_mode: Option<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
    #[serde(default)]
    not_scopes: Vec<String>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    overrides: Vec<OverrideBody>,
    #[serde(default)]
    resource_selectors: Vec<ResourceSelectorBody>,
}

#[derive(Deserialize)]
struct OverrideBody {
    kind: String,
    value: String,
    #[serde(default)]
    selectors: Vec<SelectorBody>,
}

#[derive(Deserialize)]
struct ResourceSelectorBody {
    #[serde(default)]
    name: String,
    #[serde(default)]
    selectors: Vec<SelectorBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SelectorBody {
    kind: String,
    #[serde(default)]
    r#in: Vec<String>,
    #[serde(default)]
    not_in: Vec<String>,
}

/// Reads a body.
pub(super) fn read(id: &ArmId, body: &[u8]) -> Result<AskedAssignment, ArmError> {
    let read = serde_json::from_slice::<Body>(body);
    let Body { properties, location, identity } = read.map_err(|error| ArmError::unreadable(&error))?;
    let enforcement = match properties.enforcement_mode.as_deref().map(str::to_lowercase).as_deref() {
        None | Some("default") => EnforcementMode::Default,
        Some("donotenforce") => EnforcementMode::DoNotEnforce,
        Some("enroll") => EnforcementMode::Enroll,
        Some(word) => return Err(wrong(&format!("'{word}' is no enforcement mode"))),
    };
    let bare = |(name, value): (String, Value)| (name, value.get("value").cloned().unwrap_or_default());
    let base = Assignment::new(id.parent_scope().as_str(), id.name(), properties.policy_definition_id.as_str());
    let assignment = Assignment {
        display_name: properties.display_name.unwrap_or_else(|| id.name().to_owned()),
        parameters: properties.parameters.into_iter().map(bare).collect(),
        location,
        enforcement,
        not_scopes: properties.not_scopes.iter().map(ArmId::new).collect(),
        overrides: properties.overrides.into_iter().map(override_of).collect::<Result<_, _>>()?,
        resource_selectors: properties.resource_selectors.into_iter().map(selector_of).collect::<Result<_, _>>()?,
        pin: properties.definition_version,
        metadata: properties.metadata,
        ..base
    };
    Ok(AskedAssignment { assignment, identity: identity.map_or(Ok(AskedIdentity::None), identity_of)? })
}

fn identity_of(body: IdentityBody) -> Result<AskedIdentity, ArmError> {
    let users: Vec<&String> = body.user_assigned_identities.keys().collect();
    match (body.r#type.to_lowercase().as_str(), users.as_slice()) {
        ("none", _) => Ok(AskedIdentity::None),
        ("systemassigned", []) => Ok(AskedIdentity::System),
        ("userassigned", [one]) => Ok(AskedIdentity::User(ArmId::new(one))),
        // Unverified: the sentence. Exactly one user-assigned identity is documented.
        (kind, _) => Err(wrong(&format!("the identity '{kind}' is not possible with {} identities", users.len()))),
    }
}

fn override_of(body: OverrideBody) -> Result<Override, ArmError> {
    let kind = match body.kind.to_lowercase().as_str() {
        "policyeffect" => OverrideKind::PolicyEffect,
        "definitionversion" => OverrideKind::DefinitionVersion,
        word => return Err(wrong(&format!("'{word}' is no kind of override"))),
    };
    let selectors = body.selectors.into_iter().map(selector).collect::<Result<_, _>>()?;
    Ok(Override { kind, effect: body.value, selectors })
}

fn selector_of(body: ResourceSelectorBody) -> Result<ResourceSelector, ArmError> {
    let selectors = body.selectors.into_iter().map(selector).collect::<Result<_, _>>()?;
    Ok(ResourceSelector { name: body.name, selectors })
}

fn selector(body: SelectorBody) -> Result<Selector, ArmError> {
    let kind = SelectorKind::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(&body.kind));
    let kind = kind.ok_or_else(|| wrong(&format!("'{}' is no kind of selector", body.kind)))?;
    Ok(Selector { kind, among: body.r#in, not_among: body.not_in })
}

fn wrong(reason: &str) -> ArmError {
    ArmError::invalid_content(reason)
}
