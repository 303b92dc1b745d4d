//! Second question: still non-compliant? A state older than what was observed says nothing, neither of compliance nor of effect, and a resource without a state
//! is unknown, not compliant: a task remediates only what is non-compliant anyway.

use std::collections::HashMap;

use crate::document::SkipReason;
use crate::event::ComplianceState;
use crate::fact::{Effect, PolicyState};
use crate::id::{ResourceId, fold};

use super::due::Due;
use super::skipped::Skipped;

/// Resources that are not known to comply, with the effect that the policy had on each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NonCompliant {
    pub(crate) resources: Vec<(ResourceId, Option<Effect>)>,
}

/// Why a resource in a state of another name leaves. `Error` and `Unknown` say nothing, and whatever is new is no reason.
fn skipped_as(state: &str) -> Option<SkipReason> {
    match fold(state).as_str() {
        "notapplicable" => Some(SkipReason::NotApplicable),
        "protected" => Some(SkipReason::Protected),
        "conflict" | "conflicting" => Some(SkipReason::Conflicting),
        _ => None,
    }
}

impl NonCompliant {
    /// Asks the latest policy states.
    pub(crate) fn among(due: Due, states: &[PolicyState]) -> (Self, Vec<Skipped>) {
        let by_resource: HashMap<&str, &PolicyState> = states.iter().map(|s| (s.resource.as_str(), s)).collect();
        let mut resources = Vec::new();
        let mut skipped = Vec::new();
        for (id, observed_at) in due.resources {
            let state = by_resource.get(id.as_str()).copied();
            let fresh = state.filter(|s| s.at.is_some_and(|at| at >= observed_at));
            match fresh.map(|s| &s.state) {
                Some(ComplianceState::Compliant) => {
                    skipped.push(Skipped { resource: id, reason: SkipReason::Compliant })
                }
                Some(ComplianceState::Exempt) => skipped.push(Skipped { resource: id, reason: SkipReason::Exempt }),
                Some(ComplianceState::Other(word)) if skipped_as(word).is_some() => {
                    skipped.extend(skipped_as(word).map(|reason| Skipped { resource: id, reason }));
                }
                Some(ComplianceState::NonCompliant | ComplianceState::Other(_)) | None => {
                    // The effect of an older state is that of an older assignment.
                    resources.push((id, fresh.and_then(|s| s.effect.clone())));
                }
            }
        }
        (Self { resources }, skipped)
    }
}
