//! Asks Resource Manager what a pass wants to know. Nothing is changed by any question.

use std::time::Duration;

use remediation::control::unread_controls;
use remediation::decide::{Answer, Observed, Pass, Question};
use remediation::document::ParkReason;
use remediation::fact::{CallKind, DeploymentList, PolicyState, ScopeStates, Unanswered, Unread};
use remediation::id::Target;

use crate::arm::{ArmError, Asking, Rest, calls, may_be_for_want_of_delegation, of_question, unanswered};
use crate::azure::{Deadline, error_chain};
use crate::telemetry::about;

use super::journal;
use super::reconciler::Reconciler;

/// Pages of a list of deployments that are taken in at a time. A task may have 500, and a pass has 20 s.
const PART: usize = 10;
/// Longest time for reading the policy states of a scope at a time, and no more than half of what is left of the slot: waves, which do
/// without, must have some of it as well.
const ALL_STATES: Duration = Duration::from_secs(10);
/// Most pages of them at a time: 50,000 resources, the most that a task takes, at 100 a page.
const PAGES_OF_STATES: usize = 500;

impl Reconciler {
    /// Asks a question that a pass has, and tells what is odd about the answer.
    pub(super) async fn answer(&self, question: Question, pass: &Pass, target: &Target, slot: Deadline) -> Observed {
        match self.ask(question, target, slot).await {
            Ok(observed) => {
                if let Observed::Answer(Answer::Facts(facts)) = &observed
                    && let Some(words) = unread_controls(facts)
                    && self.told.is_news(("controls_unread", format!("{} {words}", target.policy_assignment_id)))
                {
                    journal::controls_unread(target, &words);
                }
                if let Observed::Answer(Answer::States(_, states) | Answer::Listed(_, states)) = &observed
                    && let Some((state, expected)) = pass.disagreeing(states)
                    && self.told.is_news(("effect_differs", target.policy_assignment_id.to_string()))
                {
                    journal::effect_differs(target, state, &expected);
                }
                observed
            }
            Err(error) => {
                let unanswered = self.explained(&error, target, slot).await;
                if !pass.is_told(&unanswered) {
                    journal::unanswered(target, &error);
                }
                Observed::Unanswered(unanswered)
            }
        }
    }

    /// Asks Resource Manager. Only questions: nothing is changed by any.
    ///
    /// # Errors
    /// What keeps the question from being answered.
    pub async fn ask(&self, question: Question, target: &Target, slot: Deadline) -> Result<Observed, ArmError> {
        Ok(match question {
            Question::Facts => Observed::Answer(Answer::Facts(self.facts.facts(&self.arm, target, None, slot).await?)),
            Question::FactsSince(since) => {
                Observed::Answer(Answer::Facts(self.facts.facts(&self.arm, target, Some(since), slot).await?))
            }
            Question::Rights(since) => {
                let asking = Asking { arm: &self.arm, facts: &self.facts, homes: &self.homes, deadline: slot };
                Observed::Answer(Answer::Rights(self.rights.rights(&asking, target, since).await?))
            }
            Question::ActiveTasks => {
                let hash = target.hash();
                let (read_at, tasks) = match self.begun.tasks(&hash) {
                    Some(begun) => begun,
                    None => {
                        let (read_at, tasks) = self.facts.active_tasks(&self.arm, target, slot).await?;
                        self.begun.keep_tasks(target, read_at, &tasks);
                        (read_at, tasks)
                    }
                };
                Observed::Answer(Answer::ActiveTasks(self.opened.add_to(tasks, target.subscription(), read_at)))
            }
            // One query at a time: what is answered is kept, whatever becomes of the rest.
            Question::States(mut asked) => {
                let hash = target.hash();
                if let Some((known, states)) = self.begun.states(&hash, &asked) {
                    return Ok(Observed::Answer(Answer::States(known, states)));
                }
                let (mut call, mut count) = calls::latest_states(target, &asked, crate::azure::now());
                let mut answer = self.arm.send_listing(&call, slot).await;
                // Half as many, until it is one.
                while count > 1 && answer.as_ref().is_err_and(ArmError::is_too_large) {
                    (call, count) = calls::latest_states(target, &asked[..count / 2], crate::azure::now());
                    answer = self.arm.send_listing(&call, slot).await;
                }
                let states = match answer {
                    Err(error) if self.goes_on_without(&error, target, slot).await => {
                        asked[..count].iter().map(PolicyState::unread).collect()
                    }
                    answer => answer?,
                };
                asked.truncate(count);
                self.begun.keep_states(target, &asked, &states);
                Observed::Answer(Answer::States(asked, states))
            }
            Question::Listed { wave, waiting } => {
                let (since, states) = self.listed(target, &wave, &waiting, slot).await?;
                Observed::Answer(Answer::Listed(since, states))
            }
            Question::AllNonCompliant(from) => {
                Observed::Answer(Answer::AllNonCompliant(self.scope_states(target, from, slot).await?))
            }
            Question::Task(name) => match self.arm.send(&calls::task(target, &name), slot).await {
                Ok(status) => Observed::Answer(Answer::Task(name, Some(status))),
                Err(error) if error.is_missing() => Observed::Answer(Answer::Task(name, None)),
                Err(error) => return Err(error),
            },
            Question::Deployments(name, from) => {
                let call = calls::list_deployments(target, &name);
                let (deployments, next) = match self.arm.send_some(&call, from.as_deref(), PART, slot).await {
                    Ok(part) => part,
                    Err(ArmError::NotFound { .. }) => (Vec::new(), None),
                    // The link leads nowhere any more: what was not read counts as not in the list, and is looked at anew.
                    Err(error) if from.is_some() && error.is_final() => (Vec::new(), None),
                    Err(error) => return Err(error),
                };
                Observed::Answer(Answer::Deployments(name, DeploymentList { from, deployments, next }))
            }
            Question::Evaluation(scope, link) => {
                let answer = self.arm.send_scan(&calls::read_evaluation(&scope), Some(&link), slot).await;
                let scanned = of_question(answer, &link)?;
                Observed::Scanned(scope, scanned)
            }
        })
    }

