//! One call at a time to each subscription, and none before the time until which it is to be left alone, because a 429 told so
//! or because little of a budget was left. In this way no call can slip out after a 429 of another, and one customer's
//! throttling or slowness never holds another's calls. The floor can be asked for without waiting for a turn, so that nothing
//! is begun that needs a call which the queue would hold. What must leave soon, a task that is written down as opening, waits for
//! the call that is under way and for no other: a pass that was begun is finished first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use remediation::time::Timestamp;

use super::call::QuotaScope;

/// The queue for the calls of a quota.
#[derive(Debug, Default)]
struct CallQueue {
    /// Whoever has time waits here first, so that one of them at most is in the way of what must leave soon.
    line: Arc<tokio::sync::Mutex<()>>,
    turn: Arc<tokio::sync::Mutex<()>>,
    /// When the quota may be called again; none: at once.
    floor: Mutex<Option<Timestamp>>,
}

/// The queues of all quotas.
#[derive(Debug, Default)]
pub(super) struct CallQueues {
    all: Mutex<HashMap<QuotaScope, Arc<CallQueue>>>,
}

/// The right to make one call; held until its answer is in.
#[derive(Debug)]
pub(super) struct Turn {
    call_queue: Arc<CallQueue>,
    // In this order they are given back: who waits for the turn itself has it before the next of the line asks for it.
    _held: OwnedMutexGuard<()>,
    _line: Option<OwnedMutexGuard<()>>,
}

impl CallQueues {
    /// Waits for the quota's turn. Later callers wait behind earlier ones, and behind those who are in a `hurry`.
    pub(super) async fn turn(&self, quota: &QuotaScope, hurry: bool) -> Turn {
        let call_queue = self.call_queue(quota);
        let line = if hurry { None } else { Some(Arc::clone(&call_queue.line).lock_owned().await) };
        let held = Arc::clone(&call_queue.turn).lock_owned().await;
        Turn { call_queue, _held: held, _line: line }
    }

    /// The quota's floor that is still ahead, if any, whoever has the turn.
    pub(super) fn floor(&self, quota: &QuotaScope, now: Timestamp) -> Option<Timestamp> {
        self.call_queue(quota).floor(now)
    }

    fn call_queue(&self, quota: &QuotaScope) -> Arc<CallQueue> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(quota.clone()).or_default())
    }
}

impl CallQueue {
    fn floor(&self, now: Timestamp) -> Option<Timestamp> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner).filter(|floor| *floor > now)
    }
}

impl Turn {
    /// The floor that is still ahead, if any.
    pub(super) fn floor(&self, now: Timestamp) -> Option<Timestamp> {
        self.call_queue.floor(now)
    }

    /// Keeps later calls back until then.
    pub(super) fn close(&mut self, until: Timestamp) {
        let mut floor = self.call_queue.floor.lock().unwrap_or_else(PoisonError::into_inner);
        *floor = Some(floor.map_or(until, |floor| floor.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fixture::target;
    use remediation::time::parse_time;

    #[tokio::test]
    async fn a_floor_is_seen_by_everybody_at_once_and_only_for_its_account() {
        let queues = CallQueues::default();
        let quota = QuotaScope::Subscription(target().subscription().clone());
        let now = parse_time("2026-11-21T07:00:00Z").unwrap();
        let later = now + time::Duration::seconds(5);
        let mut turn = queues.turn(&quota, false).await;
        assert_eq!(queues.floor(&quota, now), None);
        turn.close(later);
        turn.close(now);
        assert_eq!(queues.floor(&quota, now), Some(later), "while the turn is held; the later floor stays");
        assert_eq!(turn.floor(now), Some(later));
        assert_eq!((queues.floor(&QuotaScope::Tenant, now), queues.floor(&quota, later)), (None, None));
        drop(turn);
        assert_eq!(queues.turn(&quota, true).await.floor(now), Some(later));
    }

    #[tokio::test]
    async fn what_must_leave_soon_waits_for_the_call_that_is_under_way_alone() {
        let queues = Arc::new(CallQueues::default());
        let quota = QuotaScope::Subscription(target().subscription().clone());
        let under_way = queues.turn(&quota, false).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut callers = tokio::task::JoinSet::new();
        for (name, hurry) in [("first", false), ("second", false), ("third", false), ("soon", true)] {
            let (queues, quota, order) = (Arc::clone(&queues), quota.clone(), Arc::clone(&order));
            callers.spawn(async move {
                let _turn = queues.turn(&quota, hurry).await;
                order.lock().unwrap().push(name);
            });
            // Each is in its line before the next one comes.
            tokio::task::yield_now().await;
        }
        drop(under_way);
        callers.join_all().await;
        assert_eq!(*order.lock().unwrap(), ["soon", "first", "second", "third"]);
    }
}
