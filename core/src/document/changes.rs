//! What a write of a target document changed, resource by resource: the source of the log lines and of the sums by the hour, so
//! that what is logged and counted is exactly what was stored.

use crate::id::ResourceId;
use crate::time::Timestamp;

use super::entry::{Entry, EntryState};
use super::reasons::ParkReason;
use super::target_document::TargetDocument;

/// A resource that waits for a person or for time is told of from this time in a row on.
const TOLD_AFTER: u32 = 3;

/// A resource whose entry changed, or that the target's park holds now and did not before, or the other way round.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'a> {
    /// The resource.
    pub resource: &'a ResourceId,
    /// Its entry before, if there was one.
    pub before: Option<&'a Entry>,
    /// Its entry now. An entry is only dropped when its memory has expired, which is no news.
    pub after: &'a Entry,
    /// Whether it was held by the park of its target.
    pub was_held: bool,
    /// Whether it is held by the park of its target.
    pub is_held: bool,
}

/// The resources that stand differently in two versions of a document: state, attempt, or the hold of the target's park.
pub fn changes<'a>(before: &'a TargetDocument, after: &'a TargetDocument) -> impl Iterator<Item = Change<'a>> {
    // Both maps are in the order of their ids: going through them side by side is cheaper than looking each up.
    let mut earlier = before.resources.iter().peekable();
    after.resources.iter().filter_map(move |(resource, entry)| {
        while earlier.next_if(|(id, _)| *id < resource).is_some() {}
        let old = earlier.next_if(|(id, _)| *id == resource).map(|(_, entry)| entry);
        let was_held = old.is_some_and(|old| before.holds(old));
        let is_held = after.holds(entry);
        let same = old.is_some_and(|old| old.state.is_as(&entry.state) && old.attempt == entry.attempt);
        (!same || was_held != is_held).then_some(Change { resource, before: old, after: entry, was_held, is_held })
    })
}

impl Change<'_> {
    /// When the resource was fixed, if this write says so: also when it waits again already, having been seen non-compliant
    /// after the fix.
    #[must_use]
    pub fn new_fix(&self) -> Option<Timestamp> {
        let before = self.before.and_then(|entry| entry.fixes.last());
        self.after.fixes.last().filter(|fix| before.is_none_or(|before| before < *fix)).copied()
    }

    /// From observed to fixed, if this write says that the resource was fixed.
    #[must_use]
    pub fn seconds_to_fixed(&self) -> Option<f64> {
        let at = self.new_fix()?;
        Some((at - self.before.map_or(at, |entry| entry.first_seen)).as_seconds_f64())
    }

    /// From observed to verified, if this write says that a fix was verified.
    #[must_use]
    pub fn seconds_to_verified(&self) -> Option<f64> {
        let verified = |entry: &Entry| match entry.state {
            EntryState::Fixed { verified_at, .. } => verified_at,
            EntryState::Waiting { .. }
            | EntryState::InTask
            | EntryState::Parked { .. }
            | EntryState::Skipped { .. } => None,
        };
        let at = verified(self.after).filter(|_| self.before.and_then(verified).is_none())?;
        Some((at - self.after.first_seen).as_seconds_f64())
    }

    /// Whether the resource waits again after a task that did not fix it. Not when its whole target is parked.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        let was_in_task = self.before.is_some_and(|entry| entry.state == EntryState::InTask);
        self.is_counted_retry() || (was_in_task && self.goes_on_waiting())
    }

    /// Whether that is a further attempt: one was used up. A task for a whole scope may have taken what waited, or what was
    /// not even listed.
    #[must_use]
    pub fn is_counted_retry(&self) -> bool {
        self.goes_on_waiting() && self.after.attempt > self.before.map_or(1, |entry| entry.attempt)
    }

    fn goes_on_waiting(&self) -> bool {
        matches!(self.after.state, EntryState::Waiting { .. }) && !self.is_held && self.new_fix().is_none()
    }

    /// Whether the resource is parked now, by itself or with its target.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.is_held || matches!(self.after.state, EntryState::Parked { .. }) && !self.waits_quietly()
    }

    /// Whether the resource waits for a person or for time, and not often enough yet to tell anybody.
    #[must_use]
    pub fn waits_quietly(&self) -> bool {
        let waits = matches!(self.after.state, EntryState::Parked { reason: ParkReason::WaitingForResource, .. });
        waits && self.after.waits < TOLD_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{now, resource, target};

    #[test]
    fn an_attempt_that_was_used_up_is_a_retry_wherever_the_resource_was() {
        let waiting = |attempt| Entry { attempt, ..Entry::waiting(now(), now()) };
        let in_task = |attempt| Entry { state: EntryState::InTask, ..waiting(attempt) };
        let skipped = Entry { state: EntryState::skipped(crate::document::SkipReason::Compliant, now()), ..waiting(3) };
        for (before, after, is_retry, is_counted) in [
            (Some(in_task(1)), waiting(2), true, true),
            (Some(in_task(1)), waiting(1), true, false),
            (Some(waiting(1)), waiting(2), true, true),
            (None, waiting(2), true, true),
            (None, waiting(1), false, false),
            (Some(skipped), waiting(1), false, false),
        ] {
            let document = |entry: Option<Entry>| {
                let mut document = TargetDocument::new(target());
                document.resources.extend(entry.map(|entry| (resource(0), entry)));
                document
            };
            let (before, after) = (document(before), document(Some(after)));
            let found: Vec<_> =
                changes(&before, &after).map(|change| (change.is_retry(), change.is_counted_retry())).collect();
            assert_eq!(found, [(is_retry, is_counted)], "{before:?} {after:?}");
        }
    }

    #[test]
    fn what_is_neither_first_nor_last_is_found_among_its_neighbours() {
        let mut before = TargetDocument::new(target());
        before.resources.extend([1, 2, 5].map(|n| (resource(n), Entry::waiting(now(), now()))));
        let mut after = before.clone();
        after.resources.remove(&resource(1));
        after.resources.insert(resource(3), Entry::waiting(now(), now()));
        after.resources.get_mut(&resource(5)).unwrap().state = EntryState::InTask;
        let found: Vec<_> =
            changes(&before, &after).map(|change| (change.resource.clone(), change.before.is_some())).collect();
        assert_eq!(found, [(resource(3), false), (resource(5), true)]);
    }
}
