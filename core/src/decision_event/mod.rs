//! What the write of a target's document decided, as values: the source of the log's lines, and of whatever counts them. They are
//! drawn from the documents before and after, so nothing is told that was not stored.

mod resource;
mod target;
mod task;

use crate::document::{
    ActiveTask, FailureClass, ParkReason, PastTask, SkipReason, TargetDocument, TargetPark, TaskName,
};
use crate::id::ResourceId;
use crate::time::Timestamp;

/// One thing that a write decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DecisionEvent<'a> {
    /// A remediation task is about to be asked for.
    TaskOpening {
        /// The task.
        task: &'a ActiveTask,
        /// How many resources it takes.
        resources: usize,
    },
    /// A remediation task is there.
    TaskOpen {
        /// The task.
        task: &'a ActiveTask,
        /// How many resources it takes.
        resources: usize,
    },
    /// A task runs longer than `TASK_TIMEOUT`; told once.
    TaskOverdue {
        /// The task.
        task: &'a ActiveTask,
    },
    /// The list of a task's deployments never held all that its counters tell of.
    DeploymentsLacking {
        /// The task.
        task: &'a TaskName,
        /// In how many passes the list was read.
        passes: u32,
    },
    /// The outcome of a task was taken in.
    TaskEnded {
        /// The task.
        task: &'a PastTask,
    },
    /// A task was given up before it was there.
    TaskNotOpened {
        /// The task.
        task: &'a TaskName,
    },
    /// The whole target is parked.
    TargetParked {
        /// The park.
        park: &'a TargetPark,
        /// How many resources it holds.
        resources: usize,
    },
    /// The park of the whole target is over.
    TargetUnparked {
        /// The park that is over.
        park: &'a TargetPark,
        /// How many resources it held.
        resources: usize,
    },
    /// The guard rails leave out the whole target.
    TargetLeftOut {
        /// Which guard rail.
        reason: SkipReason,
    },
    /// No task remediates the policy of the target.
    TargetNotRemediable {
        /// Its effect.
        effect: &'a str,
        /// How many observations are only counted.
        seen: u64,
    },
    /// What could not be remediated can be by now, or is not there any more.
    TargetRemediable {
        /// How many observations had been counted.
        seen: u64,
    },
    /// What became of one resource.
    Resource {
        /// The resource.
        resource: &'a ResourceId,
        /// Its attempt: that of the deployment for a fix, else the one that comes.
        attempt: u32,
        /// The task that it has to do with; empty when there is none.
        task: &'a str,
        /// What became of it.
        what: ResourceEvent<'a>,
    },
}

/// What became of one resource.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ResourceEvent<'a> {
    /// A deployment succeeded.
    Fixed {
        /// From the first time it was seen until the deployment's end, in seconds.
        seconds: f64,
    },
    /// A later evaluation found it compliant.
    Verified {
        /// From the first time it was seen until then, in seconds.
        seconds: f64,
    },
    /// It keeps its place while its target is parked.
    ParkedWithTarget {
        /// The target's park.
        park: &'a TargetPark,
    },
    /// It is given up until a time, for a person to look at.
    Parked {
        /// Why.
        reason: ParkReason,
        /// The class of the failure that led here, if one did.
        class: Option<FailureClass>,
        /// The service's words.
        words: &'a str,
        /// How to fix it.
        hint: &'a str,
        /// When it is tried again by itself.
        until: Timestamp,
    },
    /// An attempt failed, and a further one comes.
    Retry {
        /// The class of the failure.
        class: Option<FailureClass>,
        /// The service's words.
        words: &'a str,
        /// When.
        due: Timestamp,
    },
    /// It waits again after a task, and no attempt was counted.
    Blocked {
        /// When it may go next.
        due: Timestamp,
    },
    /// It waits.
    Waiting {
        /// Why.
        reason: &'static str,
        /// When it may go.
        due: Timestamp,
    },
    /// It is in the task.
    InTask,
    /// It needs no remediation, or cannot have one.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
}

/// What the write that put `after` in place of `before` decided, in the order in which it is told.
pub fn decision_events<'a>(
    before: &'a TargetDocument,
    after: &'a TargetDocument,
) -> impl Iterator<Item = DecisionEvent<'a>> {
    task::events(before, after).chain(target::events(before, after)).chain(resource::events(before, after))
}
