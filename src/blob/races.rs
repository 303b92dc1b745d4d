//! Races that need not be run. Several passes and batches of one process write the same documents: they write one after the other, and
//! whoever would replace a version that this process knows to be replaced is told so without a call. Who has lost may keep the others of
//! this process away while it reads and writes anew: a stream of batches would else be faster for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tokio::time::timeout;

use remediation::document::ETag;

use crate::azure::Deadline;
use crate::kept::Kept;

/// Most bytes of what is known.
const MOST: usize = 4 << 20;
/// What an entry takes beside its texts, by estimate.
const OF_ONE: usize = 200;
/// What was seen so lately is believed again and again.
const FRESH: Duration = Duration::from_secs(1);
/// Longest time to wait for one who reads and writes anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// What this process knows of the versions of blobs.
#[derive(Debug)]
pub(super) struct Races {
    latest: Kept<String, ETag>,
    writes: Turns,
    changes: Turns,
}

/// Turns at blobs, by their names.
#[derive(Debug, Default)]
struct Turns(Mutex<HashMap<String, Weak<Turn<()>>>>);

impl Default for Races {
    fn default() -> Self {
        Self { latest: Kept::at_most(MOST), writes: Turns::default(), changes: Turns::default() }
    }
}

impl Races {
    /// The blob was read or written under this ETag.
    pub(super) fn saw(&self, blob: &str, etag: &ETag) {
        self.latest.keep(&blob.to_owned(), etag.clone(), OF_ONE + blob.len() + etag.0.len());
    }

    /// The blob was deleted.
    pub(super) fn lost_sight_of(&self, blob: &str) {
        self.latest.forget(&blob.to_owned());
    }

    /// Whether a write that replaces this version, or none, is lost already. What is known may itself be old: then it is believed once.
    pub(super) fn is_lost(&self, blob: &str, replaces: Option<&ETag>) -> bool {
        let blob = blob.to_owned();
        let is_lost = self.latest.get(&blob, Duration::MAX).is_some_and(|latest| Some(&latest) != replaces);
        if is_lost && self.latest.get(&blob, FRESH).is_none() {
            self.latest.forget(&blob);
        }
        is_lost
    }

    /// The turn to write the blob; none when somebody else has it until the deadline: then storage decides.
    pub(super) async fn turn(&self, blob: &str, deadline: Deadline) -> Option<OwnedMutexGuard<()>> {
        self.writes.at(blob, deadline).await
    }

    /// The turn to read the blob and to write in its place. Nobody needs it, so nobody waits long for it.
    pub(super) async fn turn_to_change(&self, blob: &str, deadline: Deadline) -> Option<OwnedMutexGuard<()>> {
        self.changes.at(blob, deadline.within(PATIENCE)).await
    }
}

impl Turns {
    async fn at(&self, blob: &str, deadline: Deadline) -> Option<OwnedMutexGuard<()>> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if turns.len() >= 64 && turns.len().is_power_of_two() {
                turns.retain(|_, turn| turn.strong_count() > 0);
            }
            let known = turns.get(blob).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(blob.to_owned(), Arc::downgrade(&turn));
                turn
            })
        };
        timeout(deadline.left(), turn.lock_owned()).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_version_that_is_known_to_be_replaced_is_lost_once_and_writers_take_turns() {
        let (races, etag) = (Races::default(), |n: u32| ETag(n.to_string()));
        assert!(!races.is_lost("a", Some(&etag(1))) && !races.is_lost("a", None), "nothing is known");
        races.saw("a", &etag(2));
        assert!(!races.is_lost("a", Some(&etag(2))) && !races.is_lost("b", Some(&etag(1))));
        assert!(races.is_lost("a", Some(&etag(1))) && races.is_lost("a", Some(&etag(1))), "it is fresh");
        tokio::time::advance(FRESH).await;
        assert!(races.is_lost("a", Some(&etag(1))));
        assert!(!races.is_lost("a", Some(&etag(3))), "another process may have written since");
        races.saw("a", &etag(2));
        assert!(races.is_lost("a", None) && races.is_lost("a", None), "there is one already");
        tokio::time::advance(FRESH).await;
        assert!(races.is_lost("a", None));
        assert!(!races.is_lost("a", None), "another process may have deleted it since");
        races.saw("a", &etag(2));
        races.lost_sight_of("a");
        assert!(!races.is_lost("a", None), "it was deleted");
        let until = Deadline::after(Duration::from_secs(5));
        let first = races.turn("a", until).await;
        assert!(first.is_some() && races.turn("b", until).await.is_some());
        assert!(races.turn("a", until).await.is_none(), "the time is over");
        drop(first);
        assert!(races.turn("a", Deadline::after(Duration::from_secs(5))).await.is_some());
    }

    #[tokio::test]
    async fn turns_that_nobody_waits_for_are_forgotten() {
        let races = Races::default();
        for n in 0..1_000 {
            drop(races.turn(&n.to_string(), Deadline::after(Duration::from_secs(5))).await);
        }
        assert!(races.writes.0.lock().unwrap().len() <= 128);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_for_one_who_reads_and_writes_anew_and_its_own_write_for_nobody() {
        let races = Races::default();
        let until = Deadline::after(Duration::from_secs(150));
        let first = races.turn_to_change("a", until).await;
        assert!(first.is_some() && races.turn("a", until).await.is_some());
        let begun = tokio::time::Instant::now();
        assert!(races.turn_to_change("a", until).await.is_none() && begun.elapsed() < 2 * PATIENCE);
        drop(first);
        assert!(races.turn_to_change("a", until).await.is_some());
    }
}
