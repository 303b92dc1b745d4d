//! What became of a task that had booked, as the difference between the target's document before and after a write that is done with it.

use crate::document::{Entry, EntryState, ParkReason, TargetDocument, TaskName, TaskPhase, Unreported};
use crate::id::{IdDigest, ResourceId};

/// So many are kept until they are reported. A target has one task at a time, and reports before it opens another.
const MOST: usize = 20;

/// Notes the outcome of the task that the write is done with, if that had booked; its fixes, where first steps wait for them to be
/// confirmed. What a part of a long list of deployments tells is kept with the task until then.
pub(crate) fn note_outcome(before: &TargetDocument, after: &mut TargetDocument, verifies: bool) {
    let Some(active) = before.active.as_ref().filter(|active| active.booked) else { return };
    let goes_on = after.active.as_ref().is_some_and(|still| still.name == active.name);
    let is_known =
        |id: &&ResourceId| !goes_on || after.resources.get(*id).is_none_or(|entry| entry.state != EntryState::InTask);
    let known: Vec<ResourceId> = before.in_task().filter(is_known).cloned().collect();
    if goes_on && known.is_empty() {
        return;
    }
    let mut outcome = outcome_of(before, after, &active.name, &known);
    // What was never asked for has taken nothing. What may have been is looked for first, and then it is known.
    outcome.is_void = !goes_on && active.phase == TaskPhase::Opening && after.history.len() == before.history.len();
    for id in known.iter().filter(|_| !outcome.is_void) {
        let Some(entry) = after.resources.get_mut(id) else { continue };
        entry.fix_awaited = None;
        if verifies && matches!(entry.state, EntryState::Fixed { verified_at: None, .. }) {
            outcome.fixes.push(IdDigest::from(id));
        }
    }
    if let Some(earlier) = active.outcome.as_deref() {
        if parks_for_the_policy(before, after) {
            outcome.failed += waiting_of(after, &earlier.tried);
        }
        outcome.take_in(earlier);
    }
    if let Some(still) = after.active.as_mut().filter(|_| goes_on) {
        still.outcome = Some(Box::new(outcome));
        return;
    }
    after.unreported.push(outcome);
    let surplus = after.unreported.len().saturating_sub(MOST);
    after.unreported.drain(..surplus);
}

/// What became of these resources of the task.
fn outcome_of(before: &TargetDocument, after: &TargetDocument, task: &TaskName, known: &[ResourceId]) -> Unreported {
    // What failed waits with its target where that is parked for it.
    let policy_fails = parks_for_the_policy(before, after);
    let mut outcome = Unreported::nothing(task.clone());
    for id in known {
        let entry = after.resources.get(id);
        let was_tried = entry.is_some_and(|entry| match &entry.state {
            EntryState::Fixed { .. } => true,
            EntryState::Parked { reason, .. } => is_of_the_policy(*reason),
            // It failed, and is tried again in the place that it has.
            EntryState::Waiting { .. } => {
                policy_fails || before.resources.get(id).is_some_and(|was| entry.attempt > was.attempt)
            }
            EntryState::InTask | EntryState::Skipped { .. } => false,
        });
        if was_tried { &mut outcome.tried } else { &mut outcome.given_back }.push(IdDigest::from(id));
        match entry.map(|entry| (&entry.state, entry.fixes.len())) {
            // What it fixed of late did not last: somebody else undoes it.
            Some((EntryState::Fixed { .. }, 2..)) => outcome.failed += 1,
            Some((EntryState::Fixed { .. }, _)) => outcome.fixed += 1,
            Some((EntryState::Parked { reason, .. }, _)) if is_of_the_policy(*reason) => outcome.failed += 1,
            Some((EntryState::Waiting { .. }, _)) if policy_fails => outcome.failed += 1,
            Some(_) | None => {}
        }
    }
    outcome
}

/// Whether the write parks the target since its policy fails.
fn parks_for_the_policy(before: &TargetDocument, after: &TargetDocument) -> bool {
    let is_parked =
        |document: &TargetDocument| document.parked.as_ref().is_some_and(|park| park.reason == ParkReason::PolicyFails);
    is_parked(after) && !is_parked(before)
}

/// How many of these wait.
fn waiting_of(document: &TargetDocument, tried: &[IdDigest]) -> usize {
    let waits = |entry: &Entry| matches!(entry.state, EntryState::Waiting { .. });
    let waiting = document.resources.iter().filter(|(_, entry)| waits(entry));
    waiting.filter(|(id, _)| tried.contains(&IdDigest::from(*id))).count()
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
