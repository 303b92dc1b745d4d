//! The times of the rounds of one measurement. A median, because a busy machine makes some rounds slow and none too fast.

use std::time::Duration;

/// Times of rounds.
#[derive(Default)]
pub(crate) struct Rounds(Vec<Duration>);

impl Rounds {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Fastest, median, slowest; zero when there was no round.
    pub(crate) fn summary(&self) -> [Duration; 3] {
        let mut times = self.0.clone();
        times.sort_unstable();
        let at = |place: usize| times.get(place).copied().unwrap_or_default();
        [at(0), at(times.len() / 2), at(times.len().saturating_sub(1))]
    }
}
