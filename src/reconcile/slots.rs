//! Resource Manager runs so many tasks of a policy and no more, over all subscriptions; what is counted in one subscription says
//! little of that. So all targets of a policy share what this instance knows: so many places there are at first, who opens a task
//! takes one, and each task that is seen to end, whoever opened it, makes one free. A refusal says that the free ones were taken by
//! others. Where none is free, now and then one more is tried, more and more seldom, since tasks end that nobody here sees, or that are not
//! seen yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::arm::Assigned;

/// Places of a policy (Microsoft documentation, "Remediate non-compliant resources with Azure Policy", limits).
const PLACES: usize = 100;
/// Most that are asked for at once: when others have taken the last place, all that are under way are refused.
const UNDER_WAY: usize = 16;
/// Time between two that are tried though no place is known to be free, at first and at most.
const PROBE: Duration = Duration::from_secs(30);
const LONGEST_PROBE: Duration = Duration::from_secs(900);
/// Longest wait until fewer are under way.
const PATIENCE: Duration = Duration::from_secs(5);
/// So long after the last task of a policy nothing is known of it any more.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// The places of the policies of which tasks were opened of late.
#[derive(Debug, Default)]
pub struct Slots {
    policies: Mutex<HashMap<Assigned, Places>>,
}

#[derive(Debug)]
struct Places {
    free: usize,
    /// Tasks that this instance opened and has not seen end. Those beyond all places are in the place of some that have: when the end of one
    /// is seen, it makes no place.
    open: usize,
    /// So many tasks were seen to end.
    ended: u64,
    /// None until all places were taken for the first time.
    probe_at: Option<Instant>,
    probe_pause: Duration,
    touched_at: Instant,
    under_way: Arc<Semaphore>,
}

/// The place of a task that is about to be asked for; given back where it was not asked for.
#[derive(Debug)]
pub(super) struct Place<'a> {
    slots: &'a Slots,
    policy: Assigned,
    /// So many tasks had ended when the place was taken.
    ended: u64,
    is_probe: bool,
    is_used: bool,
    _under_way: OwnedSemaphorePermit,
}

impl Slots {
    /// Whether no task of the policy is to be asked for now.
    pub(super) fn are_taken(&self, policy: &Assigned) -> bool {
        let policies = self.policies();
        policies.get(policy).is_some_and(|places| places.free == 0 && places.probe_at > Some(Instant::now()))
    }

    /// Takes a place for a task of the policy, when few enough are under way; none where none is free by then.
    pub(super) async fn place(&self, policy: Assigned) -> Option<Place<'_>> {
        let under_way = self.policies().entry(policy.clone()).or_default().under_way.clone();
        // It is never closed.
        let permit = timeout(PATIENCE, under_way.acquire_owned()).await.ok()?.ok()?;
        let mut policies = self.policies();
        policies.retain(|known, places| *known == policy || places.touched_at.elapsed() < FORGOTTEN);
        let places = policies.entry(policy.clone()).or_default();
        let (now, is_probe) = (Instant::now(), places.free == 0);
        if is_probe {
            if places.probe_at > Some(now) {
                return None;
            }
            places.probe_at = Some(now + places.probe_pause);
        } else {
            places.free -= 1;
            // What this instance has opened ends in its sight, as a rule: so soon none is tried.
            if places.free == 0 {
                places.probe_at.get_or_insert(now + places.probe_pause);
            }
        }
        places.touched_at = now;
        Some(Place { slots: self, policy, ended: places.ended, is_probe, is_used: false, _under_way: permit })
    }

    /// A task of the policy was seen to end.
    pub(super) fn ended(&self, policy: &Assigned) {
        if let Some(places) = self.policies().get_mut(policy) {
            places.ended += 1;
            if places.open <= PLACES {
                places.give_back();
            }
            places.open = places.open.saturating_sub(1);
        }
    }

    fn policies(&self) -> MutexGuard<'_, HashMap<Assigned, Places>> {
        self.policies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Places {
    fn default() -> Self {
        let (now, under_way) = (Instant::now(), Arc::new(Semaphore::new(UNDER_WAY)));
        Self { free: PLACES, open: 0, ended: 0, probe_at: None, probe_pause: PROBE, touched_at: now, under_way }
    }
}

impl Places {
    fn give_back(&mut self) {
        self.free = (self.free + 1).min(PLACES);
        self.touched_at = Instant::now();
    }
}

