//! Policy states beside captured events. Events do not tell which effect a policy has where it is assigned; states do, as their action.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::{Context, bail};
use remediation::report::{StateRow, StateRows};
use serde_json::Value;
use simulator::estate::{ArmId, Estate, Selector, SelectorKind};
use simulator_demo::states_of;

/// A policy where it is assigned: the assignment's id, and the reference within an initiative, both in lower case.
type Assigned = (String, Option<String>);

/// How many states tell which effect.
type Counts = BTreeMap<Assigned, BTreeMap<String, usize>>;

/// The effects that policy states tell.
#[derive(Debug, Default)]
pub(super) struct ToldEffects {
    of: BTreeMap<Assigned, String>,
    /// Entries that are no states.
    pub(super) unreadable: usize,
}

impl ToldEffects {
    /// Reads the states of a file, in any form that `plan --states` reads.
    ///
    /// # Errors
    /// When it cannot be read, or holds no state.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let words = || format!("{} holds no policy states", path.display());
        Self::of(states_of(path).with_context(words)?).with_context(words)
    }

    /// Of each policy the effect that most of its states tell.
    fn of(states: impl Iterator<Item = anyhow::Result<Value>>) -> anyhow::Result<Self> {
        let (mut counts, mut told) = (Counts::new(), Self::default());
        let mut readable = 0;
        for state in states {
            let Some(row) = StateRow::read(&state?) else {
                told.unreadable += 1;
                continue;
            };
            readable += 1;
            let Some(effect) = &row.effect else { continue };
            let key = (row.assignment.as_str().to_lowercase(), row.reference.as_ref().map(|one| one.to_lowercase()));
            *counts.entry(key).or_default().entry(effect.to_lowercase()).or_default() += 1;
        }
        if readable == 0 {
            bail!(StateRows::none(told.unreadable));
        }
        let most = |of: BTreeMap<String, usize>| of.into_iter().max_by_key(|(_, count)| *count).map(|most| most.0);
        told.of = counts.into_iter().filter_map(|(key, of)| Some((key, most(of)?))).collect();
        Ok(told)
    }

    /// Gives the policies of the estate the effects that were told. The definitions of which an effect is told.
    pub(super) fn apply(&self, estate: &mut Estate) -> HashSet<ArmId> {
        let mut told = HashSet::new();
        let mut changes = Vec::new();
        for (place, assignment) in estate.assignments.iter().enumerate() {
            for ((_, reference), effect) in self.of.iter().filter(|((id, _), _)| *id == assignment.id.lower()) {
                let reference = reference.as_deref();
                let Some(definition) = estate.definition_of(assignment, reference) else { continue };
                told.insert(definition.id.clone());
                if estate.effective_effect(assignment, reference, None).as_deref() != Some(effect.as_str()) {
                    changes.push((place, reference.map(str::to_owned), effect.clone()));
                }
            }
        }
        for (place, reference, effect) in changes {
            let selector = |reference: String| Selector {
                kind: SelectorKind::PolicyDefinitionReferenceId,
                among: vec![reference],
                not_among: Vec::new(),
            };
            let assignment = estate.assignments[place].clone();
            estate.assignments[place] =
                assignment.with_override(&effect, reference.map(selector).into_iter().collect());
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use simulator::estate::{EventKind, PolicyEvent, derive, parse_instant, sample};

    #[test]
    fn a_policy_has_the_effect_that_most_of_its_states_tell_and_others_keep_theirs() {
        let original = sample(parse_instant("2024-01-01T00:00:00Z").unwrap());
        let events: Vec<_> = original
            .records
            .iter()
            .map(|one| PolicyEvent::of(&original, one, EventKind::Changed).event_grid())
            .collect();
        let (mut estate, before) = (derive(&events), derive(&events));
        let chosen = estate.records[0].key.clone();
        let row = |effect: &str| {
            json!({
                "resourceId": chosen.resource.as_str(), "policyAssignmentId": chosen.assignment.as_str(),
                "policyDefinitionReferenceId": chosen.reference.as_deref().map(str::to_uppercase).unwrap_or_default(),
                "complianceState": "NonCompliant", "policyDefinitionAction": effect,
            })
        };
        let rows = [row("Deny"), json!(7), row("auditIfNotExists"), row("AuditIfNotExists")];
        let effects = ToldEffects::of(rows.map(Ok).into_iter()).unwrap();
        let told = effects.apply(&mut estate);
        assert_eq!((told.len(), effects.unreadable), (1, 1));
        let none = ToldEffects::of([Ok(json!({}))].into_iter()).unwrap_err().to_string();
        assert!(none.contains("1 things that are none"), "{none}");
        for record in &estate.records {
            let effect = |estate: &Estate| {
                let assignment = estate.assignment(&record.key.assignment).unwrap();
                estate.effective_effect(assignment, record.key.reference.as_deref(), None)
            };
            let is_chosen = (&record.key.assignment, &record.key.reference) == (&chosen.assignment, &chosen.reference);
            let expected = if is_chosen { Some("auditifnotexists".to_owned()) } else { effect(&before) };
            assert_eq!(effect(&estate), expected, "{:?}", record.key);
        }
    }
}
