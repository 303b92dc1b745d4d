//! What is kept of timers: when they ran last and when they are due. The real host keeps it in a blob for each timer, which
//! outlives it, and in memory; the two differ before the first run. Recorded.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use time::{OffsetDateTime, macros::datetime};

use super::schedule::Schedule;

/// Before its first run a timer ran in the year 1.
const NEVER: OffsetDateTime = datetime!(0001-01-01 0:00 UTC);

/// What is kept of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// When it ran last.
    pub last: OffsetDateTime,
    /// When it is due.
    pub next: OffsetDateTime,
    /// When this was written.
    pub updated: OffsetDateTime,
}

/// The stored status of all timers. Clones share it, and it outlives the hosts that it is given to.
#[derive(Debug, Clone, Default)]
pub struct TimerStore(Arc<Mutex<HashMap<String, Status>>>);

/// The timers of one host.
#[derive(Debug, Default)]
pub(super) struct Timers {
    store: TimerStore,
    listening: TimerStore,
}

impl TimerStore {
    /// What is stored of a timer.
    pub fn get(&self, function: &str) -> Option<Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(function).copied()
    }

    /// Stores what another host would have left behind.
    pub fn put(&self, function: &str, status: Status) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(function.to_owned(), status);
    }
}

impl Timers {
    pub(super) fn of(store: TimerStore) -> Self {
        Self { store, listening: TimerStore::default() }
    }

    /// The host begins to listen for a timer. Whether it was due while no host ran.
    pub(super) fn begin(&self, function: &str, schedule: &Schedule, now: OffsetDateTime) -> bool {
        let Some(next) = schedule.next(now) else { return false };
        match self.store.get(function) {
            None => {
                self.store.put(function, Status { last: NEVER, next, updated: now });
                self.listening.put(function, Status { last: NEVER, next, updated: NEVER });
                false
            }
            Some(status) => {
                self.listening.put(function, status);
                status.next < now
            }
        }
    }

    /// What a scheduled run is told.
    pub(super) fn listening(&self, function: &str) -> Option<Status> {
        self.listening.get(function)
    }

    /// What a run by hand is told.
    pub(super) fn stored(&self, function: &str) -> Option<Status> {
        self.store.get(function)
    }

    /// A scheduled run, begun at this time, is over, however it ended.
    pub(super) fn ran(&self, function: &str, schedule: &Schedule, at: OffsetDateTime) {
        let Some(next) = schedule.next(at) else { return };
        let status = Status { last: at, next, updated: at };
        self.store.put(function, status);
        self.listening.put(function, status);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = datetime!(2026-11-25 23:24:28.7613392 UTC);
    const DUE: OffsetDateTime = datetime!(2026-11-25 23:30 UTC);
    const RAN: OffsetDateTime = datetime!(2026-11-25 23:30:00.0014959 UTC);

    #[test]
    fn a_timer_is_told_by_schedule_what_is_in_memory_and_by_hand_what_is_stored() {
        let (schedule, store) = ("0 */15 * * * *".parse().unwrap(), TimerStore::default());
        let timers = Timers::of(store.clone());
        assert!(!timers.begin("sweep", &schedule, START));
        assert_eq!(timers.stored("sweep"), Some(Status { last: NEVER, next: DUE, updated: START }));
        assert_eq!(timers.listening("sweep"), Some(Status { last: NEVER, next: DUE, updated: NEVER }));
        timers.ran("sweep", &schedule, RAN);
        let next = datetime!(2026-11-25 23:45 UTC);
        let ran = Status { last: RAN, next, updated: RAN };
        assert_eq!((timers.stored("sweep"), timers.listening("sweep")), (Some(ran), Some(ran)));
        // Another host, before it is due and after.
        let later = Timers::of(store.clone());
        assert!(
            !later.begin("sweep", &schedule, RAN) && later.begin("sweep", &schedule, next + time::Duration::SECOND)
        );
        assert_eq!(later.listening("sweep"), Some(ran), "it is told what the run was that it missed");
        assert_eq!(store.get("sweep"), Some(ran));
    }
}
