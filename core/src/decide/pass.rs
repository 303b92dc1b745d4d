//! One pass over one target, from its wake-up to the next: the memory of what was observed. What follows from it is decided in `next`.

use std::sync::Arc;

use crate::control::fleet::{Entered, Judged};
use crate::control::{KnownApprovals, KnownControls};
use crate::document::{
    ETag, EvaluationPhase, FleetDocument, Installation, InstallationId, SubscriptionDocument, TargetDocument, TaskName,
    TaskPhase, Versioned,
};
use crate::fact::{CallKind, Creation, Effect, PolicyState, Refusal, Scanned, Unanswered};
use crate::id::{Scope, Target, TargetHash};
use crate::message::WakeUp;
use crate::policy::Resolved;
use crate::time::Timestamp;
use crate::transition::refusals::holding;
use crate::transition::schedule::wake_up_of;

use super::idle::Idle;
use super::memory::{Answers, Documents, End, Evaluation, Limits, Mine, Opening};
use super::step::{Next, Observed, Transition};

/// The memory of one pass over one target.
#[derive(Debug, Clone)]
pub struct Pass {
    pub(crate) target: Target,
    pub(crate) hash: TargetHash,
    pub(crate) installation: Installation,
    generation: u64,
    /// Whether an earlier pass was cut off, which is to be written down.
    pub(crate) left_behind: bool,
    pub(crate) documents: Documents,
    pub(crate) answers: Answers,
    pub(crate) opening: Opening,
    pub(crate) evaluation: Evaluation,
    pub(crate) limits: Limits,
    /// What people have paused; none while that was not read.
    pub(crate) controls: Option<KnownControls>,
    /// What people have approved; none while that is not asked.
    pub(crate) approvals: Option<KnownApprovals>,
    /// What the assignments of the name have taken of first steps and paces.
    pub(crate) fleet: Option<Arc<FleetDocument>>,
    /// What was entered there last.
    pub(crate) entered: Option<(TaskName, Entered)>,
    /// The task whose end was reported there last, and what came of that.
    pub(crate) reported: Option<(TaskName, Entered)>,
    /// The fixes of which it was reported there last what became of them.
    pub(crate) judged: Option<Judged>,
    pub(crate) end: End,
}

impl Pass {
    /// The pass that this wake-up asks for, by a worker of this installation.
    #[must_use]
    pub fn new(wake_up: &WakeUp, installation: Installation) -> Self {
        Self {
            target: wake_up.target.clone(),
            hash: wake_up.target.hash(),
            installation,
            generation: wake_up.generation,
            left_behind: wake_up.left_behind,
            documents: Documents::default(),
            answers: Answers::default(),
            opening: Opening::default(),
            evaluation: Evaluation::default(),
            limits: Limits::default(),
            controls: None,
            approvals: None,
            fleet: None,
            entered: None,
            reported: None,
            judged: None,
            end: End::default(),
        }
    }

    /// The generation of the wake-up that asked for the pass.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The document as it was last read or written, for the log.
    #[must_use]
    pub fn document(&self) -> Option<&TargetDocument> {
        self.documents.document.as_ref().map(|v| &v.document)
    }

    /// The subscription's document as it was last read or written, for the log.
    #[must_use]
    pub fn claims(&self) -> Option<&SubscriptionDocument> {
        self.documents.claims.as_ref().map(|v| &v.document)
    }

    /// The installation whose pass it is.
    #[must_use]
    pub fn installation(&self) -> &InstallationId {
        &self.installation.id
    }

    /// The resource that holds the identity of the assignment, where that was asked.
    #[must_use]
    pub fn holder_of_identity(&self) -> Option<&str> {
        self.answers.rights.as_ref().map(|rights| rights.holder.as_str())
    }

