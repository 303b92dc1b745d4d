//! How it really stands with resources and assignments, whatever anyone believes.

use std::collections::BTreeSet;

use remediation::id::{ResourceId, Target};
use remediation::time::Timestamp;

use crate::scenario::Script;

/// A resource under an assignment.
pub(crate) type Key = (Target, ResourceId);

/// What stands in the way of every deployment to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing.
    None,
    /// The template is wrong, until a person mends it.
    Permanent,
    /// No evaluation is found, until it is evaluated.
    Stale,
    /// A task does not see it, until it is evaluated: the race of an event with the evaluation that it tells of.
    Unseen,
    /// No evaluation is ever found.
    NeverEvaluated,
    /// Deployments succeed and help nothing; evaluations find it as it was, which no event tells.
    Unhelped,
}

/// Who made a resource compliant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fixer {
    /// A task of ours whose outcome can be learned.
    Task(String),
    /// A person, or a task of which nothing can be learned any more.
    Person,
}

/// The latest policy state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) compliant: bool,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Truth {
    /// Deployments that will fail for a reason that passes.
    pub(crate) failures_left: usize,
    pub(crate) trouble: Trouble,
    /// How often it drifts back after a fix.
    pub(crate) drifts_left: usize,
    pub(crate) excluded: bool,
    pub(crate) gone: bool,
    pub(crate) compliant: bool,
    pub(crate) fixer: Option<Fixer>,
    pub(crate) record: Option<Record>,
    /// When it was evaluated last, as its policy state says.
    pub(crate) evaluated_at: Option<Timestamp>,
    /// When the last deployment of ours failed for want of an evaluation, as far as a document says so, unless it was settled
    /// since.
    pub(crate) stale_at: Option<Timestamp>,
    /// Deployments of ours that succeeded, with the names of their tasks.
    pub(crate) fixes: Vec<(Timestamp, String)>,
    /// Tasks of ours that were created for it since it was last settled.
    pub(crate) tried: BTreeSet<String>,
}

impl Truth {
    pub(super) fn new(script: &Script) -> Self {
        let record = Record { compliant: false, at: script.seen_at };
        Self {
            failures_left: script.failures,
            trouble: script.trouble,
            drifts_left: script.drifts,
            excluded: script.excluded,
            gone: false,
            compliant: false,
            fixer: None,
            record: (script.trouble != Trouble::Unseen).then_some(record),
            evaluated_at: None,
            stale_at: None,
            fixes: Vec::new(),
            tried: BTreeSet::new(),
        }
    }

    /// Azure Policy evaluates it; what was found is known at that time.
    pub(super) fn evaluated(&mut self, at: Timestamp) {
        if matches!(self.trouble, Trouble::Stale | Trouble::Unseen) {
            self.trouble = Trouble::None;
        }
        self.record = Some(Record { compliant: self.compliant, at });
        self.evaluated_at = Some(at);
    }

    /// The name of the task of ours that made it compliant.
    pub(crate) fn fixed_by_task(&self) -> Option<&str> {
        match &self.fixer {
            Some(Fixer::Task(name)) if self.compliant => Some(name),
            _ => None,
        }
    }
}

/// An assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) gone: bool,
    /// Its identity lacks roles, unless they were granted.
    pub(crate) lacks_roles: bool,
    /// When what the worker granted begins to act.
    pub(crate) granted: Option<Timestamp>,
    /// The subscription is another tenant's, so not all role assignments can be seen.
    pub(crate) is_delegated: bool,
}

impl Assigned {
    /// Whether its identity cannot act now.
    pub(crate) fn lacks_roles(self, now: Timestamp) -> bool {
        self.lacks_roles && self.granted.is_none_or(|at| at > now)
    }
}
