//! The vocabulary between the decisions and the shell: what to do next, and what was observed. Plain values.

use std::time::Duration;

use crate::document::{ETag, Rival, SubscriptionDocument, TargetDocument, TaskName, Versioned};
use crate::fact::{
    ActiveTasks, Creation, DeploymentList, Facts, NewTask, PolicyState, Scanned, ScopeStates, TaskStatus, Unanswered,
};
use crate::id::{ResourceId, Scope, TargetHash};
use crate::message::Outgoing;
use crate::time::Timestamp;

/// The one thing to do next. After each the shell reports what it observed and asks again.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Read the target's document.
    Load,
    /// Write the target's document, in place of the one that was read.
    Save(Write),
    /// Read the subscription's document.
    LoadClaims,
    /// Write the subscription's document, in place of the one that was read.
    SaveClaims(Box<SubscriptionDocument>),
    /// Read what the document of another target of the subscription tells of its tasks.
    LoadRival(TargetHash),
    /// Ask Resource Manager.
    Ask(Question),
    /// Create the task, if that can begin before the process has been running for so long.
    Create(Box<NewTask>, Duration),
    /// Ask Azure Policy to evaluate all that the scope holds.
    Evaluate(Scope),
    /// Delete the finished task.
    DeleteTask(TaskName),
    /// Plan mode: show the task that would be created, and who would leave the wave.
    Show(Box<super::Plan>),
    /// Send the wake-up of the document's generation.
    Wake(Outgoing),
    /// Nothing more.
    Done,
}

/// A write of the target's document.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// The document.
    pub document: Box<TargetDocument>,
    /// What the write means for the one who does it.
    pub transition: Transition,
    /// How long the process had been running when it was decided.
    pub decided: Duration,
}

/// What a successful write means for the one who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// A step on the way.
    Step,
    /// The opening of the active task is now the writer's to finish, having been begun by it.
    Opened,
    /// The opening of the active task is now the writer's to finish; another began it.
    TookOver,
    /// The last write: the next wake-up is set.
    Settled(Idle),
}

/// Why a target rests until its next wake-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// Nothing is due, or nothing waits at all.
    NothingDue,
    /// More comes due soon: the wave waits for it.
    WaveFills,
    /// What is due waits for an evaluation.
    NotEvaluatedYet,
    /// Other tasks are in the way of everything that is due.
    Blocked,
    /// Resource Manager asked to be left alone.
    Throttled,
    /// Resource Manager did not answer.
    Unanswered,
    /// The target is parked.
    TargetParked,
    /// Resource Manager refuses the worker what it asks in the subscription.
    SubscriptionParked,
    /// The task runs.
    TaskRunning,
    /// The opening of the task is another's to finish, or its fate is not known yet.
    OpeningElsewhere,
    /// The time for this pass is used up.
    OutOfTime,
    /// Plan mode: everything keeps waiting.
    PlanMode,
    /// Nothing is begun until a person says that it may.
    Paused,
}

impl Idle {
    /// Whether all that was to be asked was answered.
    #[must_use]
    pub fn is_for_want_of_work(self) -> bool {
        match self {
            Self::NothingDue | Self::NotEvaluatedYet | Self::TaskRunning => true,
            Self::WaveFills
            | Self::Blocked
            | Self::Throttled
            | Self::Unanswered
            | Self::TargetParked
            | Self::SubscriptionParked
            | Self::OpeningElsewhere
            | Self::OutOfTime
            | Self::PlanMode
            | Self::Paused => false,
        }
    }

    /// Whether nothing more can be asked for now.
    #[must_use]
    pub fn is_for_want_of_answers(self) -> bool {
        match self {
            Self::Throttled | Self::Unanswered | Self::SubscriptionParked => true,
            Self::NothingDue
            | Self::WaveFills
            | Self::NotEvaluatedYet
            | Self::Blocked
            | Self::TargetParked
            | Self::TaskRunning
            | Self::OpeningElsewhere
            | Self::OutOfTime
            | Self::PlanMode
            | Self::Paused => false,
        }
    }

    /// Whether the pass has come to its end, and was not only interrupted.
    #[must_use]
    pub fn is_an_end(self) -> bool {
        match self {
            Self::WaveFills | Self::Throttled | Self::Unanswered | Self::OutOfTime => false,
            Self::NothingDue
            | Self::NotEvaluatedYet
            | Self::Blocked
            | Self::TargetParked
            | Self::SubscriptionParked
            | Self::TaskRunning
            | Self::OpeningElsewhere
            | Self::PlanMode
            | Self::Paused => true,
        }
    }

