//! The time of a decision, by all clocks that there are. Two machines never compare their own clocks: what one leaves to the
//! other is timed by the clock of storage, which both see.

use std::time::Duration;

use super::timestamp::Timestamp;

/// The time of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// This machine's clock: for what is due, and what is told.
    pub now: Timestamp,
    /// Storage's clock shows at least this.
    pub stored_after: Timestamp,
    /// And at most this.
    pub stored_before: Timestamp,
    /// How long the process has been running, at most: by whichever clock went faster while it ran, or stood still.
    pub running: Duration,
}

impl Moment {
    /// When storage's clock shows what this machine's shows at `local`.
    #[must_use]
    pub fn stored(&self, local: Timestamp) -> Timestamp {
        if self.clocks_agree() { local } else { self.stored_before + (local - self.now) }
    }

    /// When this machine's clock shows what storage's shows at `stored`.
    #[must_use]
    pub fn local(&self, stored: Timestamp) -> Timestamp {
        if self.clocks_agree() { stored } else { self.now.saturating_add(stored - self.stored_after) }
    }

    /// What time it can be at most, by any clock: only what is later is of the future.
    #[must_use]
    pub fn latest(&self) -> Timestamp {
        self.now.max(self.stored_before)
    }

    /// Whether the clocks show the same, as far as it can be told.
    fn clocks_agree(&self) -> bool {
        (self.stored_after..=self.stored_before).contains(&self.now)
    }
}

impl From<Timestamp> for Moment {
    /// The time where all clocks agree.
    fn from(now: Timestamp) -> Self {
        let running = Duration::try_from(now - Timestamp::UNIX_EPOCH).unwrap_or_default();
        Self { now, stored_after: now, stored_before: now, running }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_time_is_carried_over_to_the_other_clock_and_never_comes_earlier() {
        let (now, second) = (datetime!(2026-11-21 07:00 UTC), Duration::from_secs(1));
        let moment = |ahead: time::Duration| Moment {
            now: now + ahead,
            stored_after: now - second / 2,
            stored_before: now + second / 2,
            running: second,
        };
        assert_eq!((moment(time::Duration::ZERO).stored(now), moment(time::Duration::ZERO).local(now)), (now, now));
        for ahead in [-900, -2, 2, 900].map(time::Duration::seconds) {
            let moment = moment(ahead);
            let until = moment.now + 60 * second;
            assert_eq!(moment.stored(until), now + 60 * second + second / 2);
            assert!(moment.local(moment.stored(until)) >= until);
        }
    }
}
