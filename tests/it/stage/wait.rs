//! Waiting for a condition, with a limit, and telling a story again until it has met what it is about. No test sleeps for
//! anything else.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Longest time that a test waits for one thing. Far more than needed: a failure should be one, not a slow machine; and a
/// look that took long before its worker was killed is only made up for after 40 s, by the wake-up that it left behind.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Seconds for what must be done before something else falls due: enough on an idle machine, and more and more on a busy one.
pub(crate) const LONGER_AND_LONGER: [u64; 4] = [4, 16, 60, 200];

/// Waits until the condition holds; fails with the words when it does not within [`PATIENCE`].
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        if condition() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "in vain waited for {PATIENCE:?} until {what}");
        // Whoever waits leaves the processor to those that are waited for.
        tokio::time::sleep((4 * asked.elapsed()).max(Duration::from_millis(10))).await;
    }
}

/// Longest time for what goes on all the while, on the slowest machine.
const LONG: Duration = Duration::from_secs(7_200);

/// The same where there is very much to do: it fails when for [`PATIENCE`] nothing went on.
pub(crate) async fn until_done(what: &str, mut goes_on: impl FnMut() -> usize, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    let mut last = (goes_on(), begun);
    loop {
        let asked = Instant::now();
        if condition() {
            return;
        }
        let count = goes_on();
        if count != last.0 {
            last = (count, Instant::now());
        }
        assert!(last.1.elapsed() < PATIENCE, "nothing went on for {PATIENCE:?}, waiting until {what}");
        assert!(begun.elapsed() < LONG, "in vain waited for {LONG:?} until {what}");
        tokio::time::sleep((4 * asked.elapsed()).max(Duration::from_millis(10))).await;
    }
}

/// Tells the story with one after the other until it has met the hardship that it is about: one that has not proves nothing.
pub(crate) async fn until_met<T: Copy + Debug>(
    hardship: &str,
    tries: impl IntoIterator<Item = T>,
    mut story: impl AsyncFnMut(T) -> bool,
) {
    let mut told = Vec::new();
    for one in tries {
        if story(one).await {
            return;
        }
        println!("with {one:?} this was not met: {hardship}");
        told.push(one);
    }
    panic!("with none of {told:?} this was met: {hardship}");
}