    /// The word in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NothingDue => "nothingDue",
            Self::WaveFills => "waveFills",
            Self::NotEvaluatedYet => "notEvaluatedYet",
            Self::Blocked => "blocked",
            Self::Throttled => "throttled",
            Self::Unanswered => "unanswered",
            Self::TargetParked => "targetParked",
            Self::SubscriptionParked => "subscriptionParked",
            Self::TaskRunning => "taskRunning",
            Self::OpeningElsewhere => "openingElsewhere",
            Self::OutOfTime => "outOfTime",
            Self::PlanMode => "planMode",
            Self::Paused => "paused",
        }
    }
}

/// A question to Resource Manager. All may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The facts of the assignment.
    Facts,
    /// The same, read at this time or later: a final verdict is drawn from them.
    FactsSince(Timestamp),
    /// The latest policy states of these resources. The answer may be for the first of them only.
    States(Vec<ResourceId>),
    /// All resources of the target's scope that are non-compliant with its policy, from the beginning or from a link that an
    /// earlier answer gave.
    AllNonCompliant(Option<String>),
    /// The active tasks of the subscription.
    ActiveTasks,
    /// The task with this name.
    Task(TaskName),
    /// The deployments of this task, from the beginning or from a link that an earlier answer gave.
    Deployments(TaskName, Option<String>),
    /// How far the evaluation of this scope is, at the link that an answer gave.
    Evaluation(Scope, String),
}

/// What the shell observed.
#[derive(Debug, Clone)]
pub enum Observed {
    /// The target's document.
    Target(Box<Versioned<TargetDocument>>),
    /// A write succeeded.
    Saved(Write, ETag),
    /// A write of the target's document lost against another.
    Conflict,
    /// The subscription's document.
    Claims(Versioned<SubscriptionDocument>),
    /// A write of the subscription's document succeeded.
    ClaimsSaved(Box<SubscriptionDocument>, ETag),
    /// A write of the subscription's document lost against another.
    ClaimsConflict,
    /// What another target's document tells of its tasks.
    Rival(TargetHash, Rival),
    /// The facts.
    Facts(Facts),
    /// The states of these resources.
    States(Vec<ResourceId>, Vec<PolicyState>),
    /// All that is non-compliant, as far as it could be read.
    AllNonCompliant(ScopeStates),
    /// The active tasks.
    ActiveTasks(ActiveTasks),
    /// The task; none when there is no such task.
    Task(TaskName, Option<TaskStatus>),
    /// Deployments of the task.
    Deployments(TaskName, DeploymentList),
    /// A question went unanswered.
    Unanswered(Unanswered),
    /// As many tasks of the policy run as can, as other targets have learned.
    Crowded,
    /// The gate of the subscription is closed until then, as an answer told, perhaps to another target.
    Floor(Timestamp),
    /// What became of the creation of a task.
    Creation(TaskName, Creation),
    /// What became of the request for an evaluation, or of a question after it.
    Scanned(Scope, Scanned),
    /// The task was deleted, or it is certain that it cannot be.
    TaskDeleted(TaskName),
    /// The task could not be deleted now; that may pass.
    TaskStays,
    /// The plan was shown.
    Shown,
    /// The wake-up was sent.
    Woken,
    /// The time for this target is used up; what is begun is brought to a safe end.
    OutOfTime,
    /// It was used up long ago: the machine stood still, and what was read before says nothing of now.
    StoodStill,
}

impl Observed {
    /// Whether Resource Manager was waited for.
    pub(crate) fn is_answer(&self) -> bool {
        match self {
            Self::Facts(_)
            | Self::States(..)
            | Self::AllNonCompliant(_)
            | Self::ActiveTasks(_)
            | Self::Task(..)
            | Self::Deployments(..)
            | Self::Unanswered(_)
            | Self::Creation(..)
            | Self::TaskDeleted(_)
            | Self::TaskStays
            | Self::Scanned(..) => true,
            Self::Target(_)
            | Self::Saved(..)
            | Self::Conflict
            | Self::Claims(_)
            | Self::ClaimsSaved(..)
            | Self::ClaimsConflict
            | Self::Rival(..)
            | Self::Crowded
            | Self::Floor(_)
            | Self::Shown
            | Self::Woken
            | Self::OutOfTime
            | Self::StoodStill => false,
        }
    }
}
