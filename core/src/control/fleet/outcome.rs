//! What became of a task that had booked, as the difference between the target's document before and after a write that is done with it.

use crate::document::{EntryState, ParkReason, TargetDocument, TaskPhase, Unreported};
use crate::id::IdDigest;

/// So many are kept until they are reported. A target has one task at a time, and reports before it opens another.
const MOST: usize = 20;

/// Notes the outcome of the task that the write is done with, if that had booked; its fixes, where first steps wait for them to be
/// confirmed.
pub(crate) fn note_outcome(before: &TargetDocument, after: &mut TargetDocument, verifies: bool) {
    let Some(active) = before.active.as_ref().filter(|active| active.booked) else { return };
    if after.active.as_ref().is_some_and(|still| still.name == active.name) {
        return;
    }
    // What failed waits with its target where that is parked for it.
    let is_of_policy =
        |document: &TargetDocument| document.parked.as_ref().is_some_and(|park| park.reason == ParkReason::PolicyFails);
    let policy_fails = is_of_policy(after) && !is_of_policy(before);
    let (mut tried, mut given_back) = (Vec::new(), Vec::new());
    for id in before.in_task() {
        let was_tried = after.resources.get(id).is_some_and(|entry| match &entry.state {
            EntryState::Fixed { .. } => true,
            EntryState::Parked { reason, .. } => is_of_the_policy(*reason),
            // It failed, and is tried again in the place that it has.
            EntryState::Waiting { .. } => {
                policy_fails || before.resources.get(id).is_some_and(|was| entry.attempt > was.attempt)
            }
            EntryState::InTask | EntryState::Skipped { .. } => false,
        });
        if was_tried { &mut tried } else { &mut given_back }.push(IdDigest::from(id));
    }
    let (mut fixed, mut failed) = (0, 0);
    for entry in before.in_task().filter_map(|id| after.resources.get(id)) {
        match &entry.state {
            // What it fixed of late did not last: somebody else undoes it.
            EntryState::Fixed { .. } if entry.fixes.len() > 1 => failed += 1,
            EntryState::Fixed { .. } => fixed += 1,
            EntryState::Parked { reason, .. } if is_of_the_policy(*reason) => failed += 1,
            EntryState::Waiting { .. } if policy_fails => failed += 1,
            EntryState::Parked { .. }
            | EntryState::Waiting { .. }
            | EntryState::InTask
            | EntryState::Skipped { .. } => {}
        }
    }
    // What was never asked for has taken nothing. What may have been is looked for first, and then it is known.
    let is_void = active.phase == TaskPhase::Opening && after.history.len() == before.history.len();
    let mut fixes = Vec::new();
    for id in before.in_task().filter(|_| !is_void) {
        let Some(entry) = after.resources.get_mut(id) else { continue };
        entry.fix_awaited = None;
        if verifies && matches!(entry.state, EntryState::Fixed { verified_at: None, .. }) {
            fixes.push(IdDigest::from(id));
        }
    }
    after.unreported.push(Unreported { task: active.name.clone(), is_void, tried, given_back, fixed, failed, fixes });
    let surplus = after.unreported.len().saturating_sub(MOST);
    after.unreported.drain(..surplus);
}

pub(super) fn is_of_the_policy(reason: ParkReason) -> bool {
    matches!(
        reason,
        ParkReason::PermanentFailure
            | ParkReason::AttemptsUsedUp
            | ParkReason::Flapping
            | ParkReason::FixDidNotHelp
            | ParkReason::PermanentConflict
    )
}
