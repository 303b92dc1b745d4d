//! What a write of a target document changed, resource by resource: the source of the log lines and of the sums by the hour, so
//! that what is logged and counted is exactly what was stored.

use super::entry::{Entry, EntryState};
use super::target_document::TargetDocument;
use crate::event::Timestamp;
use crate::resource::ResourceId;

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
        let same = old.is_some_and(|old| old.state == entry.state && old.attempt == entry.attempt);
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
        let waits = matches!(self.after.state, EntryState::Waiting { .. }) && !self.is_held;
        was_in_task && waits && self.new_fix().is_none()
    }

    /// Whether that is a further attempt: one was used up.
    #[must_use]
    pub fn is_counted_retry(&self) -> bool {
        self.is_retry() && self.before.is_some_and(|entry| entry.attempt < self.after.attempt)
    }

    /// Whether the resource is parked now, by itself or with its target.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.is_held || matches!(self.after.state, EntryState::Parked { .. })
    }
}
