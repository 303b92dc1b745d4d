//! Third question: can a task remediate it? The effect is the one that the policy states give; what cannot be read is
//! never taken for gone.

use super::{NonCompliant, Verdict};
use crate::arm::{Effect, Facts, Found};
use crate::config::GuardRails;
use crate::resource::{ReferenceId, ResourceId, Target};
use crate::state::{ParkReason, SkipReason};

/// Resources that a task of the target's assignment can remediate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::remediation) struct Eligible {
    pub(super) resources: Vec<ResourceId>,
    pub(super) reference: Option<String>,
}

impl Eligible {
    /// Asks the facts of the assignment and the effects of the policy states.
    pub(in crate::remediation) fn among(
        wave: NonCompliant,
        target: &Target,
        facts: &Facts,
        rails: &GuardRails,
    ) -> (Self, Vec<Verdict>) {
        let reference = match reference(target, facts) {
            Ok(reference) => reference,
            Err(reason) => return Self::nothing(wave, |id| Verdict::Skip(id, reason)),
        };
        let assignment = match &facts.assignment {
            Found::There(assignment) => Some(assignment),
            Found::Gone | Found::Unreadable(_) => None,
        };
        if assignment.is_some_and(|a| !a.is_enforced) && !rails.remediate_do_not_enforce {
            return Self::nothing(wave, |id| Verdict::Skip(id, SkipReason::NotEnforced));
        }
        let not_scopes = assignment.map(|a| a.not_scopes.as_slice()).unwrap_or_default();
        if assignment.is_some_and(|a| !a.has_identity) {
            let words = format!("policy assignment {} has no managed identity", target.policy_assignment_id);
            return Self::nothing(wave, |id| Verdict::Park(id, ParkReason::NoIdentity, words.clone()));
        }
        let mut resources = Vec::new();
        let mut verdicts = Vec::new();
        for (id, effect) in wave.resources {
            match effect {
                _ if not_scopes.iter().any(|scope| id.is_within(scope)) => {
                    verdicts.push(Verdict::Skip(id, SkipReason::NotInScope))
                }
                Some(Effect::Other(_)) => verdicts.push(Verdict::Skip(id, SkipReason::NotRemediable)),
                Some(Effect::Remediable) | None => resources.push(id),
            }
        }
        (Self { resources, reference }, verdicts)
    }

    fn nothing(wave: NonCompliant, verdict: impl Fn(ResourceId) -> Verdict) -> (Self, Vec<Verdict>) {
        let verdicts = wave.resources.into_iter().map(|(id, _)| verdict(id)).collect();
        (Self { resources: Vec::new(), reference: None }, verdicts)
    }
}

/// The reference id to send: in the initiative's own casing where it is known.
///
/// # Errors
/// Why no task of this target is possible.
pub(in crate::remediation) fn reference(target: &Target, facts: &Facts) -> Result<Option<String>, SkipReason> {
    let wanted = target.policy_definition_reference_id.as_ref().map(ReferenceId::as_str);
    match (&facts.assignment, &facts.references) {
        (Found::Gone, _) => Err(SkipReason::AssignmentGone),
        (Found::Unreadable(_), _) | (Found::There(_), Some(Found::Unreadable(_))) => Ok(wanted.map(str::to_owned)),
        (Found::There(_), None) => Ok(None),
        (Found::There(_), Some(Found::Gone)) => Err(SkipReason::ReferenceGone),
        (Found::There(_), Some(Found::There(members))) => {
            let wanted = wanted.ok_or(SkipReason::ReferenceMissing)?;
            members.iter().find(|m| m.eq_ignore_ascii_case(wanted)).cloned().map(Some).ok_or(SkipReason::ReferenceGone)
        }
    }
}
