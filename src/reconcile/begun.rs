//! What was read in passes that were begun and could not be finished, because the gate closed or time was up. Where few calls are
//! left, a pass that read everything anew would never come to open a task: what was read is used before it is read again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use remediation::fact::{ActiveTasks, PolicyState};
use remediation::id::{ResourceId, SubscriptionId, Target, TargetHash};

/// How long it may be used. An answer that is older than an observation says nothing against it, whatever its age.
const USABLE: Duration = Duration::from_secs(30 * 60);
/// How long the list of tasks may be used: what people begin is not known before it is read again.
const TASKS_USABLE: Duration = Duration::from_secs(5 * 60);
/// For so long looks at running tasks give way to a pass that was begun.
const GIVEN_WAY: Duration = Duration::from_secs(120);
/// One look in so long does not.
const ONE_LOOK: Duration = Duration::from_secs(20);
/// Most resources and tasks that are kept over all passes, of some hundred bytes each. More targets than that hold, each begun and cut
/// off, would drive one another's out, and be read anew without end.
const MOST: usize = 50_000;

/// The passes that were begun, of all targets.
#[derive(Debug, Default)]
pub struct Begun {
    passes: Mutex<HashMap<TargetHash, Unfinished>>,
    /// When a look at a running task did not give way, by subscription.
    looks: Mutex<HashMap<SubscriptionId, Instant>>,
}

#[derive(Debug)]
struct Unfinished {
    subscription: SubscriptionId,
    since: Instant,
    tasks: Option<(Instant, ActiveTasks)>,
    /// Resources, and their states.
    states: Vec<(Vec<ResourceId>, Vec<PolicyState>)>,
}

impl Unfinished {
    /// How many resources and tasks it keeps, and itself.
    fn weight(&self) -> usize {
        let states: usize = self.states.iter().map(|(ids, _)| ids.len()).sum();
        1 + states + self.tasks.as_ref().map_or(0, |(_, tasks)| tasks.known().len())
    }
}

impl Begun {
    /// Whether a pass of this target was begun.
    #[must_use]
    pub fn holds(&self, target: &TargetHash) -> bool {
        self.usable().contains_key(target)
    }

