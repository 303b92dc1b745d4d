//! What is known of a target's assignment and of what it assigns, and what follows of that for the target.

use std::collections::BTreeMap;
use std::sync::Arc;

use remediation::fact::{Assignment, Found, Terms};
use remediation::id::{Target, fold};
use remediation::policy::{IdentityChange, InSet, Resolved, effective_effect, parameter_value};
use remediation::time::Timestamp;

use super::definitions::{PolicyDefinition, PolicySet, SetMember};
use super::identity_policy::place_of_identity;

/// An assignment, and what it assigns.
pub(super) struct Known {
    pub(super) assignment: Arc<Assignment>,
    pub(super) all: Arc<[Arc<Assignment>]>,
    pub(super) set: Option<Found<Arc<PolicySet>>>,
    pub(super) definition: Found<Arc<PolicyDefinition>>,
    pub(super) read_at: Timestamp,
}

impl Known {
    /// What the policy does to identities of resources.
    pub(super) fn identity(&self) -> IdentityChange {
        match &self.definition {
            Found::There(known) => known.definition.identity,
            Found::Gone | Found::Unreadable(_) => IdentityChange::Nothing,
        }
    }

    /// The effect of the target's policy; none where its definition cannot be read.
    pub(super) fn effect(&self, target: &Target) -> Option<Resolved> {
        let Found::There(known) = &self.definition else { return None };
        let Terms { overrides, parameters, .. } = self.terms();
        Some(effective_effect(overrides, parameters, self.place(target), &known.definition))
    }

    /// Digests of what the policy does, of what its initiative gives it, and of the initiative's parameters.
    pub(super) fn content(&self, target: &Target) -> [u64; 3] {
        let rule = if let Found::There(known) = &self.definition { known.content } else { 0 };
        let [given, set] =
            member(self.set.as_ref(), target).map_or([0, 0], |(set, member)| [member.content, set.content]);
        [rule, given, set]
    }

    /// Where the identity is that the target's policy assigns to resources; none where its parameters do not tell.
    pub(super) fn place_of_identity(&self, target: &Target) -> Option<String> {
        let Found::There(known) = &self.definition else { return None };
        let (given, place) = (&self.terms().parameters, self.place(target));
        let value = |name: &str| parameter_value(name, given, place, &known.definition.defaults);
        place_of_identity(value, target.subscription())
    }

    pub(super) fn terms(&self) -> &Terms {
        static NONE: Terms =
            Terms { parameters: BTreeMap::new(), overrides: Vec::new(), resource_selectors: Vec::new() };
        self.assignment.terms.as_deref().unwrap_or(&NONE)
    }

    /// The target's policy in the initiative that is assigned, where one is.
    fn place(&self, target: &Target) -> Option<InSet<'_>> {
        member(self.set.as_ref(), target).map(|(set, member)| in_set(set, member))
    }
}

/// The target's policy in the initiative.
pub(super) fn member<'s>(
    set: Option<&'s Found<Arc<PolicySet>>>,
    target: &Target,
) -> Option<(&'s PolicySet, &'s SetMember)> {
    let Some(Found::There(set)) = set else { return None };
    let wanted = target.policy_definition_reference_id.as_ref()?;
    let found = set.members.iter().find(|member| fold(member.reference.trim()) == wanted.as_str())?;
    Some((set.as_ref(), found))
}

fn in_set<'s>(set: &'s PolicySet, member: &'s SetMember) -> InSet<'s> {
    InSet { reference: &member.reference, parameters: &member.parameters, defaults: &set.defaults }
}

/// The reference ids, as far as they tell of the target's: among members that cannot be read it may be.
pub(super) fn references(set: &Found<Arc<PolicySet>>, target: &Target) -> Found<Vec<String>> {
    match set {
        Found::There(known) => match &known.unread {
            Some(words) if target.policy_definition_reference_id.is_some() && member(Some(set), target).is_none() => {
                Found::Unreadable(words.clone())
            }
            Some(_) | None => Found::There(known.members.iter().map(|member| member.reference.clone()).collect()),
        },
        Found::Gone => Found::Gone,
        Found::Unreadable(words) => Found::Unreadable(words.clone()),
    }
}

/// The same without the words of a refusal.
pub(super) fn without_words<T>(found: Found<T>) -> Found<T> {
    match found {
        Found::Unreadable(_) => Found::Unreadable(String::new()),
        Found::There(_) | Found::Gone => found,
    }
}
