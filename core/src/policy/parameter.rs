//! The value of a policy's parameter: an assignment of the policy itself gives it. An assignment of an initiative gives the initiative's
//! parameters; the initiative gives those of its policies, as a word or by the name of one of its own. Else the default counts.

use std::collections::BTreeMap;

use crate::id::fold;

/// An effect, or a parameter's value, as a definition or an initiative says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyText {
    /// A word.
    Literal(String),
    /// The value of a parameter; its name, folded.
    Parameter(String),
    /// Computed in another way.
    Computed,
}

/// A policy's place in an initiative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InSet<'a> {
    /// Its reference id.
    pub reference: &'a str,
    /// What the initiative gives for the policy's parameters, by folded name.
    pub parameters: &'a BTreeMap<String, PolicyText>,
    /// The defaults of the initiative's own parameters that are texts, by folded name.
    pub defaults: &'a BTreeMap<String, String>,
}

impl PolicyText {
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

/// The value of a policy's parameter, by its folded name; none where it is computed, or nobody gives one. `given` are the assignment's
/// parameters that are texts, by folded name; `member` is the policy's place in the initiative, where one is assigned; `defaults` are
/// those of the policy's definition.
#[must_use]
pub fn parameter_value<'a>(
    name: &str,
    given: &'a BTreeMap<String, String>,
    member: Option<InSet<'a>>,
    defaults: &'a BTreeMap<String, String>,
) -> Option<&'a str> {
    let default = || defaults.get(name);
    let value = match member {
        None => given.get(name).or_else(default),
        Some(member) => match member.parameters.get(name) {
            None => default(),
            Some(PolicyText::Literal(word)) => Some(word),
            Some(PolicyText::Parameter(of_set)) => given.get(of_set).or_else(|| member.defaults.get(of_set)),
            Some(PolicyText::Computed) => None,
        },
    };
    value.map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_a_word_or_one_parameter_and_all_else_is_computed() {
        for (text, expected) in [
            ("deployIfNotExists", PolicyText::Literal("deployIfNotExists".to_owned())),
            ("[parameters('Effect')]", PolicyText::Parameter("effect".to_owned())),
            (" [ parameters( 'policyEffect' ) ] ", PolicyText::Parameter("policyeffect".to_owned())),
            ("[Parameters('audit_effect')]", PolicyText::Parameter("audit_effect".to_owned())),
            ("[if(contains(parameters('a'),'b'),parameters('effect'),'Disabled')]", PolicyText::Computed),
            ("[concat(parameters('a'),'')]", PolicyText::Computed),
            ("[[odd]", PolicyText::Literal("[odd]".to_owned())),
        ] {
            assert_eq!(PolicyText::of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_value_comes_from_the_assignment_through_the_initiative_or_is_a_default() {
        let texts = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let of_definition = texts(&[("group", "of-definition")]);
        let given = texts(&[("group", "given"), ("ofset", "given-to-the-set")]);
        assert_eq!(parameter_value("group", &given, None, &of_definition), Some("given"));
        assert_eq!(parameter_value("group", &texts(&[]), None, &of_definition), Some("of-definition"));
        let within = |text: Option<&str>, given: &BTreeMap<String, String>| {
            let parameters = text.map(|text| ("group".to_owned(), PolicyText::of(text))).into_iter().collect();
            let defaults = texts(&[("ofset", "of-set")]);
            let member = InSet { reference: "r", parameters: &parameters, defaults: &defaults };
            parameter_value("group", given, Some(member), &of_definition).map(str::to_owned)
        };
        for (text, of_given, of_nothing) in [
            (None, Some("of-definition"), Some("of-definition")),
            (Some("rg-1"), Some("rg-1"), Some("rg-1")),
            (Some("[parameters('ofSet')]"), Some("given-to-the-set"), Some("of-set")),
            (Some("[parameters('group')]"), Some("given"), None),
            (Some("[parameters('nobody')]"), None, None),
            (Some("[concat('rg-', parameters('ofSet'))]"), None, None),
        ] {
            assert_eq!(within(text, &given).as_deref(), of_given, "{text:?}");
            assert_eq!(within(text, &texts(&[])).as_deref(), of_nothing, "{text:?}");
        }
    }
}
