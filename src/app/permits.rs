//! Permits for passes over targets: so many in all, two of a subscription, one a target. They outlast an invocation, because a slow
//! pass does too. Whoever finds no permit is told when there will be one, each at a time of its own.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use remediation::id::{SubscriptionId, Target, TargetHash};

use super::pace::{Pace, SEATS};

/// Looks at the same time. Each holds its target's document, which mostly is small.
const ALL: usize = 128;

/// The permits of one instance.
pub struct Permits {
    all: Arc<Semaphore>,
    own: Mutex<HashMap<SubscriptionId, Arc<Bench>>>,
    taken: Arc<Mutex<HashSet<TargetHash>>>,
}

impl Default for Permits {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(ALL)), own: Mutex::default(), taken: Arc::default() }
    }
}

/// The permits of a subscription, and those who wait for one.
struct Bench {
    permits: Arc<Semaphore>,
    pace: Mutex<Pace>,
}

impl Default for Bench {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(SEATS as usize)), pace: Mutex::default() }
    }
}

/// The right to look at a target. A pass that takes long gives `of_all` back, then `own`, and keeps `target` to its end.
pub struct Permit {
    /// Of all passes.
    pub of_all: Option<OwnedSemaphorePermit>,
    /// Of the subscription.
    pub own: OwnPermit,
    /// Of the target.
    pub target: TargetPermit,
}

/// The right to look at a target of this subscription.
pub struct OwnPermit {
    bench: Arc<Bench>,
    since: Instant,
    _of_subscription: Option<OwnedSemaphorePermit>,
}

/// The right to look at this target.
pub struct TargetPermit {
    target: TargetHash,
    taken: Arc<Mutex<HashSet<TargetHash>>>,
}

/// One who waits for a permit of a subscription.
struct Waiting<'a>(&'a Bench);

impl Permits {
    /// Waits for a permit until then, or not at all where that would be in vain.
    ///
    /// # Errors
    /// After which time to come again, when there is no permit or the target is being looked at already.
    pub async fn take(&self, target: &Target, until: Instant) -> Result<Permit, Duration> {
        let bench = self.bench(target.subscription());
        let Some(target) = self.of_target(target.hash()) else { return Err(bench.pace().later(Instant::now())) };
        if !bench.pace().is_hopeful(Instant::now(), until) {
            return Err(bench.pace().later(Instant::now()));
        }
        let waiting = Waiting::on(&bench);
        // First a permit of the subscription, then one of all: waiting for the first takes no permit from others.
        let permits = async {
            let own = Arc::clone(&bench.permits).acquire_owned().await.ok();
            (own, Arc::clone(&self.all).acquire_owned().await.ok())
        };
        let found = timeout_at(until, permits).await;
        drop(waiting);
        let Ok((of_subscription, of_all)) = found else { return Err(bench.pace().later(Instant::now())) };
        let since = Instant::now();
        bench.pace().begin(since);
        Ok(Permit { of_all, own: OwnPermit { bench, since, _of_subscription: of_subscription }, target })
    }

    fn bench(&self, subscription: &SubscriptionId) -> Arc<Bench> {
        let mut all = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(subscription.clone()).or_default())
    }

    fn of_target(&self, target: TargetHash) -> Option<TargetPermit> {
        let is_free = self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(target.clone());
        is_free.then(|| TargetPermit { target, taken: Arc::clone(&self.taken) })
    }
}

impl Bench {
    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Waiting<'a> {
    fn on(bench: &'a Bench) -> Self {
        bench.pace().waiting += 1;
        Self(bench)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.pace().waiting -= 1;
    }
}

impl Drop for OwnPermit {
    fn drop(&mut self) {
        self.bench.pace().end(self.since.elapsed());
    }
}

impl Drop for TargetPermit {
    fn drop(&mut self) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fixture;

    fn target(name: usize) -> Target {
        let reference = Some(format!("r{name}").parse().unwrap());
        Target { policy_definition_reference_id: reference, ..fixture::target() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_subscription_has_few_seats_a_target_one_and_who_comes_too_late_comes_again_at_a_time_of_its_own() {
        let permits = Permits::default();
        let within = |seconds| Instant::now() + Duration::from_secs(seconds);
        let Permit { of_all, own, target: looked_at } = permits.take(&target(0), within(3)).await.unwrap();
        drop(of_all);
        let _second = permits.take(&target(9), within(3)).await.unwrap();
        let others: Vec<_> = (1..6).map(target).collect();
        let later = futures::future::join_all(others.iter().map(|other| permits.take(other, within(3)))).await;
        let later: Vec<_> = later.into_iter().map(|permit| permit.err().unwrap()).collect();
        assert!(later.is_sorted() && later[0] < later[4], "{later:?}");
        let begun = Instant::now();
        assert!(permits.take(&target(6), within(3)).await.is_err(), "the subscription is slow");
        assert!(begun.elapsed().is_zero(), "it was not waited for");
        drop(own);
        assert!(permits.take(&target(0), within(3)).await.is_err(), "it is being looked at");
        drop(looked_at);
        assert!(permits.take(&target(0), within(3)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_takes_the_seat_when_it_is_given_back_and_who_gives_up_leaves_no_trace() {
        let permits = Permits::default();
        let soon = || Instant::now() + Duration::from_secs(2);
        let (first, _other) =
            (permits.take(&target(0), soon()).await.unwrap(), permits.take(&target(9), soon()).await.unwrap());
        let wanted = target(1);
        let (second, ()) = tokio::join!(permits.take(&wanted, soon()), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            drop(first);
        });
        assert!(second.is_ok());
        assert!(permits.take(&target(2), soon()).await.is_err());
        drop(second);
        assert_eq!(permits.bench(wanted.subscription()).pace().waiting, 0);
        assert!(permits.take(&target(2), soon()).await.is_ok());
    }
}
