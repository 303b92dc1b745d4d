//! What the end of a task means for one resource that was in it.

use std::time::Duration;

use crate::document::{ActiveTask, Entry, EntryState, FailureClass, LastFailure, ParkReason, SkipReason};
use crate::fact::{TaskState, TaskStatus, subscription_cause};
use crate::id::ResourceId;
use crate::settings::Tuning;
use crate::time::Timestamp;
use crate::transition::backoff::{next_attempt, resource_wait};
use crate::transition::doubts;
use crate::transition::failure::{Action, action, classify};
use crate::transition::hint::hint;
use crate::transition::named::other_resource;
use crate::transition::observe::new_episode;
use crate::transition::states::{park, park_failed};

/// By more than this no clock is taken to be behind: a failure that Resource Manager dates later is of then.
const WRONG_CLOCK: Duration = Duration::from_secs(3_600);

/// So many evaluations in a row are waited for. What seems to be newer than a failure may stem from an evaluation that began
/// before it and tells nothing of it, so one is not enough to give a resource up.
const MOST_EVALUATIONS: u32 = 2;

/// Why a resource is parked whose task a person canceled.
pub(crate) fn canceled(task: &ActiveTask) -> String {
    format!("task {} was canceled", task.name)
}

/// What the end of a task means for a resource that was in it.
pub(crate) struct ResourceOutcome<'a> {
    pub(crate) id: &'a ResourceId,
    pub(crate) task: &'a ActiveTask,
    pub(crate) status: &'a TaskStatus,
    pub(crate) no_deployments: bool,
    /// What a person can do about a missing permission, where the task was to show whether one is missing.
    pub(crate) canary: Option<&'a str>,
    pub(crate) tuning: &'a Tuning,
    pub(crate) now: Timestamp,
}

