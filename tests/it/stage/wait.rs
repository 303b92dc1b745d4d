//! Waiting for a condition, with a limit. No test sleeps for anything else.

use std::time::{Duration, Instant};

/// Longest time that a test waits for one thing. Far more than needed: a failure should be one, not a slow machine; and a
/// look that took long before its worker was killed is only made up for after 40 s, by the wake-up that it left behind.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until the condition holds; fails with the words when it does not within [`PATIENCE`].
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "in vain waited for {PATIENCE:?} until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