    /// A state whose effect is not the one that the definition has under the assignment, which was read before it. The state counts.
    #[must_use]
    pub fn disagreeing<'s>(&self, states: &'s [PolicyState]) -> Option<(&'s PolicyState, Effect)> {
        let facts = self.answers.facts.as_ref()?;
        let Some(Resolved::Known(expected)) = &facts.effect else { return None };
        let differs = |state: &&PolicyState| {
            let is_newer = state.at.is_some_and(|at| at >= facts.read_at);
            is_newer && state.effect.as_ref().is_some_and(|effect| effect != expected)
        };
        states.iter().find(differs).map(|state| (state, expected.clone()))
    }

    /// The ETag that a write of the target's document must name.
    #[must_use]
    pub fn etag(&self) -> Option<&ETag> {
        self.documents.document.as_ref().and_then(|v| v.etag.as_ref())
    }

    /// The ETag that a write of the subscription's document must name.
    #[must_use]
    pub fn claims_etag(&self) -> Option<&ETag> {
        self.documents.claims.as_ref().and_then(|v| v.etag.as_ref())
    }

    /// The task for which this target claims resources, as the subscription's document was read.
    #[must_use]
    pub fn claim_of(&self, rival: &TargetHash) -> Option<TaskName> {
        self.documents
            .claims
            .as_ref()
            .and_then(|claims| claims.document.claims.get(rival))
            .map(|claim| claim.task.clone())
    }

    /// Whether the subscription's document tells already that this is refused.
    #[must_use]
    pub fn is_told(&self, unanswered: &Unanswered) -> bool {
        let known = self.documents.claims.as_ref().and_then(|v| holding(&v.document, &self.target, &self.hash));
        known.is_some_and(|(_, park)| park.parked_since.is_some()) && unanswered.refusal.is_some()
    }

    /// Whether the target's task runs.
    #[must_use]
    pub fn follows(&self) -> bool {
        let active = self.document().and_then(|document| document.active.as_ref());
        active.is_some_and(|active| active.phase == TaskPhase::Open)
    }

    /// Whether the look at the running task was told to give way.
    #[must_use]
    pub fn gives_way(&self) -> bool {
        self.limits.gives_way
    }

    /// Whether the wake-up was void: an earlier generation's.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.documents.stale == Some(true)
    }

    /// Why the target rests, once its next wake-up is set.
    #[must_use]
    pub fn idle(&self) -> Option<Idle> {
        self.end.settled
    }

    /// Remembers what was observed.
    pub fn observe(&mut self, observed: Observed) {
        self.answers.answered.extend(answered(&observed).map(CallKind::as_str));
        self.documents.claims_are_old |= observed.is_answer();
        match observed {
            Observed::Target(versioned) => {
                self.documents.stale.get_or_insert(versioned.document.generation > self.generation);
                if self.documents.active != versioned.document.active {
                    self.answers.forget_task();
                    self.documents.active.clone_from(&versioned.document.active);
                }
                self.documents.document = Some(*versioned);
            }
            Observed::Saved(write, etag) => {
                self.left_behind = false;
                self.documents.active.clone_from(&write.document.active);
                match (write.transition, &write.document.active) {
                    (how @ (Transition::Opened | Transition::TookOver), Some(active)) => {
                        let (task, opened_at, decided) = (active.name.clone(), active.opened_at, write.decided);
                        self.opening.mine = Some(Mine { task, opened_at, decided, how });
                    }
                    (Transition::Settled(why), _) => self.end.settled = Some(why),
                    (Transition::Step | Transition::Opened | Transition::TookOver, _) => {}
                }
                self.documents.document = Some(Versioned { document: *write.document, etag: Some(etag) });
            }
            Observed::Conflict => {
                self.documents.document = None;
                self.answers.forget_task();
            }
            Observed::Claims(versioned) => {
                self.documents.claims = Some(versioned);
                self.documents.claims_are_old = false;
                // Only a document that is read after a claim can show that it is void.
                self.documents.rivals.clear();
                self.documents.document = None;
            }
            Observed::ClaimsSaved(document, etag) => {
                self.evaluation.scanned = None;
                if let Some(requested) = self.new_request(&document) {
                    (self.evaluation.requested, self.evaluation.has_requested) = (Some(requested), true);
                }
                self.limits.tries_again |= self.begins_a_try(&document);
                self.documents.claims = Some(Versioned { document: *document, etag: Some(etag) });
                self.documents.claims_are_old = false;
            }
            Observed::ClaimsConflict => {
                self.documents.claims = None;
                self.answers.forget_task();
            }
            Observed::Rival(hash, rival) => drop(self.documents.rivals.insert(hash, rival)),
            Observed::Answer(answer) => {
                let document = self.documents.document.as_ref().map(|versioned| &versioned.document);
                self.answers.take(answer, document);
            }
            Observed::Unanswered(Unanswered { not_before: Some(until), .. }) | Observed::Floor(until) => {
                self.limits.throttled = self.limits.throttled.max(Some(until));
            }
            Observed::Unanswered(Unanswered { refusal, .. }) => {
                self.limits.unanswered = true;
                self.limits.refused = refusal.or(self.limits.refused.take());
            }
            Observed::Creation(name, put) => {
                if let Creation::Throttled(until) = put {
                    self.limits.throttled = self.limits.throttled.max(Some(until));
                }
                if let Creation::Park(cause) = &put {
                    self.limits.refused = Refusal::of_task(cause, &self.target);
                }
                // What was found before the creation says nothing of the time after it.
                self.answers.all_non_compliant = None;
                self.answers.task = self.answers.task.take().filter(|(found, _)| *found != name);
                self.opening.creation = Some((name, put));
            }
            Observed::Granted(name, answer) => drop(self.answers.granted.insert(name, answer)),
            Observed::Scanned(scope, scanned) => {
                if let Scanned::Throttled(until, _) = scanned {
                    self.limits.throttled = self.limits.throttled.max(Some(until));
                }
                self.evaluation.requested.take_if(|(requested, _)| *requested == scope);
                let known = self.documents.claims.as_ref().and_then(|v| v.document.evaluations.get(&scope));
                self.evaluation.scanned = known.map(|known| (scope, known.started_at, scanned));
            }
            Observed::TaskDeleted(task) => self.end.deleted = Some(task),
            Observed::TaskCanceled(task) => self.end.canceled = Some(task),
            Observed::TaskStays => self.end.stays = true,
            Observed::Controls(controls) => self.controls = Some(controls),
            Observed::Fleet(fleet) => self.fleet = Some(fleet),
            Observed::Approvals(approvals) => self.approvals = Some(approvals),
            Observed::Entered(task, entered) => {
                // Others have taken what was thought to be free.
                self.fleet = None;
                self.entered = Some((task, entered));
            }
            Observed::Reported(task, entered) => self.reported = Some((task, entered)),
            Observed::Judged(judged) => self.judged = Some(*judged),
            Observed::Crowded => self.limits.is_crowded = true,
            Observed::GivesWay => self.limits.gives_way = true,
            Observed::Shown(plan) => self.end.shown = Some(plan),
            Observed::Woken => self.end.woken = true,
            Observed::OutOfTime => self.limits.out_of_time = true,
            Observed::StoodStill => {
                self.limits.out_of_time = true;
                self.answers.forget_what_was_read();
            }
        }
    }

    /// The evaluation that this write of ours puts down as about to be asked for.
    fn new_request(&self, written: &SubscriptionDocument) -> Option<(Scope, Timestamp)> {
        let before = self.documents.claims.as_ref().map(|v| &v.document.evaluations);
        let mut asked = written.evaluations.iter().filter(|(_, known)| known.phase == EvaluationPhase::Asked);
        let new = asked.find(|(scope, known)| before.and_then(|before| before.get(*scope)) != Some(*known));
        new.map(|(scope, known)| (scope.clone(), known.started_at))
    }

    /// Whether this write of ours begins another try of what is refused.
    fn begins_a_try(&self, written: &SubscriptionDocument) -> bool {
        let before = self.documents.claims.as_ref().map(|v| &v.document.parks);
        let is_tried = |key: &String, tries: u32| before.and_then(|b| b.get(key)).is_some_and(|b| b.tries < tries);
        self.limits.refused.is_none() && written.parks.iter().any(|(key, park)| is_tried(key, park.tries))
    }

    /// What is next, but what would be written in place of claims that were read before an answer reads them anew first: answers take
    /// long, and meanwhile others write, so that the write would often be lost.
    #[must_use]
    pub fn refreshed(&self, next: Next) -> Next {
        match next {
            Next::SaveClaims(_) if self.documents.claims_are_old => Next::LoadClaims,
            other => other,
        }
    }

    /// Sends the document's wake-up, once; then there is nothing more to do.
    pub(crate) fn wake(&self, document: &TargetDocument) -> Next {
        match wake_up_of(document) {
            Some(wake_up) if !self.end.woken => Next::Wake(wake_up),
            Some(_) | None => Next::Done,
        }
    }
}

