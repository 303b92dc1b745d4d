//! The effective effect of an assigned policy: the first of the assignment's overrides that means it, else the policy's own effect,
//! whose parameter is given by the assignment, by the initiative, or by its default. All built-in definitions name a literal or one
//! parameter; of some initiatives it is computed, and that is left to the policy states.

use std::collections::BTreeMap;

use crate::fact::Effect;
use crate::id::fold;
use crate::role::RoleId;

use super::identity::IdentityChange;
use super::selector::{Override, OverrideKind, Selected};

/// An effect as a definition or an initiative says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectText {
    /// A word.
    Literal(String),
    /// The value of a parameter; its name, folded.
    Parameter(String),
    /// Computed in another way.
    Computed,
}

/// A policy definition, of the version that is effective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its effect.
    pub effect: EffectText,
    /// The defaults of its parameters that are texts, by folded name.
    pub defaults: BTreeMap<String, String>,
    /// `roleDefinitionIds`.
    pub roles: Vec<RoleId>,
    /// What it does to identities of resources.
    pub identity: IdentityChange,
}

/// A policy's place in an initiative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InSet<'a> {
    /// Its reference id.
    pub reference: &'a str,
    /// What the initiative gives for the policy's parameters, by folded name.
    pub parameters: &'a BTreeMap<String, EffectText>,
    /// The defaults of the initiative's own parameters that are texts, by folded name.
    pub defaults: &'a BTreeMap<String, String>,
}

/// What is known of the effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// The effect, for all resources.
    Known(Effect),
    /// Some resources may have another, or it is computed: the policy states say.
    PerResource,
}

impl EffectText {
    /// Of a text in a definition: `[parameters('name')]` names a parameter, `[[` is an escaped bracket, any other bracket computes.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
            return Self::Literal(text.to_owned());
        };
        if inner.starts_with('[') {
            return Self::Literal(text[1..].to_owned());
        }
        match fold(inner).trim().strip_prefix("parameters(").and_then(|rest| rest.strip_suffix(')')) {
            Some(name) => match name.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
                Some(name) if !name.contains('\'') => Self::Parameter(name.to_owned()),
                Some(_) | None => Self::Computed,
            },
            None => Self::Computed,
        }
    }
}

/// The effect of a policy under an assignment. `given` are the assignment's parameters that are texts, by folded name; `member` is the
/// policy's place in the initiative, where one is assigned.
#[must_use]
pub fn effective_effect(
    overrides: &[Override],
    given: &BTreeMap<String, String>,
    member: Option<InSet<'_>>,
    definition: &Definition,
) -> Resolved {
    for one in overrides.iter().filter(|one| one.kind == OverrideKind::Effect) {
        match one.means(member.map(|member| member.reference)) {
            Selected::Yes => return Resolved::Known(Effect::of(&one.value)),
            Selected::No => {}
            // Of those that it may not mean, the others decide; the states know which.
            Selected::Unknown => return Resolved::PerResource,
        }
    }
    let text = match &definition.effect {
        EffectText::Literal(word) => return Resolved::Known(Effect::of(word)),
        EffectText::Computed => return Resolved::PerResource,
        EffectText::Parameter(name) => parameter(name, given, member, definition),
    };
    text.map_or(Resolved::PerResource, |word| Resolved::Known(Effect::of(&word)))
}

