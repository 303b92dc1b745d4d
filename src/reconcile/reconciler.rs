//! Does what the decisions say, one step after the other, and tells them what it observed. No decision is made here.

use std::time::Duration;

use remediation::control::fleet::Entry;
use remediation::control::unread_controls;
use remediation::decide::{Answer, Idle, Next, Observed, Pass, Question, Transition};
use remediation::document::{FleetDocument, ParkReason, Rival, TargetDocument};
use remediation::fact::{CallKind, Creation, DeploymentList, PolicyState, ScopeStates, Unanswered, Unread};
use remediation::id::Target;
use remediation::message::{Queue, WakeUp};
use remediation::role::{Grant, GrantAnswer};
use remediation::settings::Tuning;
use remediation::time::Timestamp;
use remediation::transition::longest_request;

use crate::arm::{
    ArmClient, ArmError, Asking, FactsReader, Homes, Rest, RightsReader, SHORT_REST, calls, creation, description,
    granted, is_crowded_out, may_be_for_want_of_delegation, of_question, of_request, stays_for_good, unanswered,
};
use crate::azure::{Clocks, Contest, Deadline, error_chain};
use crate::blob::{ControlsReader, FleetLedger, InstallationReader, Saved, StateError, Store};
use crate::service_bus::{SendError, Sender};
use crate::telemetry::about;
use crate::told::Told;

use super::begun::Begun;
use super::journal;
use super::opened::Opened;
use super::slots::Slots;

/// Steps of one pass, far above what any needs: a guard against going round in circles.
const MOST_STEPS: usize = 2_000;
/// Pages of a list of deployments that are taken in at a time. A task may have 500, and a pass has 20 s.
const PART: usize = 10;
/// Longest time for reading the policy states of a scope at a time, and no more than half of what is left of the slot: waves, which do
/// without, must have some of it as well.
const ALL_STATES: Duration = Duration::from_secs(10);
/// Most pages of them at a time: 50,000 resources, the most that a task takes, at 100 a page.
const PAGES_OF_STATES: usize = 500;
/// So many passes in a row that took long and were cut off: it is the target that they die of.
const CUT_OFF: u32 = 8;

/// So long after its slot a pass is only if the machine stood still: no answer is waited for so long.
const STOOD_STILL: Duration = Duration::from_secs(30);

/// Why a pass could not be finished.
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
    /// Looks at the target take long and are cut off, always.
    #[error("{0} passes in a row took long and were cut off")]
    CutOff(u32),
}

