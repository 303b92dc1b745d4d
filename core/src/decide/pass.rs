//! One pass over one target, from its wake-up to the next: a memory of what was observed, and `next`, which decides by it.
//!
//! `next` is pure. It holds no place in a script: it looks at the documents and at what has been observed, and names the first
//! thing that is missing. So a lost race simply forgets the document and decides again, and a crash between any two steps
//! leaves what the next wake-up can go on from.
//!
//! Order of writes when a wave opens: (1) document `opening`, (2) claim, (3) PUT, (4) document `open` with its next wake-up, (5) that sent,
//! (6) acknowledgement. When a task ends: outcome into the document, then the claim is released.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use crate::document::{
    ETag, EvaluationPhase, Installation, Rival, SubscriptionDocument, TargetDocument, TaskName, Versioned, sum_up,
};
use crate::fact::{
    ActiveTasks, CallKind, Creation, DeploymentList, Facts, PolicyState, Refusal, Scanned, ScopeStates, TaskState,
    TaskStatus, Unanswered,
};
use crate::id::{ResourceId, Scope, Target, TargetHash};
use crate::message::WakeUp;
use crate::settings::Tuning;
use crate::time::{Moment, Timestamp};
use crate::transition::refusals::holding;
use crate::transition::schedule::wake_up_of;

use super::context::Context;
use super::step::{Idle, Next, Observed, Transition};

/// The memory of one pass over one target.
#[derive(Debug, Clone)]
pub struct Pass {
    pub(crate) target: Target,
    pub(crate) hash: TargetHash,
    generation: u64,
    /// Whether an earlier pass was cut off, which is to be written down.
    left_behind: bool,
    /// Whether the wake-up was void when the document was first read.
    stale: Option<bool>,
    document: Option<Versioned<TargetDocument>>,
    pub(crate) claims: Option<Versioned<SubscriptionDocument>>,
    pub(crate) installation: Installation,
    /// Whether Resource Manager was asked for anything since the claims were read.
    claims_are_old: bool,
    pub(crate) rivals: BTreeMap<TargetHash, Rival>,
    pub(crate) facts: Option<Facts>,
    /// They were read anew in this pass, as final skipped need it: once is enough.
    pub(crate) facts_read_anew: bool,
    pub(crate) states: Vec<PolicyState>,
    pub(crate) states_asked: HashSet<ResourceId>,
    pub(crate) all_non_compliant: Option<ScopeStates>,
    /// How many unlisted resources had been counted before they were asked for.
    pub(crate) unlisted_then: u64,
    pub(crate) active_tasks: Option<ActiveTasks>,
    pub(crate) task: Option<(TaskName, Option<TaskStatus>)>,
    /// Tasks that were looked up and have ended: a list may still call them active.
    pub(crate) ended: BTreeSet<TaskName>,
    pub(crate) deployments: Option<(TaskName, DeploymentList)>,
    /// The opening that is ours to finish.
    pub(crate) mine: Option<Mine>,
    pub(crate) creation: Option<(TaskName, Creation)>,
    /// The evaluation that is ours to ask for, and the time that was written down for it.
    pub(crate) requested: Option<(Scope, Timestamp)>,
    /// One pass asks for one evaluation at most.
    pub(crate) has_requested: bool,
    /// What was learned of the evaluation that began then, until it is told to the other targets.
    pub(crate) scanned: Option<(Scope, Timestamp, Scanned)>,
    /// Whether the policy has as many tasks as it can have, by what other targets have learned.
    pub(crate) is_crowded: bool,
    pub(crate) throttled: Option<Timestamp>,
    pub(crate) unanswered: bool,
    /// What Resource Manager refused in this pass.
    pub(crate) refused: Option<Refusal>,
    /// It is for this pass to try again what was refused.
    pub(crate) tries_again: bool,
    /// The kinds of call that were answered in this pass.
    pub(crate) answered: BTreeSet<&'static str>,
    /// The finished task that was deleted last.
    pub(crate) deleted: Option<TaskName>,
    /// One could not be deleted, for a cause that may pass.
    pub(crate) stays: bool,
    pub(crate) out_of_time: bool,
    pub(crate) shown: bool,
    settled: Option<Idle>,
    woken: bool,
}

