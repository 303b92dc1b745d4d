//! Weighs each write of a target's document when it is made: whatever a document says of a resource must follow from what
//! really became of the task, and nothing else may.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use remediation::document::{ActiveTask, Entry, EntryState, FailureClass, ParkReason, SkipReason, TargetDocument};
use remediation::fact::{Deployment, DeploymentStatus};
use remediation::id::{ResourceId, TargetHash};
use remediation::time::Timestamp;

use crate::cloud::{Ending, Key, Task};
use crate::tally::Ingredient;
use crate::world::{MOST_SKEW, World};

/// How long after `TASK_TIMEOUT` a long task is reported at the latest.
const REPORTED_WITHIN: Duration = Duration::from_secs(3_600);

/// The code of a failure for want of an evaluation.
const STALE: &str = "PolicyEvaluationResultNotFound";
/// After so many evaluations in a row it is given up.
const EVALUATIONS: u32 = 2;
/// How long a resource waits at least for an evaluation that does not come.
const UNEVALUATED: Duration = Duration::from_secs(3 * 24 * 3_600);

#[derive(Default)]
pub(crate) struct Ledger {
    /// When a target was last seen parked.
    pub(crate) parked_at: BTreeMap<TargetHash, Timestamp>,
    /// Settled long ago, and dropped from its document.
    pub(crate) forgotten: BTreeSet<Key>,
}

impl World {
    /// Weighs the change of a document.
    pub(crate) fn weigh(&mut self, before: Option<&TargetDocument>, after: &TargetDocument) -> Result<(), String> {
        let unsettled =
            after.resources.values().any(|e| matches!(e.state, EntryState::Waiting { .. } | EntryState::InTask));
        if unsettled && after.wake_at.is_none() {
            return Err(format!("something of {} waits, and nothing will wake it", after.target.hash()));
        }
        if after.active.is_none() && after.in_task().count() > 0 {
            return Err(format!("resources of {} are in a task that is not there", after.target.hash()));
        }
        if before.is_some_and(|before| before.parked.is_some()) || after.parked.is_some() {
            self.ledger.parked_at.insert(after.target.hash(), self.now);
        }
        if after.unlisted.is_some() {
            self.meet(Ingredient::Unlisted);
        }
        let whole = before.and_then(|before| before.active.as_ref()).filter(|active| active.kind.is_whole());
        let whole = whole.and_then(|active| self.cloud.task(active.name.as_str())).cloned();
        for (id, entry) in &after.resources {
            let old = before.and_then(|before| before.resources.get(id));
            if old.is_none_or(|old| old.state != entry.state || old.attempt != entry.attempt) {
                self.weigh_entry(&(after.target.clone(), id.clone()), old, entry, whole.as_ref())?;
            }
        }
        let Some(before) = before else { return Ok(()) };
        for (id, entry) in before.resources.iter().filter(|(id, _)| !after.resources.contains_key(*id)) {
            self.weigh_forgotten((after.target.clone(), id.clone()), entry)?;
        }
        match (&before.active, &after.active) {
            (Some(was), Some(is)) if was.name == is.name => self.weigh_overdue(was, is),
            (Some(was), _) => self.weigh_end(was, before, after),
            (None, _) => Ok(()),
        }
    }