/// What a pass needs to act.
pub struct Reconciler {
    /// The decisions' settings.
    pub tuning: Tuning,
    /// The documents.
    pub store: Store,
    /// The queues.
    pub sender: Sender,
    /// Resource Manager.
    pub arm: ArmClient,
    /// Facts and lists that targets share.
    pub facts: FactsReader,
    /// The clocks.
    pub clocks: Clocks,
    /// The installation.
    pub installation: InstallationReader,
    /// What people have paused.
    pub controls: ControlsReader,
    /// What assignments have taken of first steps and paces.
    pub fleet: FleetLedger,
    /// What was read in passes that are not finished.
    pub begun: Begun,
    /// The tasks that were opened of late.
    pub opened: Opened,
    /// What is told once a process: the log event, and what it is about.
    pub told: Told<(&'static str, String)>,
    /// Whose the subscriptions are.
    pub homes: Homes,
    /// Rights of identities, as they were read.
    pub rights: RightsReader,
    /// Policies of which as many tasks run as can.
    pub slots: Slots,
}

impl Reconciler {
    /// Takes one pass over the target of the wake-up. No question to Resource Manager is begun after `slot`; documents and the
    /// next wake-up are written until `deadline`.
    ///
    /// # Errors
    /// When the target's state or its next wake-up could not be stored: the wake-up must be delivered again.
    pub async fn reconcile(&self, wake_up: &WakeUp, slot: Deadline, deadline: Deadline) -> Result<(), ReconcileError> {
        let installation = self.installation.read(&self.store, deadline).await?;
        let mut pass = Pass::new(wake_up, installation);
        let mut contest = Contest::until(deadline);
        let mut is_new = true;
        let mut turn = None;
        let ends = self.clocks.running() + slot.left();
        let subscription = wake_up.target.subscription();
        let mut hurry = None;
        for _ in 0..MOST_STEPS {
            let moment = self.clocks.moment();
            // A machine that stood still may know by its wall clock only.
            if moment.running >= ends + STOOD_STILL {
                pass.observe(Observed::StoodStill);
            } else if slot.has_passed() || moment.running >= ends {
                pass.observe(Observed::OutOfTime);
            }
            let controls = self.controls.read(&self.store, &self.clocks, deadline).await?;
            pass.observe(Observed::Controls(controls));
            let moment = self.clocks.moment();
            let rest = self.arm.floor(subscription, moment.now);
            // A short one is waited for in the turn.
            if let Some(until) = rest.filter(|until| *until > moment.now + SHORT_REST) {
                pass.observe(Observed::Floor(until));
            }
            if self.slots.are_taken(&wake_up.target) {
                pass.observe(Observed::Crowded);
            }
            let next = pass.refreshed(pass.next(&self.tuning, moment));
            // Only who reads and writes at once keeps others away.
            if !next.is_of_documents() {
                turn = None;
            }
            if self.gives_way(&next, &pass, &wake_up.target, moment.now) {
                pass.observe(Observed::GivesWay);
                continue;
            }
            match &next {
                // Once a task is written down it must be asked for soon: its call goes before all others, when the rest is over.
                Next::Save(write) if write.transition == Transition::Opened => {
                    hurry.get_or_insert_with(|| self.arm.hurry(subscription));
                    if let Some(Ok(rest)) = rest.map(|until| Duration::try_from(until - moment.now)) {
                        tokio::time::sleep(rest.min(SHORT_REST)).await;
                        continue;
                    }
                }
                next if !next.is_of_documents() && !matches!(next, Next::Create(..)) => hurry = None,
                _ => {}
            }
            match self.act(next, &pass, &wake_up.target, slot, deadline).await? {
                Some(Observed::Target(found)) if is_new && found.document.cut_off >= CUT_OFF => {
                    return Err(ReconcileError::CutOff(found.document.cut_off));
                }
                Some(observed) => {
                    is_new &= !matches!(observed, Observed::Target(_));
                    if matches!(observed, Observed::Conflict | Observed::ClaimsConflict) && !contest.goes_on().await {
                        let blob = format!("of target {}", wake_up.target.hash());
                        return Err(StateError::Contended { blob }.into());
                    }
                    // A pass that has lost would lose to the next batch again.
                    turn = match &observed {
                        Observed::Conflict => self.store.turn_to_change(&wake_up.target, deadline).await,
                        Observed::Saved(..) => None,
                        _ => turn,
                    };
                    pass.observe(observed);
                }
                None => {
                    if pass.idle().is_none_or(Idle::is_an_end) {
                        self.begun.end(&wake_up.target.hash());
                    }
                    journal::passed(wake_up, &pass);
                    return Ok(());
                }
            }
        }
        Err(ReconcileError::Endless)
    }

    /// Whether a look at a running task is to wait, since few calls are left and others have begun what needs them.
    fn gives_way(&self, next: &Next, pass: &Pass, target: &Target, now: Timestamp) -> bool {
        let is_look = matches!(next, Next::Ask(Question::Task(_))) && pass.follows() && !pass.gives_way();
        is_look && self.arm.is_low(target.subscription(), now) && self.begun.has_way(target)
    }

