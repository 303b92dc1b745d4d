//! Seats for looks at targets: so many in all, fewer of one subscription, one a target. They outlast an invocation, because a
//! slow look does too.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::resource::{SubscriptionId, Target, TargetHash};

/// Looks at the same time.
const ALL: usize = 16;
/// Of these, at targets of one subscription.
const OF_ONE_SUBSCRIPTION: usize = 4;

/// The seats of one instance.
pub struct Seats {
    all: Arc<Semaphore>,
    own: Mutex<HashMap<SubscriptionId, Arc<Semaphore>>>,
    taken: Arc<Mutex<HashSet<TargetHash>>>,
}

impl Default for Seats {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(ALL)), own: Mutex::default(), taken: Arc::default() }
    }
}

/// The right to look at a target. A look that takes long gives `of_all` back and keeps the rest.
pub struct Seat {
    /// Of all looks.
    pub of_all: Option<OwnedSemaphorePermit>,
    /// Of the subscription and of the target.
    pub own: OwnSeat,
}

/// The right to look at this target, one of a few of its subscription.
pub struct OwnSeat {
    target: TargetHash,
    taken: Arc<Mutex<HashSet<TargetHash>>>,
    _of_subscription: Option<OwnedSemaphorePermit>,
}

impl Seats {
    /// Waits for a seat. None when the target is being looked at already.
    pub async fn take(&self, target: &Target) -> Option<Seat> {
        let hash = target.hash();
        if !self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(hash.clone()) {
            return None;
        }
        let mut own = OwnSeat { target: hash, taken: Arc::clone(&self.taken), _of_subscription: None };
        let of_subscription = {
            let mut all = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            let seats = all
                .entry(target.subscription().clone())
                .or_insert_with(|| Arc::new(Semaphore::new(OF_ONE_SUBSCRIPTION)));
            Arc::clone(seats)
        };
        // First a seat of the subscription, then one of all: waiting for the first takes no seat from others.
        own._of_subscription = of_subscription.acquire_owned().await.ok();
        Some(Seat { of_all: Arc::clone(&self.all).acquire_owned().await.ok(), own })
    }
}

impl Drop for OwnSeat {
    fn drop(&mut self) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remediation::fixture;
    use std::time::Duration;

    fn target(name: usize) -> Target {
        let reference = Some(format!("r{name}").parse().unwrap());
        Target { policy_definition_reference_id: reference, ..fixture::target() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_subscription_and_a_target_have_their_own_limits() {
        let seats = Seats::default();
        let mut held = Vec::new();
        for name in 0..OF_ONE_SUBSCRIPTION {
            held.push(seats.take(&target(name)).await.unwrap());
        }
        assert!(seats.take(&target(0)).await.is_none(), "it is being looked at");
        let wait = Duration::from_secs(1);
        assert!(tokio::time::timeout(wait, seats.take(&target(9))).await.is_err(), "the subscription is full");
        drop(held.pop());
        assert!(tokio::time::timeout(wait, seats.take(&target(9))).await.is_ok_and(|seat| seat.is_some()));
    }
}
