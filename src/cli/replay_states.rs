//! Policy states beside captured events. Events do not tell which effect a policy has where it is assigned; states do, as their action.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use remediation::report::StateRow;
use simulator::estate::{ArmId, Estate, Selector, SelectorKind};

use super::states_file;

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
        let mut counts = Counts::new();
        let unreadable = states_file::read(path, |row| count(&mut counts, &row))?;
        Ok(Self { of: most(counts), unreadable })
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

fn count(counts: &mut Counts, row: &StateRow) {
    let Some(effect) = &row.effect else { return };
    let key = (row.assignment.as_str().to_lowercase(), row.reference.as_ref().map(|one| one.to_lowercase()));
    *counts.entry(key).or_default().entry(effect.to_lowercase()).or_default() += 1;
}

/// Of each policy the effect that most of its states tell.
fn most(counts: Counts) -> BTreeMap<Assigned, String> {
    let most = |of: BTreeMap<String, usize>| of.into_iter().max_by_key(|(_, count)| *count).map(|most| most.0);
    counts.into_iter().filter_map(|(key, of)| Some((key, most(of)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use simulator::estate::{EventKind, PolicyEvent, derive, parse_instant, sample};
    use std::io::Write as _;

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
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let rows = json!([row("Deny"), 7, row("auditIfNotExists"), row("AuditIfNotExists")]);
        file.write_all(rows.to_string().as_bytes()).unwrap();
        let effects = ToldEffects::read(file.path()).unwrap();
        let told = effects.apply(&mut estate);
        assert_eq!((told.len(), effects.unreadable), (1, 1));
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
