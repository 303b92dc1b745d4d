//! Second question: still non-compliant? A state older than what was observed says nothing, neither of compliance nor of effect, and a resource without a state
//! is unknown, not compliant: a task remediates only what is non-compliant anyway.

use std::collections::HashMap;

use crate::document::SkipReason;
use crate::event::ComplianceState;
use crate::fact::{Effect, PolicyState};
use crate::id::{ResourceId, fold};
use crate::time::Timestamp;

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

/// Resources of which the latest evaluation came to no result, each with what its state is called and when that was: the next one tells.
pub(crate) fn without_result<'a>(due: &Due, states: &'a [PolicyState]) -> Vec<(ResourceId, (&'a str, Timestamp))> {
    let by_resource: HashMap<&str, &PolicyState> = states.iter().map(|s| (s.resource.as_str(), s)).collect();
    let word = |id: &ResourceId, observed_at| {
        let state = by_resource.get(id.as_str())?;
        let at = state.at.filter(|at| *at >= observed_at)?;
        match &state.state {
            ComplianceState::Other(word) => {
                matches!(fold(word).as_str(), "error" | "unknown").then_some((word.as_str(), at))
            }
            ComplianceState::Compliant | ComplianceState::Exempt | ComplianceState::NonCompliant => None,
        }
    };
    due.resources.iter().filter_map(|(id, observed_at)| Some((id.clone(), word(id, *observed_at)?))).collect()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fixture::{now, resource};

    #[test]
    fn a_state_that_is_older_than_what_was_observed_says_nothing_neither_of_compliance_nor_of_effect() {
        let told =
            ["Compliant", "Exempt", "NotApplicable", "Protected", "Conflicting", "NonCompliant", "Unknown", "Error"];
        for word in told {
            for (age, is_fresh) in
                [(Some(-1_i64), true), (Some(0), true), (Some(1), false), (Some(86_400), false), (None, false)]
            {
                let at = age.map(|seconds| now() - time::Duration::seconds(seconds));
                let effect = Some(Effect::Other("audit".to_owned()));
                let resource_id = resource(0).to_string();
                let told = ComplianceState::parse(word);
                let state = PolicyState { resource: resource_id, state: told, at, effect, location: None };
                let due = Due { resources: vec![(resource(0), now()), (resource(1), now() - Duration::from_secs(9))] };
                let waits = is_fresh && matches!(word, "Unknown" | "Error");
                let expected: Vec<_> = waits.then(|| (resource(0), (word, state.at.unwrap()))).into_iter().collect();
                assert_eq!(without_result(&due, std::slice::from_ref(&state)), expected, "{word} {age:?}");
                let (wave, skipped) = NonCompliant::among(due, std::slice::from_ref(&state));
                let leaves = is_fresh && !matches!(word, "NonCompliant" | "Unknown" | "Error");
                assert_eq!(skipped.len(), usize::from(leaves), "{word} {age:?}");
                let of_it = wave.resources.iter().find(|(id, _)| *id == resource(0));
                assert_eq!(of_it.is_none(), leaves, "{word} {age:?}");
                let believed = of_it.and_then(|(_, effect)| effect.clone());
                assert_eq!(believed, state.effect.filter(|_| is_fresh && !leaves), "{word} {age:?}");
                assert!(wave.resources.contains(&(resource(1), None)), "one without a state is unknown, not compliant");
            }
        }
    }
}