/// The value of a policy's parameter; none where it is computed, or nobody gives one.
fn parameter(
    name: &str,
    given: &BTreeMap<String, String>,
    member: Option<InSet<'_>>,
    definition: &Definition,
) -> Option<String> {
    let default = || definition.defaults.get(name).cloned();
    let Some(member) = member else { return given.get(name).cloned().or_else(default) };
    match member.parameters.get(name) {
        None => default(),
        Some(EffectText::Literal(word)) => Some(word.clone()),
        Some(EffectText::Parameter(of_set)) => given.get(of_set).or_else(|| member.defaults.get(of_set)).cloned(),
        Some(EffectText::Computed) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Selector, SelectorKind};

    fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| (fold(name), (*value).to_owned())).collect()
    }

    fn definition(effect: &str, default: &str) -> Definition {
        let (effect, defaults) = (EffectText::of(effect), texts(&[("effect", default)]));
        Definition { effect, defaults, roles: Vec::new(), identity: IdentityChange::Nothing }
    }

    /// A member of an initiative that gives nothing.
    fn silent() -> InSet<'static> {
        static NOTHING: BTreeMap<String, EffectText> = BTreeMap::new();
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        InSet { reference: "Tags", parameters: &NOTHING, defaults: &NONE }
    }

    #[test]
    fn an_effect_is_a_word_or_one_parameter_and_all_else_is_computed() {
        for (text, expected) in [
            ("deployIfNotExists", EffectText::Literal("deployIfNotExists".to_owned())),
            ("[parameters('Effect')]", EffectText::Parameter("effect".to_owned())),
            (" [ parameters( 'policyEffect' ) ] ", EffectText::Parameter("policyeffect".to_owned())),
            ("[Parameters('audit_effect')]", EffectText::Parameter("audit_effect".to_owned())),
            ("[if(contains(parameters('a'),'b'),parameters('effect'),'Disabled')]", EffectText::Computed),
            ("[concat(parameters('a'),'')]", EffectText::Computed),
            ("[[odd]", EffectText::Literal("[odd]".to_owned())),
        ] {
            assert_eq!(EffectText::of(text), expected, "{text}");
        }
    }

    #[test]
    fn the_nearest_who_says_something_decides() {
        let own = definition("[parameters('effect')]", "AuditIfNotExists");
        let of = |given: &[(&str, &str)]| effective_effect(&[], &texts(given), None, &own);
        assert_eq!(of(&[]), Resolved::Known(Effect::of("auditIfNotExists")));
        assert_eq!(of(&[("EFFECT", "DeployIfNotExists")]), Resolved::Known(Effect::Remediable));
        let literal = definition("Modify", "");
        assert_eq!(
            effective_effect(&[], &texts(&[("effect", "audit")]), None, &literal),
            Resolved::Known(Effect::Remediable)
        );

        let in_set = |text: &str, given: &[(&str, &str)]| {
            let parameters = [("effect".to_owned(), EffectText::of(text))].into();
            let defaults = texts(&[("tagsEffect", "modify")]);
            let member = InSet { reference: "Tags", parameters: &parameters, defaults: &defaults };
            effective_effect(&[], &texts(given), Some(member), &own)
        };
        assert_eq!(
            in_set("Disabled", &[("effect", "modify")]),
            Resolved::Known(Effect::of("disabled")),
            "not the set's own"
        );
        assert_eq!(in_set("[parameters('tagsEffect')]", &[]), Resolved::Known(Effect::Remediable));
        assert_eq!(
            in_set("[parameters('TagsEffect')]", &[("tagseffect", "Audit")]),
            Resolved::Known(Effect::of("audit"))
        );
        assert_eq!(in_set("[parameters('none')]", &[]), Resolved::PerResource);
        assert_eq!(in_set("[if(equals(1,1),'a','b')]", &[]), Resolved::PerResource);
        let of_default = effective_effect(&[], &texts(&[]), Some(silent()), &own);
        assert_eq!(of_default, Resolved::Known(Effect::of("auditifnotexists")));
    }

    #[test]
    fn the_first_override_that_means_the_policy_decides_and_one_by_place_leaves_it_to_the_states() {
        let own = definition("deployIfNotExists", "");
        let set = |value: &str, selectors: Vec<Selector>| Override {
            kind: OverrideKind::Effect,
            value: value.to_owned(),
            selectors,
        };
        let named = |name: &str| {
            vec![Selector { kind: SelectorKind::Reference, values: vec![fold(name)], is_exclusion: false }]
        };
        let of = |overrides: &[Override]| effective_effect(overrides, &BTreeMap::new(), Some(silent()), &own);
        assert_eq!(
            of(&[set("Audit", named("TAGS")), set("Disabled", Vec::new())]),
            Resolved::Known(Effect::of("audit"))
        );
        assert_eq!(of(&[set("Audit", named("other"))]), Resolved::Known(Effect::Remediable));
        let place =
            vec![Selector { kind: SelectorKind::Unseen, values: vec!["westeurope".to_owned()], is_exclusion: false }];
        assert_eq!(of(&[set("Audit", place)]), Resolved::PerResource);
        let version = Override { kind: OverrideKind::Version, value: "1.0.0".to_owned(), selectors: Vec::new() };
        assert_eq!(of(&[version]), Resolved::Known(Effect::Remediable));
    }
}
