//! Judges a run: the ledger, the tasks and the documents against the script of the estate.

use std::collections::BTreeSet;

use super::tally::StateTally;
use crate::judgement;
use simulator::estate::Estate;
use simulator::ledger::Entry;
use simulator::resource_manager::{ResourceManager, WriteKind};
use simulator::{LocalAzure, Service};

/// What stands in the report under the same names.
pub(super) struct Scores {
    pub(super) arm_writes: usize,
    pub(super) refused_arm_writes: usize,
    pub(super) least_arm_writes: usize,
    pub(super) arm_reads: usize,
    pub(super) duplicate_tasks: usize,
    pub(super) overlaps: usize,
    pub(super) retry_after_violations: usize,
    pub(super) wrongly_parked: usize,
}

/// The scores of a run that has ended.
pub(super) fn scores(estate: &Estate, manager: &ResourceManager, azure: &LocalAzure, state: &StateTally) -> Scores {
    let calls = azure.ledger().of(Service::ResourceManager);
    let is_put = |call: &&Entry| call.method == "PUT";
    let accepted = manager.accepted_writes().into_iter().filter(|write| write.kind == WriteKind::Put).count();
    Scores {
        arm_writes: accepted,
        refused_arm_writes: calls.iter().filter(is_put).filter(|call| call.status.is_some_and(|s| s >= 400)).count(),
        least_arm_writes: judgement::least_tasks(estate),
        arm_reads: calls.iter().filter(|call| !is_put(call)).count(),
        duplicate_tasks: judgement::troubled_too_often(estate, &manager.tasks(), |_| 0).len(),
        overlaps: manager.overlaps().len(),
        retry_after_violations: judgement::too_early(&calls).len(),
        wrongly_parked: wrongly_parked(estate, state),
    }
}

/// Records that are parked although they should be fixed, the other way round, or parked with another reason or class than
/// their script gives.
fn wrongly_parked(estate: &Estate, state: &StateTally) -> usize {
    let wanted = judgement::hopeless(estate);
    let keys: BTreeSet<_> = wanted.keys().chain(state.parked_records.keys()).collect();
    let is_right = |key| {
        let found = state.parked_records.get(key).map(|(reason, class)| (reason.as_str(), class.as_str()));
        found == wanted.get(key).map(|park| (park.reason, park.class))
    };
    keys.into_iter().filter(|key| !is_right(key)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator::estate::{ComplianceRecord, Failure, RecordKey, sample};
    use time::OffsetDateTime;

    #[test]
    fn a_record_is_rightly_parked_only_with_its_own_reason_and_class() {
        let mut estate = sample(OffsetDateTime::UNIX_EPOCH);
        estate.records.clear();
        let assignment = estate.assignments.iter().find(|one| one.id.name() == "Enforce-TLS").unwrap().id.clone();
        let scope = assignment.parent_scope();
        let key = |name: &str| {
            let id = format!("{scope}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{name}");
            RecordKey::new(id, assignment.clone(), None)
        };
        let record = |name: &str| ComplianceRecord::non_compliant(key(name), OffsetDateTime::UNIX_EPOCH);
        let estate = estate
            .with_record(record("good"))
            .with_record(record("bad").always_failing(Failure::invalid_template_deployment()))
            .with_record(record("barred").always_failing(Failure::authorization_failed("p", "s")));
        let permanent = ("bad", "permanentFailure", "permanent");
        let permission = ("barred", "missingPermission", "permission");
        for (parked, wrong) in [
            (vec![permanent, permission], 0),
            (vec![permanent], 1),
            (vec![permanent, permission, ("good", "canceled", "")], 1),
            (vec![permanent, ("barred", "permanentFailure", "permanent")], 1),
            (vec![("bad", "permanentFailure", "transient"), ("barred", "attemptsUsedUp", "permission")], 2),
        ] {
            let words =
                |(name, reason, class): &(&str, &str, &str)| (key(name), (reason.to_string(), class.to_string()));
            let state = StateTally { parked_records: parked.iter().map(words).collect(), ..StateTally::default() };
            assert_eq!(wrongly_parked(&estate, &state), wrong, "{parked:?}");
        }
    }
}
