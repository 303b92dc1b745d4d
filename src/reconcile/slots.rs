//! Resource Manager runs so many tasks of a policy and no more, over all subscriptions. What is counted in one subscription says
//! little of that, so after a refusal all targets of the policy share what this instance learns: each of its tasks that ends makes
//! room for one, and now and then one more is tried, for tasks end that other instances or people have opened.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use remediation::id::{AssignmentId, ReferenceId, Target};

/// Time between two that are tried though no task is known to have ended.
const PROBE: Duration = Duration::from_secs(30);
/// So long after the last refusal nothing is held back any more.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// The policies of which Resource Manager has refused a task because too many run.
#[derive(Debug, Default)]
pub struct Slots {
    full: Mutex<HashMap<(AssignmentId, Option<ReferenceId>), Full>>,
}

#[derive(Debug)]
struct Full {
    refused_at: Instant,
    probe_at: Instant,
    /// Tasks that may be opened: so many have ended.
    room: usize,
    /// Whether the last that was tried was not for one that has ended.
    is_probing: bool,
}

impl Slots {
    /// Whether no task of the target's policy is to be asked for now.
    pub(super) fn are_taken(&self, target: &Target) -> bool {
        self.full().get(&key(target)).is_some_and(|full| full.room == 0 && full.probe_at > Instant::now())
    }

    /// Takes a place for a task of the target's policy; false when there is none now.
    pub(super) fn take(&self, target: &Target) -> bool {
        let mut all = self.full();
        let Some(full) = all.get_mut(&key(target)) else { return true };
        let is_probe = full.room == 0;
        if is_probe {
            if full.probe_at > Instant::now() {
                return false;
            }
            full.probe_at = Instant::now() + PROBE;
        } else {
            full.room -= 1;
        }
        full.is_probing = is_probe;
        true
    }

    /// Resource Manager took a task: there was room, and after one that was only tried there may be more.
    pub(super) fn accepted(&self, target: &Target) {
        if let Some(full) = self.full().get_mut(&key(target)).filter(|full| full.is_probing) {
            full.probe_at = Instant::now();
        }
    }

    /// Resource Manager refused a task because too many run.
    pub(super) fn refused(&self, target: &Target) {
        let now = Instant::now();
        let full = Full { refused_at: now, probe_at: now + PROBE, room: 0, is_probing: false };
        self.full().insert(key(target), full);
    }

    /// A task of the target's policy has ended.
    pub(super) fn ended(&self, target: &Target) {
        if let Some(full) = self.full().get_mut(&key(target)) {
            full.room += 1;
        }
    }

    fn full(&self) -> MutexGuard<'_, HashMap<(AssignmentId, Option<ReferenceId>), Full>> {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.retain(|_, full| full.refused_at.elapsed() < FORGOTTEN);
        full
    }
}

fn key(target: &Target) -> (AssignmentId, Option<ReferenceId>) {
    (target.policy_assignment_id.clone(), target.policy_definition_reference_id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fixture;

    fn of_reference(name: &str) -> Target {
        Target { policy_definition_reference_id: Some(name.parse().unwrap()), ..fixture::target() }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_refusal_each_task_that_ends_makes_room_for_one_and_now_and_then_one_is_tried() {
        let (slots, target) = (Slots::default(), of_reference("a"));
        assert!(slots.take(&target) && slots.take(&target), "nothing is known");
        slots.refused(&target);
        assert!(slots.are_taken(&target) && !slots.take(&target));
        assert!(slots.take(&of_reference("b")), "another policy");
        slots.ended(&target);
        slots.ended(&target);
        assert!(!slots.are_taken(&target) && slots.take(&target));
        slots.accepted(&target);
        assert!(slots.take(&target));
        slots.accepted(&target);
        assert!(slots.are_taken(&target), "two ended, and two were opened");
        tokio::time::advance(PROBE).await;
        assert!(slots.take(&target) && !slots.take(&target), "one is tried");
        slots.accepted(&target);
        assert!(slots.take(&target), "there is room, maybe for more");
        slots.refused(&target);
        assert!(!slots.take(&target));
        tokio::time::advance(FORGOTTEN).await;
        assert!(slots.take(&target) && slots.take(&target));
    }
}
