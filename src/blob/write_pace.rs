//! How far apart an instance writes a document that others may write as well: the further, the more of them there are. It follows from
//! what they are seen to have written, before a race is lost, and from how often one is lost.

use std::time::Duration;

/// Writes of an instance are so far apart, unless it has written nothing for longer, and not further where races are lost.
const GATHERED_FOR: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(10)];
/// And so far where others are seen to write.
const SHARED: Duration = Duration::from_secs(7);
/// Whoever has written nothing for longer waits for so long at most: what many instances are woken for they all enter at once.
const FIRST_AFTER: Duration = Duration::from_millis(1_500);
/// By so much the pause grows with a lost race and shrinks with a won one: where it comes to rest, few races in a hundred are lost.
const LOST: f64 = 1.5;
const WON: f64 = 0.99;
/// By so much it shrinks where nobody else has written in between.
const ALONE: f64 = 0.8;

/// How far apart the writes of an instance are.
#[derive(Debug, Clone, Copy)]
pub(super) struct WritePace(Duration);

impl Default for WritePace {
    fn default() -> Self {
        Self(GATHERED_FOR[0])
    }
}

impl WritePace {
    /// How long to wait before the next write, where the last one was so long ago; `share` is drawn, from 0 to 1. Instances that began
    /// together must not go on in step.
    pub(super) fn wait(self, since: Option<Duration>, share: f64) -> Duration {
        let pause = self.0.mul_f64(0.75 + share / 2.0);
        match since {
            Some(since) if since < pause => pause - since,
            Some(_) | None if self.0 < SHARED => FIRST_AFTER.mul_f64(share),
            Some(_) | None => self.aside(share),
        }
    }

    /// How long others are let go first.
    pub(super) fn aside(self, share: f64) -> Duration {
        self.0.mul_f64(share / 2.0)
    }

    /// A race was lost.
    pub(super) fn lost(&mut self) {
        self.0 = self.0.mul_f64(LOST).clamp(SHARED, GATHERED_FOR[1]);
    }

    /// A race was won.
    pub(super) fn won(&mut self) {
        self.0 = self.0.mul_f64(WON).max(GATHERED_FOR[0]);
    }

    /// Others are seen to write. Whether that was not known.
    pub(super) fn shared(&mut self) -> bool {
        let is_news = self.0 < SHARED;
        self.0 = self.0.max(SHARED);
        is_news
    }

    /// Nobody else has written since the last look.
    pub(super) fn alone(&mut self) {
        self.0 = self.0.mul_f64(ALONE).max(GATHERED_FOR[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: Duration = GATHERED_FOR[0];
    const LONGEST: Duration = GATHERED_FOR[1];

    #[test]
    fn no_two_instances_go_in_step_and_who_has_written_nothing_for_long_writes_soon() {
        let alone = WritePace::default();
        let mut among_others = alone;
        assert!(among_others.shared() && !among_others.shared(), "that is news once");
        for (pace, pause, soon) in [(alone, SHORTEST, FIRST_AFTER), (among_others, SHARED, SHARED / 2)] {
            assert_eq!(pace.wait(Some(Duration::ZERO), 0.5), pause);
            assert_ne!(pace.wait(Some(Duration::ZERO), 0.1), pace.wait(Some(Duration::ZERO), 0.9));
            for since in [None, Some(LONGEST * 2)] {
                assert!(pace.wait(since, 0.0).is_zero() && pace.wait(since, 1.0) == soon, "{pace:?} {since:?}");
            }
            assert!(pace.aside(0.1) < pace.aside(0.9) && pace.aside(1.0) < pause);
        }
    }

    #[test]
    fn writes_are_further_apart_the_more_races_are_lost_and_near_again_when_nobody_else_writes() {
        let mut pace = WritePace::default();
        pace.lost();
        assert!(pace.0 >= SHARED, "whoever loses has met others");
        (0..9).for_each(|_| pace.lost());
        assert_eq!(pace.0, LONGEST, "a pass has no more time than that");
        (0..19).for_each(|_| pace.alone());
        assert_eq!(pace.0, SHORTEST);
        // Where three of a hundred are lost it neither grows nor shrinks.
        let mut pace = WritePace(Duration::from_secs(9));
        for _ in 0..3 {
            (0..40).for_each(|_| pace.won());
            pace.lost();
        }
        assert!((8..=9).contains(&pace.0.as_secs()), "{pace:?}");
    }
}
