//! The instances of Resource Manager in several regions: a call reaches any of them, and what was written in one is seen in
//! the others a little later. Whoever writes is told what is true; who reads may be told what was.

use fastrand::Rng;
use std::time::Duration;

/// How reads lag behind writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regions {
    /// How many there are.
    pub count: u32,
    /// How long it takes until what one has written is seen in the others.
    pub lag: Duration,
    /// The same seed and the same calls reach the same regions.
    pub seed: u64,
}

/// Sends each call to a region.
#[derive(Debug)]
pub(crate) struct Placing {
    regions: Regions,
    random: Rng,
    here: u32,
}

impl Placing {
    pub(crate) fn new(regions: Regions) -> Self {
        Self { regions, random: Rng::with_seed(regions.seed), here: 0 }
    }

    /// The next call reaches some region.
    pub(crate) fn move_on(&mut self) {
        self.here = self.random.u32(..self.regions.count.max(1));
    }

    /// The region that the present call has reached.
    pub(crate) fn here(&self) -> u32 {
        self.here
    }

    /// How late what was written in a region is seen in that of the present call.
    pub(crate) fn lag(&self, written_in: u32) -> Duration {
        if written_in == self.here { Duration::ZERO } else { self.regions.lag }
    }
}

impl Default for Placing {
    /// One region.
    fn default() -> Self {
        Self::new(Regions { count: 1, lag: Duration::ZERO, seed: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_is_reached_and_only_the_others_lag() {
        let lag = Duration::from_secs(3);
        let mut placing = Placing::new(Regions { count: 3, lag, seed: 5 });
        let mut reached = std::collections::BTreeSet::new();
        for _ in 0..100 {
            placing.move_on();
            reached.insert(placing.here());
            let lags: Vec<Duration> = (0..3).map(|region| placing.lag(region)).collect();
            assert_eq!(lags.iter().filter(|one| **one == lag).count(), 2);
            assert_eq!(placing.lag(placing.here()), Duration::ZERO);
        }
        assert_eq!(reached.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
    }
}