impl ResourceOutcome<'_> {
    pub(crate) fn fixed(&self, entry: &mut Entry, at: Timestamp) {
        entry.fixes.retain(|earlier| *earlier + self.tuning.flap_window > self.now);
        entry.fixes.push(at);
        (entry.last_failure, entry.waits) = (None, 0);
        // Without a doubt left, an evaluation after the deployment's end was a compliant one that came before the task ended.
        let verified_at = Some(entry.observed_at).filter(|seen| entry.seen_in_task.is_none() && *seen >= at);
        entry.state = EntryState::Fixed { at, verified_at };
        entry.doubt = verified_at.is_none().then(|| doubts::of_fix(at, self.tuning));
        // Seen non-compliant after the deployment ended: it did not last.
        if let Some(seen) = entry.seen_in_task.take().filter(|seen| *seen > at) {
            new_episode(entry, seen, self.tuning, self.now);
        }
    }

    pub(crate) fn failed(&self, entry: &mut Entry, code: &str, message: &str, ended: Timestamp) {
        let class = classify(code, message, self.id);
        let words = format!("{code}: {message}");
        if class != FailureClass::WaitsForResource && !(class == FailureClass::Stale && entry.is_stale()) {
            entry.waits = 0;
        }
        match action(class) {
            Action::Retry => self.again(entry, Some(class), words),
            Action::AfterEvaluation if entry.waits < MOST_EVALUATIONS => self.after_evaluation(entry, words, ended),
            Action::AfterEvaluation => {
                entry.state = park(ParkReason::PermanentFailure, Some(class), words, self.tuning, self.now)
            }
            Action::Skip => entry.state = EntryState::skipped(SkipReason::ResourceGone, self.now),
            Action::WaitForResource => {
                // It waited for evaluations before: that is another row.
                if entry.is_stale() {
                    (entry.waits, entry.last_failure) = (0, None);
                }
                entry.waits = entry.waits.saturating_add(1);
                let until = self.now + resource_wait(entry.waits, self.tuning);
                let reason = ParkReason::WaitingForResource;
                let hint = hint(reason, &words, self.id);
                entry.state = EntryState::Parked { reason, class: Some(class), words, hint, until };
            }
            Action::OfSubscription => {
                let reason = subscription_cause(code, message).unwrap_or(ParkReason::PermanentFailure);
                entry.state = self.parked(reason, class, words);
            }
            Action::Park(reason) => entry.state = self.parked(reason, class, words),
        }
        entry.seen_in_task = None;
    }

    /// An earlier part of the list told that the deployment to the resource lacked permission, and another that it is not so for
    /// the whole target.
    pub(crate) fn refused(&self, entry: &mut Entry) {
        let words = entry.last_failure.take().map(|failure| failure.words).unwrap_or_default();
        entry.state = self.parked(ParkReason::MissingPermission, FailureClass::Permission, words);
        entry.seen_in_task = None;
    }

    fn parked(&self, reason: ParkReason, class: FailureClass, words: String) -> EntryState {
        let mut parked = park_failed(self.id, reason, class, words, self.tuning, self.now);
        if let (EntryState::Parked { hint, .. }, ParkReason::MissingPermission, Some(canary)) =
            (&mut parked, reason, self.canary)
        {
            canary.clone_into(hint);
        }
        parked
    }

    /// The task ended without a deployment to the resource: it was not non-compliant any more, or its turn did not come.
    /// The policy states tell which before the next wave.
    pub(crate) fn untouched(&self, entry: &mut Entry) {
        match self.status.state {
            // The whole target is parked, with what is not listed; what was canceled for a pause goes on after it.
            TaskState::Canceled if self.task.kind.is_whole() || self.task.canceling => {
                entry.state = EntryState::Waiting { due: self.now };
            }
            TaskState::Canceled => {
                entry.state = park(ParkReason::Canceled, None, canceled(self.task), self.tuning, self.now);
            }
            // Too many others failed, so its turn did not come: that is no attempt of its own.
            TaskState::Failed if !self.no_deployments => {
                let due = next_attempt(entry.attempt, &self.task.name, self.tuning, self.now);
                entry.state = EntryState::Waiting { due };
                let words = format!("task {} ended as {} before its turn", self.task.name, self.status.word);
                entry.last_failure.get_or_insert(LastFailure { words, ..LastFailure::default() });
            }
            TaskState::Active | TaskState::Succeeded | TaskState::Failed | TaskState::Complete => {
                let words = format!("task {} ended as {} without a deployment to it", self.task.name, self.status.word);
                // A success without any deployment may have come before the evaluation that it needed.
                if self.status.state == TaskState::Succeeded && self.no_deployments && !entry.is_stale() {
                    self.after_evaluation(entry, words, self.task.opened_at);
                } else {
                    self.again(entry, None, words);
                }
            }
        }
        entry.seen_in_task = None;
    }

    /// Another attempt is of use only after an evaluation that is newer than `failed_at`. One may have come meanwhile.
    fn after_evaluation(&self, entry: &mut Entry, words: String, failed_at: Timestamp) {
        let seen = entry.seen_in_task;
        if !entry.is_stale() {
            entry.waits = 0;
        }
        entry.waits = entry.waits.saturating_add(1);
        self.again(entry, Some(FailureClass::Stale), words);
        if let Some(failure) = &mut entry.last_failure {
            // This machine's clock may be behind: by it an evaluation that began before the failure would seem to be newer.
            let failed_at = failed_at.min(self.now + WRONG_CLOCK);
            failure.not_evaluated_since = Some(failed_at).filter(|at| seen.is_none_or(|seen| seen <= *at));
        }
    }

    fn again(&self, entry: &mut Entry, class: Option<FailureClass>, words: String) {
        if entry.attempt >= self.tuning.max_attempts {
            entry.state = park(ParkReason::AttemptsUsedUp, class, words, self.tuning, self.now);
        } else {
            entry.state =
                EntryState::Waiting { due: next_attempt(entry.attempt, &self.task.name, self.tuning, self.now) };
            entry.attempt += 1;
            let collides = matches!(class, Some(FailureClass::Conflict | FailureClass::Transient));
            let meets = collides.then(|| other_resource(&words, self.id)).flatten();
            entry.last_failure = Some(LastFailure { class, words, meets, ..LastFailure::default() });
        }
    }
}