/// The kind of call that gave this answer.
fn answered(observed: &Observed) -> Option<CallKind> {
    match observed {
        Observed::Answer(answer) => answer.call(),
        Observed::Creation(_, Creation::Accepted | Creation::Wait | Creation::Refused(_)) => Some(CallKind::CreateTask),
        Observed::Creation(_, Creation::Throttled(_) | Creation::Park(_) | Creation::Unknown)
        | Observed::Target(_)
        | Observed::Saved(..)
        | Observed::Conflict
        | Observed::Claims(_)
        | Observed::ClaimsSaved(..)
        | Observed::ClaimsConflict
        | Observed::Rival(..)
        | Observed::Crowded
        | Observed::Unanswered(_)
        | Observed::Floor(_)
        | Observed::Controls(_)
        | Observed::Fleet(_)
        | Observed::Approvals(_)
        | Observed::Entered(..)
        | Observed::Reported(..)
        | Observed::Judged(_)
        | Observed::Granted(..)
        | Observed::Scanned(..)
        | Observed::TaskDeleted(_)
        | Observed::TaskCanceled(_)
        | Observed::TaskStays
        | Observed::Shown(_)
        | Observed::Woken
        | Observed::OutOfTime
        | Observed::GivesWay
        | Observed::StoodStill => None,
    }
}
