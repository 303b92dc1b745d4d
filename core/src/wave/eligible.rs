//! Third question: can a task remediate it? The effect is the one that the policy state gives, else the one that the definition has under
//! the assignment. What cannot be read is never taken for gone; and where the assignment itself cannot be read, nothing tells whether
//! a task is allowed, so none is opened.

use crate::document::{ParkReason, SkipReason, TargetCause};
use crate::fact::{Assignment, Effect, Facts, Found};
use crate::id::{ReferenceId, ResourceId, Target, fold};
use crate::policy::{IdentityChange, Resolved, Selected, lets_in};
use crate::settings::GuardRails;

use super::non_compliant::NonCompliant;
use super::skipped::Skipped;

/// Resources that a task of the target's assignment can remediate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Eligible {
    pub(crate) resources: Vec<ResourceId>,
    pub(crate) reference: Option<String>,
}

impl Eligible {
    /// Asks the facts of the assignment and the effects of the policy states. The error is why no task of the target is
    /// possible until a person fixes it.
    pub(crate) fn among(
        wave: NonCompliant,
        target: &Target,
        facts: &Facts,
        rails: &GuardRails,
    ) -> (Result<Self, TargetCause>, Vec<Skipped>) {
        if let Some(cause) = unreadable(target, facts) {
            return (Err(cause), Vec::new());
        }
        let reference = match reference(target, facts) {
            Ok(reference) => reference,
            Err(NoTask::Skip(reason)) => return Self::nothing(wave, reason),
            Err(NoTask::Park(cause)) => return (Err(cause), Vec::new()),
        };
        let assignment = match &facts.assignment {
            Found::There(assignment) => Some(assignment),
            Found::Gone | Found::Unreadable(_) => None,
        };
        if assignment.is_some_and(|a| !a.is_enforced) && !rails.remediate_do_not_enforce {
            return Self::nothing(wave, SkipReason::NotEnforced);
        }
        let not_scopes = assignment.map(|a| a.not_scopes.as_slice()).unwrap_or_default();
        let terms = assignment.and_then(|a| a.terms.as_deref());
        let selectors = terms.map(|terms| terms.resource_selectors.as_slice()).unwrap_or_default();
        let mut resources = Vec::new();
        let mut skipped = Vec::new();
        for (id, effect) in wave.resources {
            match effect {
                _ if not_scopes.iter().any(|scope| id.is_within(scope)) => {
                    skipped.push(Skipped { resource: id, reason: SkipReason::NotInScope })
                }
                _ if lets_in(selectors, &id.spellings_of_type()) == Selected::No => {
                    skipped.push(Skipped { resource: id, reason: SkipReason::NotSelected })
                }
                Some(Effect::Other(_)) => skipped.push(Skipped { resource: id, reason: SkipReason::NotRemediable }),
                None if is_never_remediable(facts) => {
                    skipped.push(Skipped { resource: id, reason: SkipReason::NotRemediable })
                }
                Some(Effect::Remediable) | None => resources.push(id),
            }
        }
        // Asked last: a policy that only audits needs no identity, and its resources are skipped by now.
        if assignment.is_some_and(|a| !a.has_identity) && !resources.is_empty() {
            let words = format!("policy assignment {} has no managed identity", target.policy_assignment_id);
            return (Err(TargetCause { reason: ParkReason::NoIdentity, class: None, words, hint: None }), skipped);
        }
        let is_unfit = |a: &Assignment| facts.identity == IdentityChange::Assigns && a.user_assigned.is_none();
        if assignment.is_some_and(is_unfit) && !resources.is_empty() {
            let words = format!(
                "policy assignment {} has a system-assigned identity, and its policy assigns identities to resources",
                target.policy_assignment_id
            );
            return (Err(TargetCause { reason: ParkReason::IdentityUnfit, class: None, words, hint: None }), skipped);
        }
        (Ok(Self { resources, reference }), skipped)
    }

    /// The resources.
    pub(crate) fn into_resources(self) -> Vec<ResourceId> {
        self.resources
    }

    fn nothing(wave: NonCompliant, reason: SkipReason) -> (Result<Self, TargetCause>, Vec<Skipped>) {
        let skipped = wave.resources.into_iter().map(|(id, _)| Skipped { resource: id, reason }).collect();
        (Ok(Self { resources: Vec::new(), reference: None }), skipped)
    }
}

/// Whether no task of the assignment can remediate anything, whatever the policy states say: its effect is another, for all resources.
pub(crate) fn is_never_remediable(facts: &Facts) -> bool {
    match &facts.effect {
        Some(Resolved::Known(Effect::Other(_))) => true,
        Some(Resolved::Known(Effect::Remediable) | Resolved::PerResource) | None => false,
    }
}

/// Why the target must wait for a person when its assignment cannot be read: whether it is enforced, what it excludes and
/// whether it has an identity is then unknown.
pub(crate) fn unreadable(target: &Target, facts: &Facts) -> Option<TargetCause> {
    let Found::Unreadable(service) = &facts.assignment else { return None };
    let words = format!("policy assignment {} cannot be read: {service}", target.policy_assignment_id);
    Some(TargetCause { reason: ParkReason::WorkerLacksPermission, class: None, words, hint: None })
}

/// Why no task of a target is possible, for none of its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoTask {
    /// Nothing is left to fix.
    Skip(SkipReason),
    /// A person must act.
    Park(TargetCause),
}

