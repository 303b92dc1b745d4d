//! Does what the decisions say, one step after the other, and tells them what it observed. No decision is made here.

use std::time::Duration;

use tracing::{info, warn};

use super::journal;
use super::plan::Plan;
use super::reconciliation::Reconciliation;
use super::scope_states::{ScopeStates, Unread};
use super::step::{DeploymentList, Next, Observed, Put, Question};
use super::wake::{leave_behind, wake_up_of};
use crate::arm::{ArmClient, ArmError, FactsReader, calls};
use crate::config::Policy;
use crate::event::Timestamp;
use crate::queue::{Queue, SendError, Sender, WakeUp};
use crate::resource::Target;
use crate::state::{Saved, StateError, Store, Versioned};
use crate::transport::Deadline;

/// Steps of one look, far above what any needs: a guard against going round in circles.
const MOST_STEPS: usize = 2_000;
/// Pages of a list of deployments that are taken in at a time. A task may have 500, and a look has 20 s.
const PART: usize = 10;
/// Longest time for reading the policy states of a scope at a time: waves, which do without, must have some of the slot as well.
const ALL_STATES: Duration = Duration::from_secs(10);
/// Most pages of them at a time: 50,000 resources, the most that a task takes, at 100 a page.
const PAGES_OF_STATES: usize = 500;
/// Longest time for creating a task: one try.
const PUT: Duration = Duration::from_secs(10);