    /// Whether policy states that are refused do without: their owner may not have delegated them, and Azure remediates only what is
    /// non-compliant. In a subscription of our own somebody has forgotten a role.
    async fn goes_on_without(&self, error: &ArmError, target: &Target, slot: Deadline) -> bool {
        if !may_be_for_want_of_delegation(error) {
            return false;
        }
        let subscription = target.subscription();
        let is_delegated = self.homes.is_delegated(&self.arm, subscription, slot).await.unwrap_or_default();
        if is_delegated && self.told.is_news(("states_unread", subscription.to_string())) {
            about!(
                warn,
                target,
                event = "states_unread",
                error = error_chain(error),
                "the delegated subscription does not let the worker read policy states; what is seen non-compliant is remediated without them, and no fix can be verified"
            );
        }
        is_delegated
    }

    /// The non-compliant states of the target's scope, page by page, as many as come in time. Nothing that came is lost to an
    /// error after it.
    async fn scope_states(
        &self,
        target: &Target,
        from: Option<String>,
        slot: Deadline,
    ) -> Result<ScopeStates, ArmError> {
        let call = calls::all_non_compliant(target, crate::azure::now());
        let limit = slot.within(ALL_STATES.min(slot.left() / 2));
        let mut list = ScopeStates::unread(from);
        for _ in 0..PAGES_OF_STATES {
            let Unread::From(link) = &list.unread else { break };
            match self.arm.send_part(&call, link.as_deref(), 1, limit).await {
                Ok((page, Rest::Nothing)) => list.push(page, None),
                Ok((page, Rest::At(next))) => list.push(page, Some(next)),
                Ok((page, Rest::Untold)) => {
                    list.cut(page);
                    break;
                }
                Err(_) if !list.is_unanswered() => break,
                Err(error @ (ArmError::Throttled { .. } | ArmError::Held { .. })) => return Err(error),
                Err(error) => {
                    // A link that leads nowhere any more is followed no further: the next pass begins anew.
                    if list.from.is_some() && error.is_final() {
                        list.unread = Unread::From(None);
                    }
                    list.is_refused = list.from.is_none() && error.is_final();
                    about!(
                        warn,
                        target,
                        event = "question_unanswered",
                        error = error_chain(&error),
                        "Resource Manager did not tell the policy states of the scope; what is not listed waits"
                    );
                    break;
                }
            }
        }
        Ok(list)
    }

    /// Why a question has no answer; with what the worker lacks, where that is why.
    pub(super) async fn explained(&self, error: &ArmError, target: &Target, slot: Deadline) -> Unanswered {
        let mut unanswered = unanswered(error, target);
        if let Some(refusal) = &mut unanswered.refusal
            && refusal.reason == ParkReason::WorkerLacksPermission
            && error.is_forbidden()
            && let Some(standing) = self.own_standing(refusal.call, target, slot).await
        {
            refusal.words = format!("{}; {standing}", refusal.words);
        }
        unanswered
    }

    /// What the worker itself may do there, where a call was refused.
    pub(super) async fn own_standing(&self, refused: CallKind, target: &Target, slot: Deadline) -> Option<String> {
        self.rights.own_standing(&self.arm, target, refused, slot).await
    }
}
