//! Judges a run: the ledger, the tasks and the documents against the script of the estate.

use std::collections::HashSet;

use super::tally::StateTally;
use crate::estate::{Estate, RecordKey};
use crate::ledger::Entry;
use crate::resource_manager::{ResourceManager, WriteKind};
use crate::{LocalAzure, Service, judgement};

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
    let hopeless: HashSet<RecordKey> = judgement::hopeless(estate).into_iter().collect();
    Scores {
        arm_writes: accepted,
        refused_arm_writes: calls.iter().filter(is_put).filter(|call| call.status.is_some_and(|s| s >= 400)).count(),
        least_arm_writes: judgement::least_tasks(estate),
        arm_reads: calls.iter().filter(|call| !is_put(call)).count(),
        duplicate_tasks: judgement::troubled_too_often(estate, &manager.tasks(), |_| 0).len(),
        overlaps: manager.overlaps().len(),
        retry_after_violations: judgement::too_early(&calls).len(),
        wrongly_parked: hopeless.symmetric_difference(&state.parked_records).count(),
    }
}