    /// `whole` is the task for the whole scope that the target had: it may tell of what was not listed.
    fn weigh_entry(
        &mut self,
        key: &Key,
        old: Option<&Entry>,
        entry: &Entry,
        whole: Option<&Task>,
    ) -> Result<(), String> {
        let words = || format!("{} of {} goes from {old:?} to {entry:?}", key.1, key.0.hash());
        let max_attempts = self.tuning.max_attempts;
        let tried_out = usize::try_from(max_attempts).unwrap_or(usize::MAX);
        let gone = self.cloud.assigned.get(&key.0).is_some_and(|assigned| assigned.gone);
        let now = self.now;
        let failed = |task: &Task| {
            matches!(task.outcome(&key.1), Some(Deployment { status: DeploymentStatus::Failed { .. }, .. }))
        };
        let failed_unlisted = whole.is_some_and(failed);
        let Some(truth) = self.cloud.truth.get_mut(key) else { return Err(words()) };
        let record = truth.record;
        let is_given_up = |old: &Entry| {
            let in_vain = |since| since + UNEVALUATED <= now && record.is_none_or(|record| record.at <= since);
            old.not_evaluated_since().is_some_and(in_vain)
        };
        let window = self.tuning.flap_window;
        let fixes = truth.fixes.iter().filter(|(at, _)| *at + window > now).count();
        let limit = usize::try_from(self.tuning.flap_limit).unwrap_or(usize::MAX);
        let is_right = match &entry.state {
            EntryState::Waiting { .. } | EntryState::InTask => true,
            EntryState::Fixed { at, .. } => truth.fixes.iter().any(|(fix, _)| fix == at),
            EntryState::Parked { reason: ParkReason::Flapping, .. } => fixes >= limit,
            EntryState::Parked { reason: ParkReason::FixDidNotHelp, .. } => {
                fixes >= limit && record.is_some_and(|record| !record.compliant)
            }
            EntryState::Parked { reason: ParkReason::AttemptsUsedUp, .. } => {
                entry.attempt == max_attempts && truth.tried.len() == tried_out
            }
            // These follow from the end of a task: see there.
            EntryState::Parked {
                reason: ParkReason::PermanentFailure | ParkReason::MissingPermission | ParkReason::Canceled,
                ..
            } => old.map_or(failed_unlisted, |old| old.state == EntryState::InTask || is_given_up(old)),
            EntryState::Skipped { reason: SkipReason::Compliant, .. } => true,
            EntryState::Skipped { reason: SkipReason::AssignmentGone, .. } => gone,
            EntryState::Skipped { reason: SkipReason::ResourceGone, .. } => truth.gone,
            EntryState::Skipped { reason: SkipReason::ScopeExcluded, .. } => truth.excluded,
            EntryState::Parked { .. } | EntryState::Skipped { .. } => false,
        };
        if !is_right || entry.attempt > max_attempts {
            return Err(format!("{}; the truth is {truth:?}", words()));
        }
        let was_settled = old.is_some_and(|old| !matches!(old.state, EntryState::Waiting { .. } | EntryState::InTask));
        if matches!(entry.state, EntryState::Waiting { .. }) && (was_settled || is_fixed_anew(old, entry)) {
            truth.tried.clear();
            truth.stale_at = None;
        }
        if old.is_some_and(is_given_up) && matches!(entry.state, EntryState::Parked { .. }) {
            self.meet(Ingredient::GivenUpUnevaluated);
        }
        match entry.state {
            EntryState::Parked { reason: ParkReason::Flapping, .. } => self.meet(Ingredient::Flapping),
            EntryState::Parked { reason: ParkReason::AttemptsUsedUp, .. } => self.meet(Ingredient::AttemptsUsedUp),
            EntryState::Parked { reason: ParkReason::FixDidNotHelp, .. } => self.meet(Ingredient::FixDidNotHelp),
            EntryState::Skipped { reason: SkipReason::ScopeExcluded, .. } => self.meet(Ingredient::Excluded),
            _ => {}
        }
        Ok(())
    }

    fn weigh_forgotten(&mut self, key: Key, entry: &Entry) -> Result<(), String> {
        let since = match entry.state {
            EntryState::Fixed { at, .. } | EntryState::Skipped { at, .. } => Some(at),
            EntryState::Waiting { .. } | EntryState::InTask | EntryState::Parked { .. } => None,
        };
        // Where a document lists few resources, what is settled makes room for others.
        let makes_room = self.scenario.spices.small_documents > 0.0 && since.is_some();
        if !makes_room && since.is_none_or(|since| since + self.tuning.flap_window > self.now + MOST_SKEW) {
            return Err(format!("{} of {} is forgotten: {entry:?}", key.1, key.0.hash()));
        }
        self.ledger.forgotten.insert(key);
        Ok(())
    }

    fn weigh_overdue(&mut self, was: &ActiveTask, is: &ActiveTask) -> Result<(), String> {
        match (was.overdue_reported, is.overdue_reported) {
            (false, true) if is.opened_at + self.tuning.task_timeout >= self.now => {
                Err(format!("{} is reported before its time", is.name))
            }
            (true, false) => Err(format!("{} would be reported twice", is.name)),
            (false, true) => {
                self.meet(Ingredient::Overdue);
                Ok(())
            }
            (false, false) | (true, true) => Ok(()),
        }
    }

