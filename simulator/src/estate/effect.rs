//! The effect that a policy has on one resource: overrides, then the assignment's parameters, then the initiative's, then
//! the definition's default (Microsoft documentation: "Azure Policy assignment structure", overrides and parameters).

use super::{
    ArmId, Assignment, Definition, EffectSource, Estate, Initiative, Override, OverrideKind, Selector, SelectorKind,
};
use serde_json::{Map, Value};

impl Estate {
    /// The definition that an assignment's policy comes from: its own, or the one behind the initiative's reference id.
    pub fn definition_of(&self, assignment: &Assignment, reference: Option<&str>) -> Option<&Definition> {
        let by_override = assignment
            .overrides
            .iter()
            .find(|one| one.kind == OverrideKind::DefinitionVersion && matches(one, reference, None))
            .map(|one| one.effect.as_str());
        match self.initiative_of(assignment) {
            Some(initiative) => {
                let member = initiative.member(reference?)?;
                let definition = self.definition(&member.definition)?;
                Some(definition.at(by_override.or(member.pin.as_deref())))
            }
            None => Some(self.definition(&assignment.definition)?.at(by_override.or(assignment.pin.as_deref()))),
        }
    }

    /// The initiative that is assigned, in the version that the assignment pins; `None` for a single definition.
    pub fn initiative_of(&self, assignment: &Assignment) -> Option<&Initiative> {
        Some(self.initiative(&assignment.definition)?.at(assignment.pin.as_deref()))
    }

    /// Whether an assignment's resource selectors let a resource in: one of them matches with all of its conditions.
    pub fn is_selected(&self, assignment: &Assignment, resource: &ArmId) -> bool {
        if assignment.resource_selectors.is_empty() {
            return true;
        }
        let location = self.resource(resource).map(|one| one.location.as_str()).filter(|text| !text.is_empty());
        let kind = resource.resource_type();
        let matches = |selector: &Selector| match selector.kind {
            SelectorKind::PolicyDefinitionReferenceId => true,
            SelectorKind::ResourceLocation => is_in(selector, location),
            SelectorKind::ResourceType => is_in(selector, kind.as_deref()),
            SelectorKind::ResourceWithoutLocation => location.is_none(),
        };
        assignment.resource_selectors.iter().any(|one| one.selectors.iter().all(matches))
    }

    /// The effective effect in lower case, such as `deployifnotexists`; `None` when the definition is unknown or its
    /// effect parameter has no value.
    pub fn effective_effect(
        &self,
        assignment: &Assignment,
        reference: Option<&str>,
        location: Option<&str>,
    ) -> Option<String> {
        let definition = self.definition_of(assignment, reference)?;
        let mut effects = assignment.overrides.iter().filter(|one| one.kind == OverrideKind::PolicyEffect);
        let by_override = effects.find(|one| matches(one, reference, location));
        if let Some(one) = by_override {
            return Some(one.effect.to_lowercase());
        }
        let (name, default) = match &definition.effect {
            EffectSource::Literal(effect) => return Some(effect.to_lowercase()),
            EffectSource::Parameter { name, default, .. } => (name, default),
        };
        let given = match self.initiative_of(assignment) {
            Some(initiative) => {
                let value = lookup(&initiative.member(reference?)?.parameters, name);
                value.and_then(|value| through_initiative(value, assignment, initiative))
            }
            None => lookup(&assignment.parameters, name).cloned(),
        };
        let effect = given.as_ref().and_then(Value::as_str).map(str::to_owned).or_else(|| default.clone())?;
        Some(effect.to_lowercase())
    }

    /// Whether a remediation task can do anything for this effect: only `deployIfNotExists` and `modify` change resources.
    pub fn is_remediable(&self, assignment: &Assignment, reference: Option<&str>, location: Option<&str>) -> bool {
        let effect = self.effective_effect(assignment, reference, location);
        matches!(effect.as_deref(), Some("deployifnotexists" | "modify"))
    }
}

fn matches(one: &Override, reference: Option<&str>, location: Option<&str>) -> bool {
    one.selectors.iter().all(|selector| selects(selector, reference, location))
}

fn selects(selector: &Selector, reference: Option<&str>, location: Option<&str>) -> bool {
    match selector.kind {
        SelectorKind::PolicyDefinitionReferenceId => is_in(selector, reference),
        SelectorKind::ResourceLocation => is_in(selector, location),
        // Overrides have no selectors of these kinds.
        SelectorKind::ResourceType | SelectorKind::ResourceWithoutLocation => true,
    }
}

