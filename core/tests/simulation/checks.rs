//! What must hold when the dust has settled, and that nobody is left waiting on the way.

use std::time::Duration;

use remediation::document::{Entry, EntryState, SkipReason, TargetDocument};
use remediation::id::ResourceId;
use remediation::time::Timestamp;

use crate::cloud::{Key, Task, Truth};
use crate::world::World;

/// How long something that is due may be passed over although nothing is in its way.
const PATIENCE: Duration = Duration::from_secs(8 * 3_600);

/// How much longer where changes may be made at some hours only: now and then one of them is missed.
const BETWEEN_WINDOWS: Duration = Duration::from_secs(4 * 24 * 3_600);
/// How much longer where an assignment goes on slowly: some resources a day, tries among them.
const SLOWLY: Duration = Duration::from_secs(12 * 24 * 3_600);
const A_DAY: Duration = Duration::from_secs(24 * 3_600);

impl World {
    /// Whatever is due and free has its turn, also while a task of another target runs for days.
    pub(crate) fn check_nobody_starves(&self) -> Result<(), String> {
        let window = &self.tuning.change_window;
        let windows = if window.is_always() { Duration::ZERO } else { BETWEEN_WINDOWS };
        let is_limited = self.scenario.spices.limits > 0.0 && self.widened_at.is_none();
        let patience = PATIENCE + windows + if is_limited { SLOWLY } else { Duration::ZERO };
        for (document, _) in self.store.targets.values().filter(|(d, _)| d.active.is_none() && d.parked.is_none()) {
            for (id, entry) in &document.resources {
                let EntryState::Waiting { due } = entry.state else { continue };
                if self.free_since(document, id, due) + patience < self.now {
                    return Err(format!("{id} of {} is due since {due} and starves", document.target.hash()));
                }
            }
        }
        Ok(())
    }

    /// Since when nothing is in the way of a resource that fell due then.
    fn free_since(&self, document: &TargetDocument, resource: &ResourceId, due: Timestamp) -> Timestamp {
        let in_the_way =
            |task: &&Task| task.whole || task.target == document.target || task.resources.contains(resource);
        let until = |task: &Task| if task.ended { task.ends_at } else { self.now };
        let unparked_at = self.ledger.parked_at.get(&document.target.hash()).copied();
        let due = unparked_at.map_or(due, |at| due.max(at));
        // Whoever waited for a window or a pace is to be woken soon, and not when that would have let it go.
        let due = self.widened_at.map_or(due, |at| due.max(at));
        // A worker that was refused asks again within a day.
        let due = self.cloud.refused_until.map_or(due, |until| due.max(until + A_DAY));
        self.cloud.tasks.iter().filter(in_the_way).map(until).fold(due, Timestamp::max)
    }

    pub(crate) fn check_settled(&self) -> Result<(), String> {
        for (key, truth) in &self.cloud.truth {
            let document = self.store.targets.get(&key.0).map(|(document, _)| document);
            let entry = document.and_then(|document| document.resources.get(&key.1));
            let parked = document.and_then(|document| document.parked.as_ref());
            let waits = match entry {
                Some(entry) => matches!(entry.state, EntryState::Waiting { .. }),
                None => document.is_some_and(|document| document.unlisted.is_some()),
            };
            // What is parked for long leaves no room to list what is not.
            let is_full = entry.is_none() && document.is_some_and(|document| self.is_full_of_parked(document));
            let held = waits && (is_full || parked.is_some_and(|park| park.until > self.horizon));
            if !held && !self.is_settled(key, truth, entry) {
                return Err(format!("{} of {} ended as {entry:?}, the truth is {truth:?}", key.1, key.0.hash()));
            }
        }
        for (document, _) in self.store.targets.values() {
            if let Some(active) = &document.active {
                return Err(format!("task {} is still active", active.name));
            }
        }
        for (document, _) in self.store.subscriptions.values() {
            if let Some((_, claim)) = document.claims.iter().next() {
                return Err(format!("the claim of {} stays behind", claim.task));
            }
        }
        if let Some(message) = self.broker.messages.iter().find(|message| message.due <= self.horizon) {
            return Err(format!("message {} stays behind", message.number));
        }
        Ok(())
    }

    fn is_full_of_parked(&self, document: &TargetDocument) -> bool {
        let is_parked =
            |entry: &&Entry| matches!(entry.state, EntryState::Parked { until, .. } if until > self.horizon);
        document.resources.values().filter(is_parked).count() >= self.tuning.most_entries
    }

    /// Whether the truth allows what the document says in the end. Why something was parked was weighed when it was; here it
    /// matters that a park which is over has ended, and that none holds what complies.
    fn is_settled(&self, key: &Key, truth: &Truth, entry: Option<&Entry>) -> bool {
        let no_policy = truth.gone || self.cloud.assigned.get(&key.0).is_some_and(|assigned| assigned.gone);
        let good = truth.compliant || no_policy;
        match entry.map(|entry| &entry.state) {
            Some(EntryState::Fixed { verified_at, .. }) => good && (verified_at.is_some() || no_policy),
            Some(EntryState::Skipped { reason: SkipReason::Compliant, .. }) => good,
            Some(EntryState::Skipped { reason: SkipReason::AssignmentGone, .. }) => no_policy,
            Some(EntryState::Skipped { reason: SkipReason::ResourceGone, .. }) => truth.gone,
            Some(EntryState::Skipped { reason: SkipReason::ScopeExcluded, .. }) => truth.excluded,
            Some(EntryState::Parked { until, .. }) => *until > self.horizon && (!truth.compliant || no_policy),
            // Where a document lists few resources, some are never listed.
            None => {
                let may_be_unlisted = self.scenario.spices.small_documents > 0.0;
                (may_be_unlisted || self.ledger.forgotten.contains(key)) && (good || truth.excluded)
            }
            Some(EntryState::Skipped { .. } | EntryState::Waiting { .. } | EntryState::InTask) => false,
        }
    }
}