impl Place<'_> {
    /// Resource Manager took the task: after one that was only tried there may be more room.
    pub(super) fn accepted(mut self) {
        let is_probe = self.is_probe;
        self.is_used = true;
        let mut policies = self.slots.policies();
        let Some(places) = policies.get_mut(&self.policy) else { return };
        places.open += 1;
        if is_probe {
            (places.probe_at, places.probe_pause) = (Some(Instant::now()), PROBE);
        }
    }

    /// Resource Manager refused the task because too many run: only what has ended since then may be free.
    pub(super) fn refused(mut self) {
        self.is_used = true;
        if let Some(places) = self.slots.policies().get_mut(&self.policy) {
            let since = usize::try_from(places.ended - self.ended).unwrap_or(PLACES);
            places.free = places.free.min(since);
            places.probe_at = Some(Instant::now() + places.probe_pause);
            if self.is_probe {
                places.probe_pause = (places.probe_pause * 2).min(LONGEST_PROBE);
            }
        }
    }

    /// Nobody knows whether the task is there: if it is, its end makes the place free.
    pub(super) fn asked(mut self) {
        self.is_used = true;
        if let Some(places) = self.slots.policies().get_mut(&self.policy) {
            places.open += 1;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_used
            && let Some(places) = self.slots.policies().get_mut(&self.policy)
        {
            if self.is_probe {
                places.probe_at = Some(Instant::now());
            } else {
                places.give_back();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    fn policy(name: &str) -> Assigned {
        Assigned { policy: name.to_owned(), reference: None }
    }

    /// Opens tasks until none is taken any more; how many.
    async fn fill(slots: &Slots, target: &Assigned, room: usize) -> usize {
        for count in 0..=room {
            let Some(place) = slots.place(target.clone()).await else { return count };
            if count < room { place.accepted() } else { place.refused() }
        }
        room
    }

    #[tokio::test(start_paused = true)]
    async fn each_that_ends_makes_a_place_for_one_and_more_are_tried_more_and_more_seldom() {
        let (slots, target) = (Slots::default(), policy("a"));
        assert_eq!(fill(&slots, &target, PLACES).await, PLACES);
        assert!(slots.are_taken(&target) && slots.place(target.clone()).await.is_none());
        assert!(slots.place(policy("b")).await.is_some(), "another policy");
        slots.ended(&target);
        slots.ended(&target);
        assert_eq!(fill(&slots, &target, 2).await, 2, "two ended, and two are opened");
        for pause in [30, 60, 120, 240, 480, 900, 900] {
            tokio::time::advance(Duration::from_secs(pause)).await;
            slots.place(target.clone()).await.expect("one is tried").refused();
            assert!(slots.place(target.clone()).await.is_none(), "one only");
        }
        tokio::time::advance(LONGEST_PROBE).await;
        slots.place(target.clone()).await.unwrap().accepted();
        assert_eq!(fill(&slots, &target, 3).await, 3, "there is room, maybe for more");
    }

    /// What Resource Manager runs, of which an instance sees each end a while later.
    #[tokio::test(start_paused = true)]
    async fn who_sees_the_ends_of_all_tasks_late_is_refused_by_none_but_what_is_tried() {
        for lag in [0, 1, 5, 20, 90] {
            let (slots, target) = (Slots::default(), policy("a"));
            let (mut running, mut unseen, mut refused, mut opened) = (VecDeque::new(), VecDeque::new(), 0, 0);
            for second in 0..600_u64 {
                while running.front().is_some_and(|end| *end <= second) {
                    running.pop_front();
                    unseen.push_back(second + lag);
                }
                while unseen.front().is_some_and(|seen| *seen <= second) {
                    unseen.pop_front();
                    slots.ended(&target);
                }
                for _ in 0..25 {
                    let Some(place) = slots.place(target.clone()).await else { break };
                    if running.len() < PLACES {
                        place.accepted();
                        running.push_back(second + 10);
                        opened += 1;
                    } else {
                        assert!(place.is_probe, "{lag} s: a hundred run");
                        place.refused();
                        refused += 1;
                    }
                }
                tokio::time::advance(Duration::from_secs(1)).await;
            }
            assert!(
                refused <= 20 && opened >= 600 * PLACES / (10 + usize::try_from(lag).unwrap()) / 2,
                "{lag} s: {opened}, {refused}"
            );
        }
    }

    /// Two instances, of which each sees the ends of its own tasks alone.
    #[tokio::test(start_paused = true)]
    async fn two_that_share_a_policy_are_seldom_refused_and_leave_no_place_unused_for_long() {
        let (both, target) = ([Slots::default(), Slots::default()], policy("a"));
        let (mut running, mut refused, mut opened) = ([Vec::new(), Vec::new()], 0, 0);
        for second in 0..3_600_u64 {
            for (slots, own) in both.iter().zip(&mut running) {
                let before = own.len();
                own.retain(|end| *end > second);
                (own.len()..before).for_each(|_| slots.ended(&target));
            }
            for (place_of, slots) in both.iter().enumerate() {
                // The first has nothing more to do after half an hour.
                for _ in 0..if place_of == 0 && second > 1_800 { 0 } else { 8 } {
                    let Some(place) = slots.place(target.clone()).await else { break };
                    if running.iter().map(Vec::len).sum::<usize>() < PLACES {
                        place.accepted();
                        running[place_of].push(second + 60);
                        opened += 1;
                    } else {
                        place.refused();
                        refused += 1;
                    }
                }
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        // A hundred a minute are the most that can be.
        assert!(opened >= 60 * PLACES * 9 / 10 && refused <= opened / 50, "{opened} opened, {refused} refused");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_refusal_only_what_ended_since_is_free() {
        let (slots, target) = (Slots::default(), policy("a"));
        let (first, second) = (slots.place(target.clone()).await.unwrap(), slots.place(target.clone()).await.unwrap());
        first.refused();
        assert!(slots.are_taken(&target), "others have the hundred");
        slots.ended(&target);
        second.refused();
        let place = slots.place(target.clone()).await.expect("one ended while the second was on its way");
        assert!(slots.are_taken(&target));
        drop(place);
        assert!(!slots.are_taken(&target), "it was not asked for");
        slots.place(target.clone()).await.unwrap().asked();
        assert!(slots.are_taken(&target));
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_are_under_way_at_once() {
        let (slots, target) = (Slots::default(), policy("a"));
        let mut under_way = Vec::new();
        for _ in 0..UNDER_WAY {
            under_way.extend(slots.place(target.clone()).await);
        }
        assert!(slots.place(target.clone()).await.is_none(), "{PATIENCE:?} are waited for");
        under_way.pop();
        assert!(slots.place(target.clone()).await.is_some());
    }
}
