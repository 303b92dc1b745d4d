//! How fast the passes of one subscription follow each other, and so when one that finds no permit should come again: each at a
//! time of its own, so that the permit is never empty while many wait, nor are all back at once. Pure: times come in.

use std::time::Duration;

use tokio::time::Instant;

/// Looks at one subscription at the same time. Its calls go one at a time, so more would only take longer each; of two, one writes
/// its documents while the other asks.
pub(super) const SEATS: u32 = 2;
/// What a pass is taken to last before one has ended.
const UNKNOWN: Duration = Duration::from_millis(500);
/// Share of the time of a pass after which the next who waits comes again: rather too early than too late.
const EAGER: f64 = 0.8;
/// Longest time after which one comes again. When more wait than have their turn until then, the others fill its second half
/// over and over.
const LONGEST: Duration = Duration::from_secs(120);

/// The pace of one subscription.
#[derive(Debug)]
pub(super) struct Pace {
    /// How many wait for a permit.
    pub(super) waiting: u32,
    /// How many have one.
    seated: u32,
    /// How long the last passes had one, the latest most.
    pass: Duration,
    /// Since when the last of them has it.
    since: Option<Instant>,
    /// When the last who was sent away comes again.
    next: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { waiting: 0, seated: 0, pass: UNKNOWN, since: None, next: None }
    }
}

impl Pace {
    /// A pass has a permit.
    pub(super) fn begin(&mut self, now: Instant) {
        (self.since, self.seated) = (Some(now), self.seated + 1);
    }

    /// It had it for so long.
    pub(super) fn end(&mut self, lasted: Duration) {
        self.seated = self.seated.saturating_sub(1);
        self.pass = (self.pass + lasted) / 2;
    }

    /// Whether one more who waits may expect to have a permit in time.
    pub(super) fn is_hopeful(&self, now: Instant, until: Instant) -> bool {
        let wait = self.rest(now) + self.pass * self.waiting / SEATS;
        wait.is_zero() || now + wait < until
    }

    /// How long it takes until a permit is free. One that has lasted longer than the others may well last as long again.
    fn rest(&self, now: Instant) -> Duration {
        if self.seated < SEATS {
            return Duration::ZERO;
        }
        let lasted = self.lasted(now);
        if lasted < self.pass { (self.pass - lasted) / SEATS } else { lasted }
    }

    /// How long the last who came sits there, where none is free.
    fn lasted(&self, now: Instant) -> Duration {
        let since = self.since.filter(|_| self.seated >= SEATS);
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// After which time the next who finds no permit is to come again.
    pub(super) fn later(&mut self, now: Instant) -> Duration {
        let step = self.pass.max(self.lasted(now)).mul_f64(EAGER) / SEATS;
        let mut next = self.next.map_or(now, |next| next.max(now)) + step;
        if next > now + LONGEST {
            next = now + LONGEST / 2 + step.min(LONGEST / 2);
        }
        self.next = Some(next);
        next - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn those_who_are_sent_away_come_again_one_by_one_as_fast_as_looks_end() {
        let now = Instant::now();
        let mut pace = Pace::default();
        (0..20).for_each(|_| pace.end(2 * SECOND * SEATS));
        let times: Vec<_> = (0..10).map(|_| pace.later(now)).collect();
        assert!(times[0] < 2 * SECOND, "{times:?}");
        for pair in times.windows(2) {
            assert!((SECOND..2 * SECOND).contains(&(pair[1] - pair[0])), "{times:?}");
        }
        let (much_later, soon) = (now + 60 * SECOND, 2 * SECOND);
        assert!(pace.later(much_later) < soon, "what is past keeps nobody waiting");
    }

    #[test]
    fn however_many_wait_each_comes_within_two_minutes_and_never_all_at_once() {
        let now = Instant::now();
        let mut pace = Pace::default();
        (0..20).for_each(|_| pace.end(SECOND * SEATS));
        let times: Vec<_> = (0..2_000).map(|_| pace.later(now)).collect();
        assert!(times.iter().all(|time| *time <= LONGEST));
        let most = (0..=120).map(|second| times.iter().filter(|time| time.as_secs() == second).count()).max();
        assert!(most < Some(60), "{most:?} in one second");
    }

    #[test]
    fn nobody_waits_for_one_who_sits_there_for_long() {
        let now = Instant::now();
        let mut pace = Pace::default();
        assert!(pace.is_hopeful(now, now + SECOND));
        (0..SEATS).for_each(|_| pace.begin(now));
        assert!(pace.is_hopeful(now, now + SECOND));
        assert!(!pace.is_hopeful(now + 2 * SECOND, now + 3 * SECOND));
        pace.waiting = 6 * SEATS;
        assert!(!pace.is_hopeful(now, now + 3 * SECOND));
        assert!(pace.later(now + 15 * SECOND) > 5 * SECOND, "and comes again when it may have gone");
    }
}
