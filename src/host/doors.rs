//! The way in for invocations. Once the worker is asked to end, those that are begun may end, and no further one begins: it is
//! held, not refused, and fails when the process ends. The host would take a refused connection for a failure and deliver again
//! at once, many times a second.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// More than there ever are at a time.
const SEATS: u32 = 1 << 20;

/// Clones are the same doors.
#[derive(Clone)]
pub(super) struct Doors(Arc<Semaphore>);

impl Doors {
    pub(super) fn open() -> Self {
        Self(Arc::new(Semaphore::new(SEATS as usize)))
    }

    /// Lets an invocation in, and counts it until it drops what it was given. None: the doors are closed for good.
    pub(super) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).acquire_owned().await.ok()
    }

    /// Lets nobody in any more, and waits for those inside, but not longer than `patience`. Whether all have left.
    pub(super) async fn close(&self, patience: Duration) -> bool {
        // Permits are given in the order in which they are asked for, so nobody gets one after this.
        let mut all = pin!(self.0.acquire_many(SEATS));
        let taken = timeout(patience, &mut all).await;
        // Closed before the permits, or the place in the row for them, are given up.
        self.0.close();
        matches!(taken, Ok(Ok(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(8);

    #[tokio::test(start_paused = true)]
    async fn who_is_inside_may_end_and_nobody_enters_any_more() {
        let doors = Doors::open();
        let (inside, closing) = (doors.enter().await, doors.clone());
        let closing = tokio::spawn(async move { closing.close(PATIENCE).await });
        tokio::task::yield_now().await;
        let late = timeout(Duration::from_secs(1), doors.enter());
        assert!(late.await.is_err() && !closing.is_finished(), "held while another is inside");
        drop(inside);
        assert!(closing.await.unwrap());
        assert!(doors.enter().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_stays_too_long_is_not_waited_for() {
        let doors = Doors::open();
        let _inside = doors.enter().await;
        let begun = tokio::time::Instant::now();
        assert!(!doors.close(PATIENCE).await);
        assert_eq!(begun.elapsed(), PATIENCE);
        assert!(doors.enter().await.is_none());
    }
}
