//! The pauses of a loop that writes in place of what it has read: who loses reads again and decides again, but not at once, or a
//! few writers keep each other from ever getting through.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::retry::Deadline;

/// The first pause; each is twice the one before.
const SHORTEST: Duration = Duration::from_millis(20);
/// The longest pause, before jitter at most doubles it.
const LONGEST: Duration = Duration::from_secs(2);

/// So many lost races are always gone on from; their pauses last a second. What is begun late must be able to write its end.
const GRANTED: u32 = 5;

/// A write that others may be faster with, again and again.
#[derive(Debug)]
pub struct Contest {
    pauses: ExponentialBackoff,
    deadline: Deadline,
    lost: u32,
}

impl Contest {
    /// One that is given up at the deadline.
    #[must_use]
    pub fn until(deadline: Deadline) -> Self {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(SHORTEST)
            .with_max_delay(LONGEST)
            .with_jitter()
            .without_max_times()
            .build();
        Self { pauses, deadline, lost: 0 }
    }

    /// Waits a while after a lost race. False, at once, when the deadline leaves no time for that.
    pub async fn goes_on(&mut self) -> bool {
        let pause = self.pauses.next().unwrap_or(LONGEST);
        self.lost = self.lost.saturating_add(1);
        if self.lost > GRANTED && pause >= self.deadline.left() {
            return false;
        }
        tokio::time::sleep(pause).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_end_with_the_deadline() {
        let begun = Instant::now();
        let mut contest = Contest::until(Deadline::after(Duration::from_secs(60)));
        let mut lost = 0;
        while contest.goes_on().await {
            lost += 1;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        assert!((15..45).contains(&lost), "{lost}");
        let (begun, mut late) = (Instant::now(), Contest::until(Deadline::after(Duration::ZERO)));
        for _ in 0..GRANTED {
            assert!(late.goes_on().await);
        }
        assert!(!late.goes_on().await && begun.elapsed() < Duration::from_millis(1_300), "{:?}", begun.elapsed());
    }
}