/// The reference id to send: in the initiative's own casing where it is known.
///
/// # Errors
/// Why no task of this target is possible.
pub(crate) fn reference(target: &Target, facts: &Facts) -> Result<Option<String>, NoTask> {
    let wanted = target.policy_definition_reference_id.as_ref().map(ReferenceId::as_str);
    let references = match (&facts.assignment, &facts.references) {
        (Found::Gone, _) => return Err(NoTask::Skip(SkipReason::AssignmentGone)),
        (Found::Unreadable(_), _) => return Ok(wanted.map(str::to_owned)),
        (Found::There(_), None) => return Ok(None),
        (Found::There(_), Some(references)) => references,
    };
    let Some(wanted) = wanted else {
        let words = format!(
            "policy assignment {} is of an initiative, and no policy of it is named",
            target.policy_assignment_id
        );
        return Err(NoTask::Park(TargetCause { reason: ParkReason::ReferenceMissing, class: None, words, hint: None }));
    };
    match references {
        Found::There(members) => {
            let found = members.iter().find(|member| fold(member.trim()) == wanted).cloned();
            found.map(Some).ok_or(NoTask::Skip(SkipReason::ReferenceGone))
        }
        Found::Gone | Found::Unreadable(_) => Ok(Some(wanted.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{assignment, facts_of, now, resource, target};

    fn facts(has_identity: bool, references: Option<&[&str]>) -> Facts {
        let members = references.map(|all| Found::There(all.iter().map(|one| (*one).to_owned()).collect()));
        Facts { references: members, ..facts_of(Assignment { has_identity, ..assignment() }) }
    }

    fn ask(effects: &[Option<Effect>], facts: &Facts) -> (Result<Eligible, TargetCause>, Vec<Skipped>) {
        let resources = effects.iter().enumerate().map(|(n, effect)| (resource(n), effect.clone())).collect();
        Eligible::among(NonCompliant { resources }, &target(), facts, &GuardRails::default())
    }

    fn audit() -> Option<Effect> {
        Some(Effect::Other("audit".to_owned()))
    }

    #[test]
    fn without_an_identity_the_target_is_at_fault_but_not_where_the_policy_only_audits() {
        let facts = facts(false, None);
        let (wave, skipped) = ask(&[audit(), Some(Effect::Remediable), None], &facts);
        assert_eq!(wave.unwrap_err().reason, ParkReason::NoIdentity);
        assert_eq!(skipped, [Skipped { resource: resource(0), reason: SkipReason::NotRemediable }]);
        let (wave, skipped) = ask(&[audit(), audit()], &facts);
        assert!(wave.unwrap().resources.is_empty() && skipped.len() == 2);
    }

    #[test]
    fn a_policy_that_assigns_identities_needs_a_user_assigned_one_and_any_other_does_not() {
        let own = |user_assigned: Option<&str>, identity| {
            let user_assigned = user_assigned.map(Into::into);
            Facts { identity, ..facts_of(Assignment { user_assigned, ..assignment() }) }
        };
        let refused = |facts: &Facts| ask(&[Some(Effect::Remediable)], facts).0.err().map(|cause| cause.reason);
        assert_eq!(refused(&own(None, IdentityChange::Assigns)), Some(ParkReason::IdentityUnfit));
        assert_eq!(refused(&own(Some("/x"), IdentityChange::Assigns)), None);
        assert_eq!(refused(&own(None, IdentityChange::Changes)), None);
        let nobody = Facts { identity: IdentityChange::Assigns, ..facts(false, None) };
        assert_eq!(refused(&nobody), Some(ParkReason::NoIdentity), "first things first");
        assert!(ask(&[audit()], &own(None, IdentityChange::Assigns)).0.is_ok(), "nothing is left to park for");
    }

    #[test]
    fn an_assignment_that_cannot_be_read_allows_no_task() {
        let words = "AuthorizationFailed: The client has no policyAssignments/read";
        let assignment = Found::Unreadable(words.to_owned());
        let facts = Facts::without_assignment(assignment, now());
        let (wave, skipped) = ask(&[Some(Effect::Remediable), None, audit()], &facts);
        let cause = wave.unwrap_err();
        assert_eq!((cause.reason, skipped.len()), (ParkReason::WorkerLacksPermission, 0));
        assert!(cause.words.ends_with(words), "{}", cause.words);
    }

    #[test]
    fn an_initiative_without_a_reference_is_the_targets_fault_and_one_that_is_gone_is_not() {
        let facts = facts(true, Some(&["Inherit_Tag"]));
        let (wave, skipped) = ask(&[Some(Effect::Remediable)], &facts);
        assert_eq!((wave.unwrap_err().reason, skipped.len()), (ParkReason::ReferenceMissing, 0));
        let named = |name: &str| Target { policy_definition_reference_id: Some(name.parse().unwrap()), ..target() };
        assert_eq!(reference(&named("inherit_tag"), &facts), Ok(Some("Inherit_Tag".to_owned())));
        assert_eq!(reference(&named("no_more"), &facts), Err(NoTask::Skip(SkipReason::ReferenceGone)));
        for unseen in [Found::Gone, Found::Unreadable(String::new())] {
            let facts = Facts { references: Some(unseen), ..facts.clone() };
            assert_eq!(reference(&named("no_more"), &facts), Ok(Some("no_more".to_owned())), "as the event has it");
            let (wave, _) = ask(&[Some(Effect::Remediable)], &facts);
            assert_eq!(wave.unwrap_err().reason, ParkReason::ReferenceMissing);
        }
    }
}