    /// Does the next thing, and tells what it observed; none when there is nothing more to do.
    async fn act(
        &self,
        next: Next,
        pass: &Pass,
        target: &Target,
        slot: Deadline,
        deadline: Deadline,
    ) -> Result<Option<Observed>, ReconcileError> {
        Ok(Some(match next {
            Next::Load => Observed::Target(Box::new(self.store.target(target, deadline).await?)),
            Next::Save(mut write) => match self.store.save_target(&mut write.document, pass.etag(), deadline).await? {
                Saved::As(etag) => {
                    if let Some(before) = pass.document() {
                        journal::written(before, &write.document);
                        let last = |document: &TargetDocument| document.history.last().map(|past| past.name.clone());
                        if last(before) != last(&write.document) {
                            self.slots.ended(target);
                        }
                    }
                    Observed::Saved(write, etag)
                }
                Saved::Conflict => Observed::Conflict,
            },
            Next::LoadClaims => Observed::Claims(self.store.subscription(target.subscription(), deadline).await?),
            Next::SaveClaims(claims) => {
                match self.store.save_subscription(&claims, pass.claims_etag(), deadline).await? {
                    Saved::As(etag) => {
                        if let Some(before) = pass.claims() {
                            journal::evaluations(before, &claims);
                            journal::scope_parks(before, &claims);
                        }
                        Observed::ClaimsSaved(claims, etag)
                    }
                    Saved::Conflict => Observed::ClaimsConflict,
                }
            }
            Next::LoadRival(hash) => {
                let rival = match self.store.rival(target.subscription(), &hash, deadline).await {
                    Ok(rival) => rival,
                    // Nobody can tell that the claim is void, so it stands.
                    Err(error) if error.is_about_the_document() => {
                        about!(warn, target, event = "claim_stands", rival = %hash, reason = error_chain(&error), "the document of a target that claims resources cannot be used; its claim stands");
                        Rival { active: pass.claim_of(&hash), ..Rival::default() }
                    }
                    Err(error) => return Err(error.into()),
                };
                Observed::Rival(hash, rival)
            }
            Next::Ask(question) => match self.ask(question, target, slot).await {
                Ok(observed) => {
                    if let Observed::Answer(Answer::Facts(facts)) = &observed
                        && let Some(words) = unread_controls(facts)
                        && self.told.is_news(("controls_unread", format!("{} {words}", target.policy_assignment_id)))
                    {
                        journal::controls_unread(target, &words);
                    }
                    if let Observed::Answer(Answer::States(_, states)) = &observed
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
            },
            Next::LoadFleet => {
                let name = FleetDocument::name_of(target);
                Observed::Fleet(self.fleet.read(&self.store, &name, deadline).await?)
            }
            Next::Enter(entry) => {
                let (name, task) = (FleetDocument::name_of(target), entry.task().clone());
                let is_report = matches!(*entry, Entry::Report(_));
                let entered = self.fleet.enter(&self.store, &self.clocks, &name, *entry, deadline).await?;
                if is_report { Observed::Reported(task) } else { Observed::Entered(task, entered) }
            }
            Next::Create(task, begin_until) => {
                if !self.slots.take(&task.target) {
                    self.begun.end(&task.target.hash());
                    return Ok(Some(Observed::Creation(task.name, Creation::Wait)));
                }
                let call = calls::create_task(&task).leaving_before(begin_until);
                let answer = self.arm.send(&call, Deadline::after(longest_request(&self.tuning))).await;
                // Where it could not be sent, what was read for it is used again.
                if !matches!(answer, Err(ArmError::NotSent { .. } | ArmError::Held { .. })) {
                    self.begun.end(&task.target.hash());
                }
                journal::put(&task, &answer);
                match &answer {
                    Ok(_) => {
                        self.slots.accepted(&task.target);
                        self.opened.keep(&task);
                    }
                    Err(error) if is_crowded_out(error) => self.slots.refused(&task.target),
                    Err(_) => {}
                }
                let mut creation = creation(answer);
                if let Creation::Park(cause) = &mut creation
                    && cause.reason == ParkReason::WorkerLacksPermission
                    && let Some(standing) = self.own_standing(CallKind::CreateTask, target, slot).await
                {
                    cause.words = format!("{}; {standing}", cause.words);
                }
                Observed::Creation(task.name, creation)
            }
            Next::Grant(grant) => {
                let name = grant.name.clone();
                match self.grant(*grant, pass, target, slot).await {
                    Ok(answer) => Observed::Granted(name, answer),
                    Err(error) => {
                        journal::unanswered(target, &error);
                        Observed::Unanswered(self.explained(&error, target, slot).await)
                    }
                }
            }
            Next::Evaluate(scope) => {
                let call = calls::trigger_evaluation(&scope).leaving_in_time(self.sends_before(pass));
                let answer = self.arm.send_scan(&call, None, slot).await;
                Observed::Scanned(scope, of_request(answer))
            }
            Next::DeleteTask(name) => match self
                .arm
                .send(&calls::delete_task(target, &name).leaving_in_time(self.sends_before(pass)), slot)
                .await
            {
                Ok(_) => {
                    journal::task_deleted(target, &name);
                    Observed::TaskDeleted(name)
                }
                Err(error) if stays_for_good(&error, target) => {
                    if self.told.is_news(("task_kept", target.subscription().to_string())) {
                        journal::task_kept(target, &name, &error);
                    }
                    Observed::TaskDeleted(name)
                }
                Err(error @ (ArmError::Throttled { .. } | ArmError::Held { .. })) => {
                    Observed::Unanswered(unanswered(&error, target))
                }
                Err(error) => {
                    journal::unanswered(target, &error);
                    Observed::TaskStays
                }
            },
            Next::CancelTask(name) => match self.arm.send(&calls::cancel_task(target, &name), slot).await {
                Ok(_) => {
                    journal::task_canceled(target, &name);
                    Observed::TaskCanceled(name)
                }
                Err(error @ (ArmError::Throttled { .. } | ArmError::Held { .. })) => {
                    Observed::Unanswered(unanswered(&error, target))
                }
                // It may just have ended, or may not be canceled: it is followed as it is.
                Err(error) => {
                    if self.told.is_news(("task_not_canceled", target.subscription().to_string())) {
                        journal::task_not_canceled(target, &name, &error);
                    }
                    Observed::TaskCanceled(name)
                }
            },
            Next::Show(plan) => {
                journal::plan(target, &plan);
                Observed::Shown
            }
            Next::Wake(wake_up) => {
                self.sender.send(Queue::WakeUps, &[wake_up], crate::azure::now(), deadline).await?;
                Observed::Woken
            }
            Next::Done => return Ok(None),
        }))
    }

    /// Until when a change may be sent.
    fn sends_before(&self, pass: &Pass) -> Option<Duration> {
        pass.sends_before(&self.tuning, self.clocks.moment())
    }

    /// Why a question has no answer; with what the worker lacks, where that is why.
    async fn explained(&self, error: &ArmError, target: &Target, slot: Deadline) -> Unanswered {
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

    async fn own_standing(&self, refused: CallKind, target: &Target, slot: Deadline) -> Option<String> {
        self.rights.own_standing(&self.arm, target, refused, slot).await
    }

    /// Gives a role, and once more the other way where the answer says that the identity is a customer's, or is not.
    async fn grant(
        &self,
        mut grant: Grant,
        pass: &Pass,
        target: &Target,
        slot: Deadline,
    ) -> Result<GrantAnswer, ArmError> {
        let why = description(pass.installation(), target);
        let send = async |grant: &Grant| {
            let call = calls::create_role_assignment(&target.scope, grant, &why);
            granted(self.arm.send(&call.leaving_in_time(self.sends_before(pass)), slot).await, grant)
        };
        let answer = match send(&grant).await? {
            GrantAnswer::WithResource(_) => {
                let holder = pass.holder_of_identity().unwrap_or_else(|| target.policy_assignment_id.as_str());
                grant.delegated_resource = Some(holder.to_owned());
                send(&grant).await?
            }
            GrantAnswer::WithoutResource(_) => {
                grant.delegated_resource = None;
                send(&grant).await?
            }
            answer => answer,
        };
        journal::granted(target, &grant, &answer);
        Ok(answer)
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
}