    /// The target is done with a task: it has ended, is deleted, or never was.
    fn weigh_end(&mut self, was: &ActiveTask, before: &TargetDocument, after: &TargetDocument) -> Result<(), String> {
        let name = was.name.as_str();
        let task = self.cloud.task(name).cloned();
        if after.history.last().is_none_or(|past| past.name != was.name) {
            let given_up_in_vain = task.is_some() || self.cloud.is_under_way(name);
            return if given_up_in_vain { Err(format!("{name} is given up though it is there")) } else { Ok(()) };
        }
        let Some(task) = task else {
            if !self.cloud.deleted.contains(name) {
                return Err(format!("{name} never was"));
            }
            // With the task its outcome is lost.
            if was.kind.is_whole() {
                self.forget_unlisted_tries(name, after, |_| true);
            }
            return Ok(());
        };
        if !task.ended {
            return Err(format!("{name} is taken for ended"));
        }
        let long = task.ends_at > was.opened_at + self.tuning.task_timeout + REPORTED_WITHIN;
        if long && !was.overdue_reported {
            return Err(format!("{name} has run for long, and nobody was told"));
        }
        let is_parked = after.parked.is_some();
        let in_task = before.resources.iter().filter(|(_, entry)| entry.state == EntryState::InTask);
        for (id, old) in in_task {
            let new = after.resources.get(id);
            if !new.is_some_and(|new| self.follows(&task, id, old, new, (is_parked, was.canceling))) {
                let outcome = task.outcome(id);
                return Err(format!("{id}: the outcome {outcome:?} of {name} makes {new:?} of {old:?}"));
            }
        }
        for (id, entry) in &after.resources {
            let waits = entry.is_stale() && matches!(entry.state, EntryState::Waiting { .. });
            let failed_at = task.outcome(id).filter(|_| waits).and_then(|deployment| match &deployment.status {
                DeploymentStatus::Failed { code, .. } if code == STALE => deployment.ended,
                _ => None,
            });
            if let Some(truth) = self.cloud.truth.get_mut(&(after.target.clone(), id.clone())) {
                truth.stale_at = failed_at.or(truth.stale_at);
            }
        }
        let is_paused = was.canceling && task.ending == Ending::Canceled;
        if task.failed_halfway() || is_paused {
            let had_no_turn = |id: &ResourceId| match task.outcome(id) {
                None => true,
                Some(deployment) => is_paused && deployment.status == DeploymentStatus::Open,
            };
            for (id, _) in before.resources.iter().filter(|(id, _)| had_no_turn(id)) {
                if let Some(truth) = self.cloud.truth.get_mut(&(after.target.clone(), id.clone())) {
                    truth.tried.remove(name);
                }
            }
        }
        if was.kind.is_whole() {
            // Either nobody can know that the task was to have it, or it failed and there was no room for it.
            let is_full = after.resources.len() >= self.tuning.most_entries;
            self.forget_unlisted_tries(name, after, |id| is_full || task.outcome(id).is_none());
        }
        if is_parked {
            // With the target parked, the task counts as no attempt of what waits; only a person who canceled it changes
            // nothing for what had its turn.
            let is_canceled = after.parked.as_ref().is_some_and(|park| park.reason == ParkReason::Canceled);
            for (id, _) in after.resources.iter().filter(|(_, e)| matches!(e.state, EntryState::Waiting { .. })) {
                let is_counted = is_canceled && task.outcome(id).is_some_and(|d| d.status != DeploymentStatus::Open);
                if let Some(truth) =
                    self.cloud.truth.get_mut(&(after.target.clone(), id.clone())).filter(|_| !is_counted)
                {
                    truth.tried.remove(name);
                }
            }
        }
        Ok(())
    }

    /// What is not listed has no place for its attempts: a task for the whole scope counts for none of these.
    fn forget_unlisted_tries(&mut self, task: &str, after: &TargetDocument, holds: impl Fn(&ResourceId) -> bool) {
        for ((target, id), truth) in &mut self.cloud.truth {
            if *target == after.target && !after.resources.contains_key(id) && holds(id) {
                truth.tried.remove(task);
            }
        }
    }

    /// Whether what the document says of a resource follows from the outcome of the task.
    fn follows(
        &self,
        task: &Task,
        id: &ResourceId,
        old: &Entry,
        new: &Entry,
        (is_parked, is_paused): (bool, bool),
    ) -> bool {
        // Where the whole target is parked, its resources keep their place and their attempt.
        let stays = matches!(new.state, EntryState::Waiting { .. }) && new.attempt == old.attempt;
        let keeps = is_parked && stays;
        let parked = |why: ParkReason| matches!(new.state, EntryState::Parked { reason, .. } if reason == why);
        let again = |class: Option<FailureClass>| {
            let waits = matches!(new.state, EntryState::Waiting { .. }) && new.attempt == old.attempt + 1;
            let class_fits = class.is_none() || new.last_failure.as_ref().is_some_and(|failure| failure.class == class);
            (waits && class_fits) || (old.attempt == self.tuning.max_attempts && parked(ParkReason::AttemptsUsedUp))
        };
        match task.outcome(id) {
            Some(Deployment { status: DeploymentStatus::Succeeded, ended, .. }) => match new.state {
                EntryState::Fixed { at, .. } => Some(at) == *ended,
                EntryState::Waiting { .. } => new.attempt == 1 && is_fixed_anew(Some(old), new),
                _ => parked(ParkReason::Flapping),
            },
            Some(Deployment { status: DeploymentStatus::Failed { code, .. }, .. }) => match code.as_str() {
                "ResourceNotFound" => {
                    matches!(new.state, EntryState::Skipped { reason: SkipReason::ResourceGone, .. })
                }
                "AuthorizationFailed" => keeps || parked(ParkReason::MissingPermission),
                "InvalidTemplateDeployment" => keeps || parked(ParkReason::PermanentFailure),
                STALE if old.is_stale() && old.waits >= EVALUATIONS => parked(ParkReason::PermanentFailure),
                STALE => again(Some(FailureClass::Stale)),
                _ => again(None),
            },
            Some(Deployment { status: DeploymentStatus::Open, .. }) | None if task.ending == Ending::Canceled => {
                // That people paused it is no one's verdict on the resource.
                if is_paused { stays } else { parked(ParkReason::Canceled) || keeps }
            }
            // Its turn did not come.
            Some(Deployment { status: DeploymentStatus::Open, .. }) | None if task.failed_halfway() => stays,
            Some(Deployment { status: DeploymentStatus::Open, .. }) | None => keeps || again(None),
        }
    }
}

/// Whether the entry says of one more fix than before.
fn is_fixed_anew(old: Option<&Entry>, entry: &Entry) -> bool {
    entry.fixes.last() > old.and_then(|old| old.fixes.last())
}