/// Why a look could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The store does not serve.
    #[error("the state of the target cannot be kept")]
    State(#[from] StateError),
    /// The next wake-up cannot be sent.
    #[error("the next wake-up cannot be sent")]
    Send(#[from] SendError),
    /// The decisions go round in circles: a defect.
    #[error("no end after {MOST_STEPS} steps; please report this with the log of the target")]
    Endless,
}

/// What a look needs to act.
pub struct Reconciler {
    /// The decisions' settings.
    pub policy: Policy,
    /// The documents.
    pub store: Store,
    /// The queues.
    pub sender: Sender,
    /// Resource Manager.
    pub arm: ArmClient,
    /// Facts and lists that targets share.
    pub facts: FactsReader,
}

impl Reconciler {
    /// Takes one look at the target of the wake-up. No question to Resource Manager is begun after `slot`; documents and the
    /// next wake-up are written until `deadline`.
    ///
    /// # Errors
    /// When the target's state or its next wake-up could not be stored: the wake-up must be delivered again.
    pub async fn reconcile(&self, wake_up: &WakeUp, slot: Deadline, deadline: Deadline) -> Result<(), ReconcileError> {
        let mut look = Reconciliation::new(wake_up);
        for _ in 0..MOST_STEPS {
            if slot.has_passed() {
                look.observe(Observed::OutOfTime);
            }
            let now = Timestamp::now_utc();
            if let Some(until) = self.arm.floor(wake_up.target.subscription(), now) {
                look.observe(Observed::Floor(until));
            }
            let next = look.next(&self.policy, now);
            match self.act(next, &look, &wake_up.target, slot, deadline).await? {
                Some(observed) => look.observe(observed),
                None => {
                    journal::looked(wake_up, &look);
                    return Ok(());
                }
            }
        }
        Err(ReconcileError::Endless)
    }

    /// Makes sure that the target is looked at again after this time, whatever becomes of the look under way.
    ///
    /// # Errors
    /// As for [`Reconciler::reconcile`].
    pub async fn leave_behind(
        &self,
        wake_up: &WakeUp,
        after: Duration,
        deadline: Deadline,
    ) -> Result<(), ReconcileError> {
        let target = &wake_up.target;
        let document = loop {
            let Versioned { mut document, etag } = self.store.target(target, deadline).await?;
            if etag.is_none() {
                return Ok(());
            }
            let changed = leave_behind(&mut document, wake_up.generation, Timestamp::now_utc() + after);
            if !changed || self.store.save_target(&mut document, etag.as_ref(), deadline).await? != Saved::Conflict {
                break document;
            }
        };
        info!(event = "look_left_behind", target = %target.hash(), generation = document.generation, "a look takes long; another is planned in case it is cut off");
        let Some(message) = wake_up_of(&document) else { return Ok(()) };
        self.sender.send(Queue::WakeUps, &[message], Timestamp::now_utc(), deadline).await?;
        Ok(())
    }

    /// Does the next thing, and tells what it observed; none when there is nothing more to do.
    async fn act(
        &self,
        next: Next,
        look: &Reconciliation,
        target: &Target,
        slot: Deadline,
        deadline: Deadline,
    ) -> Result<Option<Observed>, ReconcileError> {
        Ok(Some(match next {
            Next::Load => Observed::Target(Box::new(self.store.target(target, deadline).await?)),
            Next::Save(mut write) => match self.store.save_target(&mut write.document, look.etag(), deadline).await? {
                Saved::As(etag) => {
                    if let Some(before) = look.document() {
                        journal::written(before, &write.document);
                    }
                    Observed::Saved(write, etag)
                }
                Saved::Conflict => Observed::Conflict,
            },
            Next::LoadClaims => Observed::Claims(self.store.subscription(target.subscription(), deadline).await?),
            Next::SaveClaims(claims) => match self.store.save_subscription(&claims, look.claims_etag(), deadline).await? {
                Saved::As(etag) => Observed::ClaimsSaved(claims, etag),
                Saved::Conflict => Observed::ClaimsConflict,
            },
            Next::LoadRival(hash) => {
                let found = self.store.target_of_hash(target.subscription(), &hash, deadline).await?;
                Observed::Rival(hash, found.and_then(|v| v.document.active).map(|active| active.name))
            }
            Next::Ask(question) => self.ask(question, target, slot).await.unwrap_or_else(|error| {
                warn!(event = "question_unanswered", target = %target.hash(), %error, "Resource Manager did not answer; the target waits");
                Observed::Unanswered(error)
            }),
            Next::Put(task) => {
                let answer = self.arm.send(&calls::create_task(&task), Deadline::after(PUT)).await;
                journal::put(&task, &answer);
                Observed::Put(task.name, Put::of(answer))
            }
            Next::Show(plan) => {
                self.show(&plan, target);
                Observed::Shown
            }
            Next::Wake(wake_up) => {
                self.sender.send(Queue::WakeUps, &[wake_up], Timestamp::now_utc(), deadline).await?;
                Observed::Woken
            }
            Next::Done => return Ok(None),
        }))
    }

    async fn ask(&self, question: Question, target: &Target, slot: Deadline) -> Result<Observed, ArmError> {
        Ok(match question {
            Question::Facts => Observed::Facts(self.facts.facts(&self.arm, target, slot).await?),
            Question::ActiveTasks => {
                Observed::ActiveTasks(self.facts.active_tasks(&self.arm, target.subscription(), slot).await?)
            }
            Question::States(asked) => {
                let mut states = Vec::new();
                for call in calls::latest_states(target, &asked, Timestamp::now_utc()) {
                    states.extend(self.arm.send_paged(&call, slot).await?);
                }
                Observed::States(asked, states)
            }
            Question::AllNonCompliant(from) => Observed::AllNonCompliant(self.scope_states(target, from, slot).await?),
            Question::Task(name, extent) => match self.arm.send(&calls::task(target, &extent, &name), slot).await {
                Ok(status) => Observed::Task(name, Some(status)),
                Err(ArmError::NotFound { .. }) => Observed::Task(name, None),
                Err(error) => return Err(error),
            },
            Question::Deployments(name, extent, from) => {
                let call = calls::list_deployments(target, &extent, &name);
                let (deployments, next) = match self.arm.send_some(&call, from.as_deref(), PART, slot).await {
                    Ok(part) => part,
                    Err(ArmError::NotFound { .. }) => (Vec::new(), None),
                    // The link leads nowhere any more: what was not read counts as not in the list, and is looked at anew.
                    Err(error) if from.is_some() && error.is_final() => (Vec::new(), None),
                    Err(error) => return Err(error),
                };
                Observed::Deployments(name, DeploymentList { from, deployments, next })
            }
        })
    }

    /// The non-compliant states of the target's scope, page by page, as many as come in time. Nothing that came is lost to an
    /// error after it.
    async fn scope_states(
        &self,
        target: &Target,
        from: Option<String>,
        slot: Deadline,
    ) -> Result<ScopeStates, ArmError> {
        let call = calls::all_non_compliant(target, Timestamp::now_utc());
        let limit = slot.within(ALL_STATES);
        let mut list = ScopeStates::unread(from);
        for _ in 0..PAGES_OF_STATES {
            let Unread::From(link) = &list.unread else { break };
            match self.arm.send_some(&call, link.as_deref(), 1, limit).await {
                Ok((page, next)) => list.push(page, next),
                Err(_) if !list.is_unanswered() => break,
                Err(error @ (ArmError::Throttled { .. } | ArmError::Held { .. })) => return Err(error),
                Err(error) => {
                    // A link that leads nowhere any more is followed no further: the next look begins anew.
                    if list.from.is_some() && error.is_final() {
                        list.unread = Unread::From(None);
                    }
                    break;
                }
            }
        }
        Ok(list)
    }

    fn show(&self, plan: &Plan, target: &Target) {
        let task = plan.task.as_ref().map(|task| task.name.as_str()).unwrap_or_default();
        let resources = plan.task.iter().flat_map(|task| &task.resources).map(|id| id.as_str()).collect::<Vec<_>>();
        let what = if plan.task.is_some() { "this task" } else { "no task" };
        let body = plan.task.as_ref().map(|task| calls::create_task(task).body_text()).unwrap_or_default();
        info!(event = "plan", target = %target.hash(), task, count = resources.len(), leaving = plan.verdicts.len(), request = body, "plan mode: {what} would be opened");
        if let Some(cause) = &plan.cause {
            info!(event = "plan_target_parked", target = %target.hash(), reason = cause.reason.as_str(), words = cause.words, hint = cause.reason.hint(), "plan mode: the whole target would be parked");
        }
        for verdict in &plan.verdicts {
            let super::Verdict::Skip(resource, reason) = verdict;
            info!(event = "plan_leaving", target = %target.hash(), %resource, reason = reason.as_str(), "plan mode: this resource would leave the wave");
        }
    }
}
