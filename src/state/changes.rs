//! What a write of a target document changed, resource by resource: the source of the log lines, so that what is logged
//! is exactly what was stored.

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
    after.resources.iter().filter_map(move |(resource, entry)| {
        let old = before.resources.get(resource);
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

    /// Whether the resource waits again after a task that did not fix it.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        let was_in_task = self.before.is_some_and(|entry| entry.state == EntryState::InTask);
        was_in_task && self.new_fix().is_none() && matches!(self.after.state, EntryState::Waiting { .. })
    }
}
