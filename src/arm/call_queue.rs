//! One call at a time to each subscription, and none before the time until which it is to be left alone, because a 429 told so
//! or because little of a budget was left. In this way no call can slip out after a 429 of another, and one customer's
//! throttling or slowness never holds another's calls. The floor can be asked for without waiting for a turn, so that nothing
//! is begun that needs a call which the queue would hold. What must leave soon, a task that is written down as opening, waits for
//! the call that is under way and for no other, and from the time when it is about to be written down no other call is begun: a pass
//! that was begun is finished first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, watch};
use tokio::time::timeout;

use remediation::time::Timestamp;

use super::call::QuotaScope;

/// For so long others give way to what must leave soon. What takes longer waits for storage, and must not hold them.
const LONGEST_HURRY: Duration = Duration::from_secs(5);

/// The queue for the calls of a quota.
#[derive(Debug, Default)]
struct CallQueue {
    /// Whoever has time waits here first, so that one of them at most is in the way of what must leave soon.
    line: Arc<tokio::sync::Mutex<()>>,
    turn: Arc<tokio::sync::Mutex<()>>,
    /// When the quota may be called again; none: at once.
    floor: Mutex<Option<Timestamp>>,
    /// How many are about to make a call that must leave soon.
    hurrying: watch::Sender<usize>,
}

/// The queues of all quotas.
#[derive(Debug, Default)]
pub(super) struct CallQueues {
    all: Mutex<HashMap<QuotaScope, Arc<CallQueue>>>,
}

/// A place before all others but the call that is under way.
#[derive(Debug)]
pub(super) struct Place {
    call_queue: Arc<CallQueue>,
    line: Option<OwnedMutexGuard<()>>,
}

/// The right to make one call; held until its answer is in.
#[derive(Debug)]
pub(super) struct Turn {
    call_queue: Arc<CallQueue>,
    // In this order they are given back: who waits for the turn itself has it before the next of the line asks for it.
    held: OwnedMutexGuard<()>,
    line: Option<OwnedMutexGuard<()>>,
}

/// As long as it is there, only calls that must leave soon are begun.
#[derive(Debug)]
pub struct Hurry(Arc<CallQueue>);

impl Drop for Hurry {
    fn drop(&mut self) {
        self.0.hurrying.send_modify(|hurrying| *hurrying -= 1);
    }
}

impl CallQueues {
    /// Waits for a place. Later callers wait behind earlier ones, and behind those who are in a `hurry`.
    pub(super) async fn place(&self, quota: &QuotaScope, hurry: bool) -> Place {
        let call_queue = self.call_queue(quota);
        let line = if hurry { None } else { Some(Arc::clone(&call_queue.line).lock_owned().await) };
        Place { call_queue, line }
    }

    /// Keeps the quota for calls that must leave soon.
    pub(super) fn hurry(&self, quota: &QuotaScope) -> Hurry {
        let call_queue = self.call_queue(quota);
        call_queue.hurrying.send_modify(|hurrying| *hurrying += 1);
        Hurry(call_queue)
    }

    /// The quota's floor that is still ahead, if any, whoever has the turn.
    pub(super) fn floor(&self, quota: &QuotaScope, now: Timestamp) -> Option<Timestamp> {
        self.call_queue(quota).floor(now)
    }

    /// Whether the quota had to rest after that time.
    pub(super) fn rested_after(&self, quota: &QuotaScope, time: Timestamp) -> bool {
        self.call_queue(quota).floor(time).is_some()
    }

    fn call_queue(&self, quota: &QuotaScope) -> Arc<CallQueue> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(quota.clone()).or_default())
    }
}

impl Place {
    /// The quota's floor that is still ahead, if any.
    pub(super) fn floor(&self, now: Timestamp) -> Option<Timestamp> {
        self.call_queue.floor(now)
    }

    /// Waits for the turn.
    pub(super) async fn turn(self) -> Turn {
        let Self { call_queue, line } = self;
        let mut gives_way = line.is_some();
        loop {
            if gives_way {
                let mut hurrying = call_queue.hurrying.subscribe();
                gives_way = timeout(LONGEST_HURRY, hurrying.wait_for(|hurrying| *hurrying == 0)).await.is_ok();
            }
            let held = Arc::clone(&call_queue.turn).lock_owned().await;
            if !gives_way || *call_queue.hurrying.borrow() == 0 {
                return Turn { call_queue, held, line };
            }
        }
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

    /// Gives the turn back and keeps the place.
    pub(super) fn back(self) -> Place {
        drop(self.held);
        Place { call_queue: self.call_queue, line: self.line }
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

    fn quota() -> QuotaScope {
        QuotaScope::Subscription(target().subscription().clone())
    }

    async fn turn(queues: &CallQueues, hurry: bool) -> Turn {
        queues.place(&quota(), hurry).await.turn().await
    }

    #[tokio::test]
    async fn a_floor_is_seen_by_everybody_at_once_and_only_for_its_account() {
        let (queues, quota) = (CallQueues::default(), quota());
        let now = parse_time("2026-11-21T07:00:00Z").unwrap();
        let later = now + time::Duration::seconds(5);
        let mut first = turn(&queues, false).await;
        assert_eq!(queues.floor(&quota, now), None);
        first.close(later);
        first.close(now);
        assert_eq!(queues.floor(&quota, now), Some(later), "while the turn is held; the later floor stays");
        assert_eq!((queues.floor(&QuotaScope::Tenant, now), queues.floor(&quota, later)), (None, None));
        assert!(queues.rested_after(&quota, now) && !queues.rested_after(&quota, later));
        let place = first.back();
        assert_eq!(place.floor(now), Some(later));
        let _other = turn(&queues, true).await;
    }

    /// In what order the calls are made, when the one that is under way ends after `before_end`.
    async fn order(
        callers: &[(&'static str, bool)],
        before_end: impl FnOnce(&CallQueues) -> Option<Hurry>,
    ) -> Vec<&'static str> {
        let queues = Arc::new(CallQueues::default());
        let under_way = turn(&queues, false).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut calls = tokio::task::JoinSet::new();
        for (name, hurry) in callers.iter().copied() {
            let (queues, order) = (Arc::clone(&queues), Arc::clone(&order));
            calls.spawn(async move {
                let _turn = turn(&queues, hurry).await;
                order.lock().unwrap().push(name);
            });
            // Each is in its line before the next one comes.
            tokio::task::yield_now().await;
        }
        let hurry = before_end(&queues);
        drop(under_way);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        if hurry.is_some() {
            order.lock().unwrap().push("(it is over)");
        }
        drop(hurry);
        calls.join_all().await;
        let order = order.lock().unwrap();
        order.clone()
    }

    #[tokio::test]
    async fn what_must_leave_soon_waits_for_the_call_that_is_under_way_alone() {
        let callers = [("first", false), ("second", false), ("third", false), ("soon", true)];
        assert_eq!(order(&callers, |_| None).await, ["soon", "first", "second", "third"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_about_to_leave_for_too_long_holds_nobody() {
        let queues = CallQueues::default();
        let _hurry = queues.hurry(&quota());
        let begun = tokio::time::Instant::now();
        drop(turn(&queues, false).await);
        assert_eq!(begun.elapsed().as_secs(), LONGEST_HURRY.as_secs());
    }

    #[tokio::test]
    async fn while_something_is_about_to_leave_no_other_call_is_begun() {
        let callers = [("first", false), ("second", false), ("soon", true)];
        let hurry = |queues: &CallQueues| Some(queues.hurry(&quota()));
        assert_eq!(order(&callers, hurry).await, ["soon", "(it is over)", "first", "second"]);
    }
}
