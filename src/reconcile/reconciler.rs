//! Does what the decisions say, one step after the other, and tells them what it observed. No decision is made here.

use std::time::Duration;

use remediation::control::fleet::Entry;
use remediation::decide::{Idle, Next, Observed, Pass, Question, Transition};
use remediation::document::{FleetDocument, Rival, TargetDocument};
use remediation::id::Target;
use remediation::message::{Queue, WakeUp};
use remediation::settings::Tuning;
use remediation::time::Timestamp;

use crate::arm::{ArmClient, FactsReader, Homes, RightsReader, SHORT_REST};
use crate::azure::{Clocks, Contest, Deadline, error_chain};
use crate::blob::{ApprovalsReader, ControlsReader, FleetLedger, InstallationReader, Saved, StateError, Store};
use crate::service_bus::{SendError, Sender};
use crate::telemetry::about;
use crate::told::Told;

use super::begun::Begun;
use super::journal;
use super::listed::Listed;
use super::opened::Opened;
use super::slots::{Place, Slots};

/// Steps of one pass, far above what any needs: a guard against going round in circles.
const MOST_STEPS: usize = 2_000;
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
    /// What people have approved.
    pub approvals: ApprovalsReader,
    /// What assignments have taken of first steps, paces and approvals.
    pub fleet: FleetLedger,
    /// What was read in passes that are not finished.
    pub begun: Begun,
    /// Lists of what does not comply, which the waves of a target share.
    pub listed: Listed,
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
        let (mut hurry, mut place, mut is_crowded) = (None, None, false);
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
            if is_crowded || (place.is_none() && self.slots.are_taken(&self.facts.assigned(&wake_up.target))) {
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
                // Only who has a place for its task writes it down: all others would be refused.
                Next::Save(write) if write.transition == Transition::Opened && place.is_none() && !is_crowded => {
                    turn = None;
                    place = self.slots.place(self.facts.assigned(&wake_up.target)).await;
                    is_crowded = place.is_none();
                    continue;
                }
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
            match self.act(next, &pass, &wake_up.target, &mut place, slot, deadline).await? {
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
                        // Who has the turn already would wait for itself.
                        Observed::Conflict if turn.is_none() => {
                            self.store.turn_to_change(&wake_up.target, deadline).await
                        }
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
                    journal::tasks_awaited(&wake_up.target, &pass, self.clocks.moment().now, &self.told);
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
    async fn act<'a>(
        &'a self,
        next: Next,
        pass: &Pass,
        target: &Target,
        place: &mut Option<Place<'a>>,
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
                            self.slots.ended(&self.facts.assigned(target));
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
            Next::Ask(question) => self.answer(question, pass, target, slot).await,
            Next::LoadFleet => {
                let name = FleetDocument::name_of(target);
                Observed::Fleet(self.fleet.read(&self.store, &name, deadline).await?)
            }
            Next::LoadApprovals => Observed::Approvals(self.approvals.read(&self.store, &self.clocks, deadline).await?),
            Next::Enter(entry) => {
                let (name, task) = (FleetDocument::name_of(target), entry.task().clone());
                let entered = self.fleet.enter(&self.store, &self.clocks, &name, (*entry).clone(), deadline).await?;
                match *entry {
                    Entry::Book(_) => Observed::Entered(task, entered),
                    Entry::Report(..) => Observed::Reported(task, entered),
                    Entry::Judge(judged, _) => Observed::Judged(Box::new(judged)),
                }
            }
            Next::Create(task, begin_until) => {
                // One that another pass has written down has none yet.
                let place = match place.take() {
                    Some(place) => Some(place),
                    None => self.slots.place(self.facts.assigned(target)).await,
                };
                self.create(&task, begin_until, target, place, slot).await
            }
            Next::Grant(grant) => self.grant(*grant, pass, target, slot).await,
            Next::Evaluate(scope) => self.evaluate(scope, pass, slot).await,
            Next::DeleteTask(name) => self.delete_task(name, pass, target, slot).await,
            Next::CancelTask(name) => self.cancel_task(name, target, slot).await,
            Next::Show(plan) => {
                journal::plan(target, pass.owner(), &plan);
                Observed::Shown(plan.digest())
            }
            Next::Wake(wake_up) => {
                self.sender.send(Queue::WakeUps, &[wake_up], crate::azure::now(), deadline).await?;
                Observed::Woken
            }
            Next::Done => return Ok(None),
        }))
    }
}