fn is_in(selector: &Selector, value: Option<&str>) -> bool {
    let Some(value) = value else { return false };
    let among = |list: &[String]| list.iter().any(|one| one.eq_ignore_ascii_case(value));
    if selector.not_among.is_empty() { among(&selector.among) } else { !among(&selector.not_among) }
}

/// A member's parameter value is literal or names a parameter of the initiative, which the assignment may set.
fn through_initiative(value: &Value, assignment: &Assignment, initiative: &Initiative) -> Option<Value> {
    let Some(name) = value.as_str().and_then(parameter_name) else { return Some(value.clone()) };
    lookup(&assignment.parameters, name)
        .or_else(|| lookup(&initiative.parameters, name).and_then(|parameter| parameter.get("defaultValue")))
        .cloned()
}

fn parameter_name(expression: &str) -> Option<&str> {
    let inner = expression.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    let at = inner.find('(')?;
    let (function, argument) = inner.split_at(at);
    if !function.trim().eq_ignore_ascii_case("parameters") {
        return None;
    }
    argument.strip_prefix('(')?.strip_suffix(')')?.trim().strip_prefix('\'')?.strip_suffix('\'')
}

fn lookup<'a>(values: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    values.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SUBSCRIPTION: &str = "/subscriptions/s1";

    fn estate() -> Estate {
        let mut forwarded = Map::new();
        forwarded.insert("Effect".into(), json!("[Parameters('diagEffect')]"));
        let mut literal = Map::new();
        literal.insert("effect".into(), json!("AuditIfNotExists"));
        Estate::new("t")
            .with_definition(Definition::new("/d/diag", "DeployIfNotExists"))
            .with_definition(Definition::new("/d/audit", "x").with_literal_effect("AUDIT"))
            .with_initiative(
                Initiative::new("/i/base")
                    .with_parameter("diagEffect", json!("Disabled"))
                    .with_configured_member("Forwarded", "/d/diag", forwarded)
                    .with_configured_member("literal", "/d/diag", literal)
                    .with_member("plain", "/d/diag"),
            )
    }

    #[test]
    fn the_nearest_word_on_the_effect_wins() {
        let single = Assignment::new(SUBSCRIPTION, "single", "/d/diag");
        let initiative = Assignment::new(SUBSCRIPTION, "set", "/i/base");
        let by_reference = |among: &[&str], not_among: &[&str]| Selector {
            kind: SelectorKind::PolicyDefinitionReferenceId,
            among: among.iter().map(|s| (*s).to_owned()).collect(),
            not_among: not_among.iter().map(|s| (*s).to_owned()).collect(),
        };
        let at_westeurope =
            Selector { kind: SelectorKind::ResourceLocation, among: vec!["westeurope".into()], not_among: Vec::new() };
        for (assignment, reference, expected) in [
            (single.clone(), None, Some("deployifnotexists")),
            (single.clone().with_parameter("EFFECT", "Disabled"), None, Some("disabled")),
            (Assignment::new(SUBSCRIPTION, "audit", "/d/audit"), None, Some("audit")),
            (Assignment::new(SUBSCRIPTION, "gone", "/d/none"), None, None),
            (initiative.clone(), Some("forwarded"), Some("disabled")),
            (initiative.clone().with_parameter("diageffect", "Modify"), Some("FORWARDED"), Some("modify")),
            (initiative.clone(), Some("literal"), Some("auditifnotexists")),
            (initiative.clone(), Some("plain"), Some("deployifnotexists")),
            (initiative.clone(), Some("none"), None),
            (initiative.clone(), None, None),
            (
                initiative.clone().with_override("Audit", vec![by_reference(&["PLAIN"], &[])]),
                Some("plain"),
                Some("audit"),
            ),
            (
                initiative.clone().with_override("Audit", vec![by_reference(&[], &["plain"])]),
                Some("plain"),
                Some("deployifnotexists"),
            ),
            (single.clone().with_override("audit", vec![at_westeurope.clone()]), None, Some("deployifnotexists")),
            (single.with_override("audit", Vec::new()), None, Some("audit")),
        ] {
            let effect = estate().effective_effect(&assignment, reference, Some("eastus"));
            assert_eq!(effect.as_deref(), expected, "{} {reference:?}", assignment.id);
        }
        let moved = Assignment::new(SUBSCRIPTION, "w", "/d/diag").with_override("audit", vec![at_westeurope]);
        assert!(!estate().is_remediable(&moved, None, Some("WestEurope")));
        assert!(estate().is_remediable(&moved, None, Some("eastus")));
    }
}
