//! First question: whose time has come? Longest waiting first; what is blocked keeps its place but not its seat. What waits for
//! an evaluation has no time of its own: its `due` says when to look whether it was evaluated.

use std::time::Duration;

use crate::document::{Entry, EntryState, TargetDocument};
use crate::id::ResourceId;
use crate::time::Timestamp;

use super::conflicts::Blockers;

/// Most resources of a task (`filters.resourceIds`, api 2024-10-01).
const MOST: usize = 100;
/// Most windows that a wave waits for others.
const WINDOWS: u32 = 3;

/// Due resources, with the time of the evaluation that each waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) resources: Vec<(ResourceId, Timestamp)>,
}

impl Due {
    /// At most 100 due resources that nothing is known to block, of those for which this holds. None when there are none.
    pub(crate) fn of(
        document: &TargetDocument,
        blockers: &Blockers<'_>,
        now: Timestamp,
        holds: impl Fn(&ResourceId) -> bool,
    ) -> Option<Self> {
        let mut due: Vec<_> = waiting(document, now).filter(|(_, id, _)| holds(id) && !blockers.block(id)).collect();
        // What a batch run asks of its tasks reaches these alone: a wave is of one run, or of none.
        let options = |id: &ResourceId| document.resources.get(id).map(|entry| &entry.options);
        let first = options(due.iter().min()?.1);
        due.retain(|(_, id, _)| options(id) == first);
        if due.len() > MOST {
            // Only the first need an order; sorting all is most of the work for a large target.
            due.select_nth_unstable(MOST);
            due.truncate(MOST);
        }
        due.sort_unstable();
        let resources: Vec<_> = due.into_iter().map(|(_, id, observed_at)| (id.clone(), observed_at)).collect();
        (!resources.is_empty()).then_some(Self { resources })
    }

    /// At most 100 resources that wait for an evaluation, those first that were looked at least lately. None when there are none
    /// to look at now.
    pub(crate) fn not_evaluated(document: &TargetDocument, now: Timestamp) -> Option<Self> {
        let mut due: Vec<_> = due(document, now).filter(|(entry, _)| entry.not_evaluated_since().is_some()).collect();
        due.sort_by_key(|(entry, id)| (looked_at(entry), *id));
        let resources: Vec<_> = due.into_iter().take(MOST).map(|(entry, id)| (id.clone(), entry.observed_at)).collect();
        (!resources.is_empty()).then_some(Self { resources })
    }

    /// All due resources, whatever is in their way, and whatever they wait for.
    pub(crate) fn all(document: &TargetDocument, now: Timestamp) -> impl Iterator<Item = &ResourceId> {
        due(document, now).map(|(_, id)| id)
    }

    /// All waiting resources, due or not.
    pub(crate) fn or_later(document: &TargetDocument) -> impl Iterator<Item = &ResourceId> {
        let waits = |entry: &Entry| matches!(entry.state, EntryState::Waiting { .. });
        document.resources.iter().filter(move |(_, entry)| waits(entry)).map(|(id, _)| id)
    }

    /// Those of the wave for which this holds. None when there are none.
    pub(crate) fn only(mut self, holds: impl Fn(&ResourceId) -> bool) -> Option<Self> {
        self.resources.retain(|(id, _)| holds(id));
        (!self.resources.is_empty()).then_some(self)
    }

    /// The resources.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &ResourceId> {
        self.resources.iter().map(|(id, _)| id)
    }

    /// When a wave that is not full goes, if it waits for what comes due within a window: what comes together travels together.
    /// None when it goes now; it never waits longer than three windows.
    pub(crate) fn complete_at(document: &TargetDocument, window: Duration, now: Timestamp) -> Option<Timestamp> {
        let waits = |entry: &Entry| match entry.state {
            EntryState::Waiting { due }
                if entry.not_evaluated_since().is_none() && entry.deletion_asked_at().is_none() =>
            {
                Some(due)
            }
            _ => None,
        };
        let (due, later): (Vec<_>, Vec<_>) = document.resources.values().filter_map(waits).partition(|due| *due <= now);
        let next = later.into_iter().min().filter(|next| *next <= now + window)?;
        let first = due.iter().min()?;
        (due.len() < MOST && next <= *first + WINDOWS * window).then_some(next)
    }

    /// Since when the longest waiting of all due resources waits, blocked or not.
    pub(crate) fn longest_waiting(document: &TargetDocument, now: Timestamp) -> Option<Timestamp> {
        waiting(document, now).map(|(first_seen, _, _)| first_seen).min()
    }
}

fn waiting(document: &TargetDocument, now: Timestamp) -> impl Iterator<Item = (Timestamp, &ResourceId, Timestamp)> {
    let evaluated = due(document, now).filter(|(entry, _)| entry.not_evaluated_since().is_none());
    evaluated.map(|(entry, id)| (entry.first_seen, id, entry.observed_at))
}

fn looked_at(entry: &Entry) -> Option<Timestamp> {
    match entry.state {
        EntryState::Waiting { due } => Some(due),
        EntryState::InTask | EntryState::Fixed { .. } | EntryState::Parked { .. } | EntryState::Skipped { .. } => None,
    }
}

fn due(document: &TargetDocument, now: Timestamp) -> impl Iterator<Item = (&Entry, &ResourceId)> {
    document.resources.iter().filter_map(move |(id, entry)| match entry.state {
        EntryState::Waiting { due } if due <= now && entry.deletion_asked_at().is_none() => Some((entry, id)),
        EntryState::Waiting { .. }
        | EntryState::InTask
        | EntryState::Fixed { .. }
        | EntryState::Parked { .. }
        | EntryState::Skipped { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{now, resource, target};

    #[test]
    fn a_wave_waits_for_what_comes_soon_unless_it_is_full_or_has_waited_long() {
        let window = Duration::from_secs(60);
        let after = |seconds: i64| now() + time::Duration::seconds(seconds);
        let document = |dues: &[i64]| {
            let mut document = TargetDocument::new(target());
            let entry = |due: &i64| Entry::waiting(now(), after(*due));
            document.resources.extend(dues.iter().enumerate().map(|(n, due)| (resource(n), entry(due))));
            document
        };
        let full: Vec<i64> = std::iter::repeat_n(0, MOST).chain([60]).collect();
        for (dues, goes_at) in [
            (&[0][..], None),
            (&[0, 60], Some(60)),
            (&[0, 61], None),
            (&[60, 120], None),
            (&[-120, 60], Some(60)),
            (&[-121, 60], None),
            (&full, None),
        ] {
            assert_eq!(Due::complete_at(&document(dues), window, now()), goes_at.map(after), "{dues:?}");
        }
        assert_eq!(Due::complete_at(&document(&[0, 60]), Duration::ZERO, now()), None);
    }
}
