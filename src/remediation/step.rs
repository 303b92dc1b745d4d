//! The vocabulary between the decisions and the shell: what to do next, and what was observed. Plain values.

use std::time::Duration;

use super::ScopeStates;
use super::scanned::Scanned;
use super::target_park::TargetCause;
use crate::arm::{ActiveTasks, ArmError, Deployment, Facts, NewTask, PolicyState, TaskStatus};
use crate::event::Timestamp;
use crate::queue::Outgoing;
use crate::resource::{ResourceId, Scope, TargetHash};
use crate::state::{ETag, FailureClass, ParkReason, Rival, SubscriptionDocument, TargetDocument, TaskName, Versioned};

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
    Put(Box<NewTask>, Duration),
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
    pub meaning: Meaning,
    /// How long the process had been running when it was decided.
    pub decided: Duration,
}

/// What a successful write means for the one who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A step on the way.
    Step,
    /// The opening of the active task is now the writer's to finish, having been begun by it.
    Opened,
    /// The opening of the active task is now the writer's to finish; another began it.
    TookOver,
    /// The last write: the next wake-up is set.
    Settled(Rest),
}

/// Why a target rests until its next wake-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
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
    /// The time for this look is used up.
    OutOfTime,
    /// Plan mode: everything keeps waiting.
    PlanMode,
    /// Nothing is begun until a person says that it may.
    Paused,
}

impl Rest {
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
    Unanswered(ArmError),
    /// As many tasks of the policy run as can, as other targets have learned.
    Crowded,
    /// The gate of the subscription is closed until then, as an answer told, perhaps to another target.
    Floor(Timestamp),
    /// What became of the creation of a task.
    Put(TaskName, Put),
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
    pub(super) fn is_answer(&self) -> bool {
        match self {
            Self::Facts(_)
            | Self::States(..)
            | Self::AllNonCompliant(_)
            | Self::ActiveTasks(_)
            | Self::Task(..)
            | Self::Deployments(..)
            | Self::Unanswered(_)
            | Self::Put(..)
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

/// A part of the list of a task's deployments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentList {
    /// The link by which the part was asked for; none: the beginning of the list.
    pub from: Option<String>,
    /// The deployments.
    pub deployments: Vec<Deployment>,
    /// The link to the rest; none at the end of the list, and when the rest cannot be had any more.
    pub next: Option<String>,
}

/// What became of the creation of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Resource Manager has it.
    Accepted,
    /// Another task is in the way, or the call was not sent: wait.
    Wait,
    /// Not before this time.
    Throttled(Timestamp),
    /// Refused for a reason that is not known to pass; the service's words.
    Refused(String),
    /// No task of the target can be opened until a person mends this.
    Park(TargetCause),
    /// No answer: it may be there or not.
    Unknown,
}

impl Put {
    /// Whether a task was refused because too many of its policy run.
    #[must_use]
    pub fn is_crowded_out(error: &ArmError) -> bool {
        let ArmError::Refused { code, message, .. } = error else { return false };
        code == "InvalidCreateRemediationRequest" && has_too_many(&message.to_ascii_lowercase())
    }

    /// The meaning of the answer to the creation of a task.
    ///
    /// | answer | meaning |
    /// |---|---|
    /// | 200, 201 | accepted |
    /// | `InvalidUpdateRemediationRequest` | accepted: the name is never used again, so the active task of this name is ours |
    /// | `InvalidCreateRemediationRequest` "already running … conflicting scope", or "maximum number … running" (the words of the
    ///   second are not recorded anywhere; only that the limit is 100 a policy) | wait |
    /// | 429, or not sent because of an earlier one | throttled |
    /// | not sent | wait |
    /// | no answer, 5xx | unknown |
    /// | `InvalidCreateRemediationRequest` "must specify a single policy definition reference ID" | the target is parked |
    /// | 403: the worker itself lacks permission | the target is parked |
    /// | any other 4xx | refused |
    #[must_use]
    pub fn of(answer: Result<TaskStatus, ArmError>) -> Self {
        match answer {
            Ok(_) => Self::Accepted,
            Err(ArmError::Throttled { until, .. } | ArmError::Held { until, .. }) => Self::Throttled(until),
            Err(ArmError::NotSent { .. }) => Self::Wait,
            Err(ArmError::Lost { .. } | ArmError::Unauthorized { .. } | ArmError::Unreadable { .. }) => Self::Unknown,
            Err(ArmError::NotFound { code, message, .. }) => Self::Refused(format!("{code}: {message}")),
            Err(ArmError::Refused { status, code, message, .. }) => {
                let park =
                    |reason, class| Self::Park(TargetCause { reason, class, words: format!("{code}: {message}") });
                let words = message.to_ascii_lowercase();
                let in_the_way = words.contains("already running") && words.contains("conflicting");
                let too_many = has_too_many(&words);
                match code.as_str() {
                    "InvalidUpdateRemediationRequest" => Self::Accepted,
                    "InvalidCreateRemediationRequest" if in_the_way || too_many => Self::Wait,
                    "InvalidCreateRemediationRequest" if words.contains("single policy definition reference") => {
                        park(ParkReason::ReferenceMissing, None)
                    }
                    _ if status == 403 => park(ParkReason::WorkerLacksPermission, Some(FailureClass::Permission)),
                    _ => Self::Refused(format!("{code}: {message}")),
                }
            }
        }
    }
}

fn has_too_many(words: &str) -> bool {
    words.contains("maximum number") && words.contains("running")
}