/// An opening that is ours to finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mine {
    pub(crate) task: TaskName,
    /// As it stands in the document: whoever takes the opening over changes it.
    pub(crate) opened_at: Timestamp,
    /// How long the process had been running then.
    pub(crate) decided: Duration,
    /// Whether we began it, or took it over.
    pub(crate) how: Transition,
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
            stale: None,
            document: None,
            claims: None,
            claims_are_old: false,
            rivals: BTreeMap::new(),
            facts: None,
            facts_read_anew: false,
            states: Vec::new(),
            states_asked: HashSet::new(),
            all_non_compliant: None,
            unlisted_then: 0,
            active_tasks: None,
            task: None,
            ended: BTreeSet::new(),
            deployments: None,
            mine: None,
            creation: None,
            requested: None,
            has_requested: false,
            scanned: None,
            is_crowded: false,
            throttled: None,
            unanswered: false,
            refused: None,
            tries_again: false,
            answered: BTreeSet::new(),
            deleted: None,
            stays: false,
            out_of_time: false,
            shown: false,
            settled: None,
            woken: false,
        }
    }

    /// The generation of the wake-up that asked for the pass.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The document as it was last read or written, for the log.
    #[must_use]
    pub fn document(&self) -> Option<&TargetDocument> {
        self.document.as_ref().map(|v| &v.document)
    }

    /// The subscription's document as it was last read or written, for the log.
    #[must_use]
    pub fn claims(&self) -> Option<&SubscriptionDocument> {
        self.claims.as_ref().map(|v| &v.document)
    }

    /// The ETag that a write of the target's document must name.
    #[must_use]
    pub fn etag(&self) -> Option<&ETag> {
        self.document.as_ref().and_then(|v| v.etag.as_ref())
    }

    /// The ETag that a write of the subscription's document must name.
    #[must_use]
    pub fn claims_etag(&self) -> Option<&ETag> {
        self.claims.as_ref().and_then(|v| v.etag.as_ref())
    }

    /// The task for which this target claims resources, as the subscription's document was read.
    #[must_use]
    pub fn claim_of(&self, rival: &TargetHash) -> Option<TaskName> {
        self.claims.as_ref().and_then(|claims| claims.document.claims.get(rival)).map(|claim| claim.task.clone())
    }

    /// Whether the subscription's document tells already that this is refused.
    #[must_use]
    pub fn is_told(&self, unanswered: &Unanswered) -> bool {
        let known = self.claims.as_ref().and_then(|v| holding(&v.document, &self.target, &self.hash));
        known.is_some_and(|(_, park)| park.parked_since.is_some()) && unanswered.refusal.is_some()
    }

    /// Whether the wake-up was void: an earlier generation's.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale == Some(true)
    }

    /// Why the target rests, once its next wake-up is set.
    #[must_use]
    pub fn idle(&self) -> Option<Idle> {
        self.settled
    }

    /// Remembers what was observed.
    pub fn observe(&mut self, observed: Observed) {
        self.answered.extend(answered(&observed).map(CallKind::as_str));
        self.claims_are_old |= observed.is_answer();
        match observed {
            Observed::Target(versioned) => {
                self.stale.get_or_insert(versioned.document.generation > self.generation);
                self.document = Some(*versioned);
            }
            Observed::Saved(write, etag) => {
                self.left_behind = false;
                match (write.transition, &write.document.active) {
                    (how @ (Transition::Opened | Transition::TookOver), Some(active)) => {
                        let (task, opened_at, decided) = (active.name.clone(), active.opened_at, write.decided);
                        self.mine = Some(Mine { task, opened_at, decided, how });
                    }
                    (Transition::Settled(why), _) => self.settled = Some(why),
                    (Transition::Step | Transition::Opened | Transition::TookOver, _) => {}
                }
                self.document = Some(Versioned { document: *write.document, etag: Some(etag) });
            }
            Observed::Conflict => {
                self.document = None;
                self.forget_task();
            }
            Observed::Claims(versioned) => {
                self.claims = Some(versioned);
                self.claims_are_old = false;
                // Only a document that is read after a claim can show that it is void.
                self.rivals.clear();
                self.document = None;
            }
            Observed::ClaimsSaved(document, etag) => {
                self.scanned = None;
                if let Some(requested) = self.new_request(&document) {
                    (self.requested, self.has_requested) = (Some(requested), true);
                }
                self.tries_again |= self.begins_a_try(&document);
                self.claims = Some(Versioned { document: *document, etag: Some(etag) });
                self.claims_are_old = false;
            }
            Observed::ClaimsConflict => {
                self.claims = None;
                self.forget_task();
            }
            Observed::Rival(hash, rival) => drop(self.rivals.insert(hash, rival)),
            Observed::Facts(facts) => {
                self.facts_read_anew |= self.facts.is_some();
                self.facts = Some(facts);
            }
            Observed::States(asked, states) => {
                self.states_asked.extend(asked);
                self.states.extend(states);
            }
            Observed::AllNonCompliant(states) => {
                let unlisted = self.document().and_then(|document| document.unlisted.as_ref());
                self.unlisted_then = unlisted.map_or(0, |unlisted| unlisted.seen);
                self.all_non_compliant = Some(states);
            }
            Observed::ActiveTasks(tasks) => self.active_tasks = Some(tasks),
            Observed::Task(name, status) => {
                if status.as_ref().is_some_and(|status| status.state != TaskState::Active) {
                    self.ended.insert(name.clone());
                }
                self.task = Some((name, status));
            }
            Observed::Deployments(name, list) => self.deployments = Some((name, list)),
            Observed::Unanswered(Unanswered { not_before: Some(until), .. }) | Observed::Floor(until) => {
                self.throttled = self.throttled.max(Some(until));
            }
            Observed::Unanswered(Unanswered { refusal, .. }) => {
                self.unanswered = true;
                self.refused = refusal.or(self.refused.take());
            }
            Observed::Creation(name, put) => {
                if let Creation::Throttled(until) = put {
                    self.throttled = self.throttled.max(Some(until));
                }
                if let Creation::Park(cause) = &put {
                    self.refused = Refusal::of_task(cause, &self.target);
                }
                // What was found before the creation says nothing of the time after it.
                self.all_non_compliant = None;
                self.task = self.task.take().filter(|(found, _)| *found != name);
                self.creation = Some((name, put));
            }
            Observed::Scanned(scope, scanned) => {
                if let Scanned::Throttled(until, _) = scanned {
                    self.throttled = self.throttled.max(Some(until));
                }
                self.requested.take_if(|(requested, _)| *requested == scope);
                let known = self.claims.as_ref().and_then(|v| v.document.evaluations.get(&scope));
                self.scanned = known.map(|known| (scope, known.started_at, scanned));
            }
            Observed::TaskDeleted(task) => self.deleted = Some(task),
            Observed::TaskStays => self.stays = true,
            Observed::Crowded => self.is_crowded = true,
            Observed::Shown => self.shown = true,
            Observed::Woken => self.woken = true,
            Observed::OutOfTime => self.out_of_time = true,
            Observed::StoodStill => {
                self.out_of_time = true;
                (self.facts, self.active_tasks, self.all_non_compliant) = (None, None, None);
                self.states.clear();
                self.states_asked.clear();
            }
        }
    }

    /// What was looked up of a task says nothing of the time after another has written: it may have created the task, or seen its
    /// end.
    fn forget_task(&mut self) {
        self.task = None;
        self.deployments = None;
    }

    /// The evaluation that this write of ours puts down as about to be asked for.
    fn new_request(&self, written: &SubscriptionDocument) -> Option<(Scope, Timestamp)> {
        let before = self.claims.as_ref().map(|v| &v.document.evaluations);
        let mut asked = written.evaluations.iter().filter(|(_, known)| known.phase == EvaluationPhase::Asked);
        let new = asked.find(|(scope, known)| before.and_then(|before| before.get(*scope)) != Some(*known));
        new.map(|(scope, known)| (scope.clone(), known.started_at))
    }

    /// Whether this write of ours begins another try of what is refused.
    fn begins_a_try(&self, written: &SubscriptionDocument) -> bool {
        let before = self.claims.as_ref().map(|v| &v.document.parks);
        let is_tried = |key: &String, tries: u32| before.and_then(|b| b.get(key)).is_some_and(|b| b.tries < tries);
        self.refused.is_none() && written.parks.iter().any(|(key, park)| is_tried(key, park.tries))
    }

    /// Decides what to do next.
    #[must_use]
    pub fn next(&self, tuning: &Tuning, moment: impl Into<Moment>) -> Next {
        let moment = moment.into();
        // Claims before the document: a claim is written after its task stands in the document, so one that a later read of the
        // document does not name is void for certain.
        let Some(Versioned { document: claims, .. }) = &self.claims else { return Next::LoadClaims };
        let Some(Versioned { document, etag }) = &self.document else { return Next::Load };
        if etag.is_none() {
            // Nothing is known of the target: there is nothing to look at.
            return Next::Done;
        }
        if self.settled.is_some() {
            return self.wake(document);
        }
        if self.left_behind && !self.is_stale() {
            let mut document = document.clone();
            document.cut_off = document.cut_off.saturating_add(1);
            return Context::step(document);
        }
        match (Context { pass: self, document, claims, tuning, moment, now: moment.now }).next() {
            Next::Save(mut write) => {
                write.decided = moment.running;
                sum_up(document, &mut write.document, moment.now);
                if let Transition::Settled(_) = write.transition {
                    write.document.cut_off = 0;
                }
                Next::Save(write)
            }
            other => other,
        }
    }

    /// The same, but what would be written in place of claims that were read before an answer reads them anew first: answers take
    /// long, and meanwhile others write, so that the write would often be lost.
    #[must_use]
    pub fn refreshed(&self, next: Next) -> Next {
        match next {
            Next::SaveClaims(_) if self.claims_are_old => Next::LoadClaims,
            other => other,
        }
    }

    /// Sends the document's wake-up, once; then there is nothing more to do.
    pub(crate) fn wake(&self, document: &TargetDocument) -> Next {
        match wake_up_of(document) {
            Some(wake_up) if !self.woken => Next::Wake(wake_up),
            Some(_) | None => Next::Done,
        }
    }
}

/// The kind of call that gave this answer.
fn answered(observed: &Observed) -> Option<CallKind> {
    match observed {
        Observed::Facts(_) => Some(CallKind::ListAssignments),
        Observed::States(..) => Some(CallKind::QueryStates),
        Observed::AllNonCompliant(list) => (!list.is_refused && !list.is_unanswered()).then_some(CallKind::QueryStates),
        Observed::ActiveTasks(_) => Some(CallKind::ListTasks),
        Observed::Task(..) => Some(CallKind::ReadTask),
        Observed::Deployments(..) => Some(CallKind::ListDeployments),
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
        | Observed::Scanned(..)
        | Observed::TaskDeleted(_)
        | Observed::TaskStays
        | Observed::Shown
        | Observed::Woken
        | Observed::OutOfTime
        | Observed::StoodStill => None,
    }
}
