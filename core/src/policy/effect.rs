//! The effective effect of an assigned policy: the first of the assignment's overrides that means it, else the policy's own effect,
//! which may be a parameter's (`parameter.rs`). All built-in definitions name a literal or one
//! parameter; of some initiatives it is computed, and that is left to the policy states.

use std::collections::BTreeMap;

use crate::fact::Effect;
use crate::role::RoleId;

use super::identity::IdentityChange;
use super::parameter::{InSet, PolicyText, parameter_value};
use super::selector::{Override, OverrideKind, Selected};

/// A policy definition, of the version that is effective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its effect.
    pub effect: PolicyText,
    /// The defaults of its parameters that are texts, by folded name.
    pub defaults: BTreeMap<String, String>,
    /// `roleDefinitionIds`.
    pub roles: Vec<RoleId>,
    /// What it does to identities of resources.
    pub identity: IdentityChange,
}

/// What is known of the effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// The effect, for all resources.
    Known(Effect),
    /// Some resources may have another, or it is computed: the policy states say.
    PerResource,
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
        PolicyText::Literal(word) => return Resolved::Known(Effect::of(word)),
        PolicyText::Computed => return Resolved::PerResource,
        PolicyText::Parameter(name) => parameter_value(name, given, member, &definition.defaults),
    };
    text.map_or(Resolved::PerResource, |word| Resolved::Known(Effect::of(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::fold;
    use crate::policy::{Selector, SelectorKind};

    fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| (fold(name), (*value).to_owned())).collect()
    }

    fn definition(effect: &str, default: &str) -> Definition {
        let (effect, defaults) = (PolicyText::of(effect), texts(&[("effect", default)]));
        Definition { effect, defaults, roles: Vec::new(), identity: IdentityChange::Nothing }
    }

    /// A member of an initiative that gives nothing.
    fn silent() -> InSet<'static> {
        static NOTHING: BTreeMap<String, PolicyText> = BTreeMap::new();
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        InSet { reference: "Tags", parameters: &NOTHING, defaults: &NONE }
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
            let parameters = [("effect".to_owned(), PolicyText::of(text))].into();
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