    /// Whether a look at the target's running task, where few calls are left, gives way to passes over other targets of its
    /// subscription: each has read for a task that is to be opened. One look now and then does not.
    pub(super) fn has_way(&self, target: &Target) -> bool {
        let (own, subscription) = (target.hash(), target.subscription());
        let waits = |(hash, pass): (&TargetHash, &Unfinished)| {
            *hash != own && pass.subscription == *subscription && pass.since.elapsed() < GIVEN_WAY
        };
        if !self.usable().iter().any(waits) {
            return false;
        }
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|_, at| at.elapsed() < ONE_LOOK);
        if looks.contains_key(subscription) {
            return true;
        }
        looks.insert(subscription.clone(), Instant::now());
        false
    }

    /// The active tasks that the pass has read, and when they began to be read.
    pub(super) fn tasks(&self, target: &TargetHash) -> Option<(Instant, ActiveTasks)> {
        let passes = self.usable();
        let read = passes.get(target)?.tasks.as_ref()?;
        (read.0.elapsed() < TASKS_USABLE).then(|| read.clone())
    }

    /// Those of the resources whose states the pass has asked for, and what it was told. None when it has asked for none.
    pub(super) fn states(
        &self,
        target: &TargetHash,
        asked: &[ResourceId],
    ) -> Option<(Vec<ResourceId>, Vec<PolicyState>)> {
        let passes = self.usable();
        let kept = passes.get(target)?.states.iter();
        let (mut known, mut states) = (Vec::new(), Vec::new());
        for (ids, told) in kept {
            let wanted: Vec<_> = ids.iter().filter(|id| asked.contains(id)).cloned().collect();
            states.extend(told.iter().filter(|state| wanted.iter().any(|id| id.as_str() == state.resource)).cloned());
            known.extend(wanted);
        }
        (!known.is_empty()).then_some((known, states))
    }

    /// Keeps the active tasks that the pass of this target has read since `read_at`.
    pub(super) fn keep_tasks(&self, target: &Target, read_at: Instant, tasks: &ActiveTasks) {
        self.change(target, |pass| pass.tasks = Some((read_at, tasks.clone())));
    }

    /// Keeps the states that the pass of this target was told.
    pub(super) fn keep_states(&self, target: &Target, asked: &[ResourceId], told: &[PolicyState]) {
        self.change(target, |pass| pass.states.push((asked.to_vec(), told.to_vec())));
    }

    /// The pass has come to its end, or what it has read is used.
    pub(super) fn end(&self, target: &TargetHash) {
        self.all().remove(target);
    }

    fn change(&self, target: &Target, change: impl FnOnce(&mut Unfinished)) {
        let (hash, subscription) = (target.hash(), target.subscription());
        let mut passes = self.usable();
        let new = || Unfinished {
            subscription: subscription.clone(),
            since: Instant::now(),
            tasks: None,
            states: Vec::new(),
        };
        change(passes.entry(hash.clone()).or_insert_with(new));
        let mut kept: usize = passes.values().map(Unfinished::weight).sum();
        while kept > MOST {
            let others = passes.iter().filter(|(other, _)| **other != hash);
            let Some(oldest) = others.min_by_key(|(_, pass)| pass.since).map(|(hash, _)| hash.clone()) else { break };
            kept -= passes.remove(&oldest).map_or(0, |pass| pass.weight());
        }
    }

    fn usable(&self) -> MutexGuard<'_, HashMap<TargetHash, Unfinished>> {
        let mut passes = self.all();
        passes.retain(|_, pass| pass.since.elapsed() < USABLE);
        passes
    }

    fn all(&self) -> MutexGuard<'_, HashMap<TargetHash, Unfinished>> {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::event::ComplianceState;
    use remediation::fixture::{resource, target};

    fn numbered(n: usize) -> Target {
        let reference = Some(format!("r{n}").parse().unwrap());
        Target { policy_definition_reference_id: reference, ..target() }
    }

    fn state(n: usize) -> PolicyState {
        let resource = resource(n).as_str().to_owned();
        PolicyState { resource, state: ComplianceState::Compliant, at: None, effect: None, location: None }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_pass_has_read_is_used_until_it_ends_or_is_too_old() {
        let (begun, hash) = (Begun::default(), target().hash());
        let ids = |all: &[usize]| all.iter().map(|n| resource(*n)).collect::<Vec<_>>();
        assert_eq!(begun.states(&hash, &ids(&[1])), None);
        begun.keep_states(&target(), &ids(&[1, 2]), &[state(1)]);
        begun.keep_states(&target(), &ids(&[3]), &[state(3)]);
        begun.keep_tasks(&target(), Instant::now(), &ActiveTasks::All(Vec::new()));
        assert_eq!(begun.states(&hash, &ids(&[2, 3, 4])), Some((ids(&[2, 3]), vec![state(3)])));
        assert_eq!(begun.states(&hash, &ids(&[4])), None);
        let second = Duration::from_secs(1);
        tokio::time::advance(TASKS_USABLE - second).await;
        assert_eq!(begun.tasks(&hash).map(|(_, tasks)| tasks), Some(ActiveTasks::All(Vec::new())));
        tokio::time::advance(second).await;
        assert_eq!(begun.tasks(&hash), None);
        tokio::time::advance(USABLE - TASKS_USABLE - second).await;
        assert!(begun.states(&hash, &ids(&[1])).is_some());
        tokio::time::advance(second).await;
        assert_eq!(begun.states(&hash, &ids(&[1])), None);
        begun.keep_states(&target(), &ids(&[1]), &[]);
        begun.end(&hash);
        assert_eq!(begun.states(&hash, &ids(&[1])), None);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_kept_than_there_is_room_for_and_many_small_passes_have_room() {
        let begun = Begun::default();
        let hash = |n: usize| numbered(n).hash();
        let wave: Vec<_> = (0..100).map(resource).collect();
        // Each weighs one more than its resources.
        let room = MOST / 101;
        for n in 0..=room {
            begun.keep_states(&numbered(n), &wave, &[]);
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!((begun.holds(&hash(0)), begun.all().len()), (false, room));
        assert!(begun.holds(&hash(room)) && begun.holds(&hash(1)));
        for n in 0..=room {
            begun.end(&hash(n));
        }
        for n in 0..1_500 {
            begun.keep_states(&numbered(n), &wave[..13], &[]);
        }
        assert_eq!(begun.all().len(), 1_500);
        // One that is larger than all of the room is kept alone.
        begun.keep_states(&numbered(1), &(0..=MOST).map(resource).collect::<Vec<_>>(), &[]);
        assert_eq!((begun.holds(&hash(1)), begun.all().len()), (true, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn looks_at_running_tasks_give_way_to_what_was_begun_in_their_subscription_but_for_one_now_and_then() {
        let begun = Begun::default();
        let scope = "/subscriptions/00000000-0000-0000-0000-000000000001".parse::<remediation::id::Scope>().unwrap();
        let elsewhere = Target::within(scope.subscription(), target().policy_assignment_id, None);
        begun.keep_states(&elsewhere, &[], &[]);
        assert!(!begun.has_way(&numbered(0)) && !begun.has_way(&numbered(0)), "nothing was begun here");
        begun.keep_states(&numbered(1), &[], &[]);
        assert!(!begun.has_way(&numbered(1)), "its own");
        assert!(!begun.has_way(&numbered(0)), "the first look");
        assert!(begun.has_way(&numbered(0)) && begun.has_way(&numbered(2)));
        tokio::time::advance(ONE_LOOK).await;
        assert!(!begun.has_way(&numbered(2)), "one now and then");
        assert!(begun.has_way(&numbered(0)));
        tokio::time::advance(GIVEN_WAY - ONE_LOOK).await;
        assert!(!begun.has_way(&numbered(0)) && !begun.has_way(&numbered(0)), "it was begun too long ago");
    }
}
