//! What became of each resource that stands differently.

use crate::document::{Change, Entry, EntryState, SkipReason, TargetDocument, TargetPark, changes};

use super::{DecisionEvent, ResourceEvent};

pub(super) fn events<'a>(
    before: &'a TargetDocument,
    after: &'a TargetDocument,
) -> impl Iterator<Item = DecisionEvent<'a>> {
    // A change has to do with the task that was active, or with the one that is now.
    let active = before.active.as_ref().or(after.active.as_ref());
    let task = active.map(|active| active.name.as_str()).unwrap_or_default();
    // What is only counted from now on is told for the last time.
    let is_noted = after.not_remediable.is_some();
    let waits = |entry: &Entry| matches!(entry.state, EntryState::Waiting { .. } | EntryState::Parked { .. });
    let counted = before
        .resources
        .iter()
        .filter(move |(id, entry)| is_noted && waits(entry) && !after.resources.contains_key(*id));
    let counted = counted.map(|(resource, entry)| DecisionEvent::Resource {
        resource,
        attempt: entry.attempt,
        task: "",
        what: ResourceEvent::Skipped { reason: SkipReason::NotRemediable },
    });
    let changed = changes(before, after).flat_map(move |change| {
        let fixed = change.seconds_to_fixed().map(|seconds| DecisionEvent::Resource {
            resource: change.resource,
            // That of the deployment: the entry may wait for its next one already.
            attempt: change.before.map_or(change.after.attempt, |entry| entry.attempt),
            task,
            what: ResourceEvent::Fixed { seconds },
        });
        let state = state(&change, after.parked.as_ref()).map(|what| DecisionEvent::Resource {
            resource: change.resource,
            attempt: change.after.attempt,
            task,
            what,
        });
        [fixed, state].into_iter().flatten()
    });
    changed.chain(counted)
}

fn state<'a>(change: &Change<'a>, park: Option<&'a TargetPark>) -> Option<ResourceEvent<'a>> {
    if let Some(park) = park.filter(|_| change.is_held) {
        return Some(ResourceEvent::ParkedWithTarget { park });
    }
    match &change.after.state {
        EntryState::Waiting { due } if change.is_counted_retry() => {
            let failure = change.after.last_failure.as_ref();
            Some(ResourceEvent::Retry {
                class: failure.and_then(|failure| failure.class),
                words: failure.map(|failure| failure.words.as_str()).unwrap_or_default(),
                due: *due,
            })
        }
        EntryState::Waiting { due } if change.is_retry() => Some(ResourceEvent::Blocked { due: *due }),
        // Only the time of the next pass over it is new.
        EntryState::Waiting { .. } if change.after.not_evaluated_since().is_some() => None,
        EntryState::Waiting { due } => Some(ResourceEvent::Waiting { reason: why_waiting(change), due: *due }),
        EntryState::InTask => Some(ResourceEvent::InTask),
        // The fix itself is told before.
        EntryState::Fixed { .. } => change.seconds_to_verified().map(|seconds| ResourceEvent::Verified { seconds }),
        EntryState::Parked { reason, until, .. } if change.waits_quietly() => {
            Some(ResourceEvent::Waiting { reason: reason.as_str(), due: *until })
        }
        EntryState::Parked { reason, class, words, hint, until } => {
            Some(ResourceEvent::Parked { reason: *reason, class: *class, words, hint, until: *until })
        }
        EntryState::Skipped { reason, .. } => Some(ResourceEvent::Skipped { reason: *reason }),
    }
}

/// Why a resource waits that did not come from a failed attempt.
fn why_waiting(change: &Change<'_>) -> &'static str {
    match change.before.map(|entry| &entry.state) {
        None => "new",
        Some(state) if state.is_left_out() => "letIn",
        Some(EntryState::Fixed { .. }) if change.after.last_failure.is_some() => "fixDidNotHelp",
        Some(EntryState::Fixed { .. } | EntryState::Skipped { .. }) => "again",
        Some(EntryState::InTask) => "fixDidNotLast",
        Some(EntryState::Parked { .. }) => "parkOver",
        Some(EntryState::Waiting { .. }) if change.was_held => "targetParkOver",
        Some(EntryState::Waiting { .. }) => "evaluated",
    }
}
