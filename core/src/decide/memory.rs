//! What a pass remembers of what it was told, in parts that are forgotten together.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use crate::document::{ActiveTask, Rival, SubscriptionDocument, TargetDocument, TaskName, Versioned};
use crate::event::ComplianceState;
use crate::fact::{
    ActiveTasks, Creation, DeploymentList, Effect, Facts, PolicyState, Refusal, Scanned, ScopeStates, TaskState,
    TaskStatus,
};
use crate::id::{ResourceId, Scope, TargetHash};
use crate::role::{GrantAnswer, Rights};
use crate::time::Timestamp;

use super::idle::Idle;
use super::question::Answer;
use super::step::Transition;

/// The documents, as they were last read or written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Documents {
    pub(crate) document: Option<Versioned<TargetDocument>>,
    /// The task that it named when it was last read or written.
    pub(crate) active: Option<ActiveTask>,
    pub(crate) claims: Option<Versioned<SubscriptionDocument>>,
    /// Whether Resource Manager was asked for anything since the claims were read.
    pub(crate) claims_are_old: bool,
    pub(crate) rivals: BTreeMap<TargetHash, Rival>,
    /// Whether the wake-up was void when the document was first read.
    pub(crate) stale: Option<bool>,
}

/// What Resource Manager has answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    pub(crate) facts: Option<Facts>,
    /// They were read anew in this pass, as final verdicts need it: once is enough.
    pub(crate) facts_read_anew: bool,
    pub(crate) rights: Option<Rights>,
    pub(crate) rights_read_anew: bool,
    /// What became of the roles that were granted in this pass, by the name of the role assignment.
    pub(crate) granted: BTreeMap<String, GrantAnswer>,
    pub(crate) states: Vec<PolicyState>,
    pub(crate) states_asked: HashSet<ResourceId>,
    /// Whether a list of non-compliant states was asked for on behalf of a wave: once is enough.
    pub(crate) listed: bool,
    pub(crate) all_non_compliant: Option<ScopeStates>,
    /// How many unlisted resources had been counted before they were asked for.
    pub(crate) unlisted_then: u64,
    pub(crate) active_tasks: Option<ActiveTasks>,
    pub(crate) task: Option<(TaskName, Option<TaskStatus>)>,
    /// Tasks that were looked up and have ended: a list may still call them active.
    pub(crate) ended: BTreeSet<TaskName>,
    pub(crate) deployments: Option<(TaskName, DeploymentList)>,
    /// The kinds of call that were answered in this pass.
    pub(crate) answered: BTreeSet<&'static str>,
}

impl Answers {
    /// Takes an answer in, over the target's document as it is now.
    pub(crate) fn take(&mut self, answer: Answer, document: Option<&TargetDocument>) {
        match answer {
            Answer::Facts(facts) => {
                self.facts_read_anew |= self.facts.is_some();
                self.facts = Some(facts);
            }
            Answer::Rights(rights) => {
                self.rights_read_anew |= self.rights.is_some();
                self.rights = Some(rights);
            }
            Answer::States(asked, states) => {
                self.states_asked.extend(asked);
                self.states.extend(states);
            }
            Answer::Listed(since, states) => {
                self.listed = true;
                let tells = |state: &&PolicyState| document.is_some_and(|document| tells(document, since, state));
                self.take_listed(states.iter().filter(tells));
            }
            Answer::AllNonCompliant(states) => {
                let unlisted = document.and_then(|document| document.unlisted.as_ref());
                self.unlisted_then = unlisted.map_or(0, |unlisted| unlisted.seen);
                self.take_listed(states.states.iter());
                self.all_non_compliant = Some(states);
            }
            Answer::ActiveTasks(tasks) => self.active_tasks = Some(tasks),
            Answer::Task(name, status) => {
                if status.as_ref().is_some_and(|status| status.state != TaskState::Active) {
                    self.ended.insert(name.clone());
                }
                self.task = Some((name, status));
            }
            Answer::Deployments(name, list) => self.deployments = Some((name, list)),
        }
    }

    /// Whoever was told that a resource does not comply need not ask for its state.
    fn take_listed<'a>(&mut self, states: impl Iterator<Item = &'a PolicyState>) {
        for state in states.filter(|state| state.state == ComplianceState::NonCompliant) {
            if let Ok(id) = state.resource.parse::<ResourceId>() {
                self.states_asked.insert(id);
                self.states.push(state.clone());
            }
        }
    }

    /// What was read before the machine stood still says nothing of now.
    pub(crate) fn forget_what_was_read(&mut self) {
        (self.facts, self.rights, self.active_tasks, self.all_non_compliant) = (None, None, None, None);
        self.states.clear();
        self.states_asked.clear();
    }

    /// What was looked up of a task says nothing of the time after another has written: it may have created the task, or seen its
    /// end.
    pub(crate) fn forget_task(&mut self) {
        self.task = None;
        self.deployments = None;
    }
}

/// Whether a list of this time answers for a resource: nothing has been seen of it since the list or its state in it, no task has had it, and
/// the state leads to a task. What would make it leave is a verdict, which is asked for by name.
fn tells(document: &TargetDocument, since: Timestamp, state: &PolicyState) -> bool {
    let entry = state.resource.parse::<ResourceId>().ok().and_then(|id| document.resources.get(&id));
    entry.is_some_and(|entry| {
        let is_untried = entry.attempt == 1 && entry.waits == 0 && entry.last_failure.is_none();
        is_untried
            && entry.doubt.is_none()
            && state.at.max(Some(since)) >= Some(entry.observed_at)
            && !matches!(state.effect, Some(Effect::Other(_)))
    })
}

/// The opening of a task.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opening {
    /// The one that is ours to finish.
    pub(crate) mine: Option<Mine>,
    /// What became of its creation.
    pub(crate) creation: Option<(TaskName, Creation)>,
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

/// An evaluation by Azure Policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evaluation {
    /// The one that is ours to ask for, and the time that was written down for it.
    pub(crate) requested: Option<(Scope, Timestamp)>,
    /// One pass asks for one evaluation at most.
    pub(crate) has_requested: bool,
    /// What was learned of the evaluation that began then, until it is told to the other targets.
    pub(crate) scanned: Option<(Scope, Timestamp, Scanned)>,
}

/// What keeps the pass from asking.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    /// Whether the policy has as many tasks as it can have, by what other targets have learned.
    pub(crate) is_crowded: bool,
    pub(crate) throttled: Option<Timestamp>,
    /// Whether a look at the running task gives way to others of the subscription.
    pub(crate) gives_way: bool,
    pub(crate) unanswered: bool,
    /// What Resource Manager refused in this pass.
    pub(crate) refused: Option<Refusal>,
    /// It is for this pass to try again what was refused.
    pub(crate) tries_again: bool,
    pub(crate) out_of_time: bool,
}

/// How far the pass has come to its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct End {
    /// The finished task that was deleted last.
    pub(crate) deleted: Option<TaskName>,
    /// The task that was asked to end, for a pause.
    pub(crate) canceled: Option<TaskName>,
    /// One could not be deleted, for a cause that may pass.
    pub(crate) stays: bool,
    /// The digest of the plan that was shown last.
    pub(crate) shown: Option<String>,
    pub(crate) settled: Option<Idle>,
    pub(crate) woken: bool,
}
