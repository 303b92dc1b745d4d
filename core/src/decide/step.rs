//! The vocabulary between the decisions and the shell: what to do next, and what was observed. Plain values.

use std::sync::Arc;
use std::time::Duration;

use crate::control::fleet::{Entered, Entry, Judged};
use crate::control::{KnownApprovals, KnownControls};
use crate::document::{ETag, FleetDocument, Rival, SubscriptionDocument, TargetDocument, TaskName, Versioned};
use crate::fact::{Creation, NewTask, Scanned, Unanswered};
use crate::id::{Scope, TargetHash};
use crate::message::Outgoing;
use crate::role::{Grant, GrantAnswer};
use crate::time::Timestamp;

use super::idle::Idle;
use super::question::{Answer, Question};

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
    /// Read what the assignments of the target's assignment's name have taken of first steps and paces.
    LoadFleet,
    /// Read what people have approved.
    LoadApprovals,
    /// Enter there what a task takes, or what became of one.
    Enter(Box<Entry>),
    /// Create the task, if that can begin before the process has been running for so long.
    Create(Box<NewTask>, Duration),
    /// Give the identity of the assignment a role.
    Grant(Box<Grant>),
    /// Ask Azure Policy to evaluate all that the scope holds.
    Evaluate(Scope),
    /// Delete the finished task.
    DeleteTask(TaskName),
    /// Cancel the task that runs.
    CancelTask(TaskName),
    /// Plan mode: show the task that would be created, and who would leave the wave.
    Show(Box<super::Plan>),
    /// Send the wake-up of the document's generation.
    Wake(Outgoing),
    /// Nothing more.
    Done,
}

impl Next {
    /// Whether documents are read or written, and nobody else is waited for.
    #[must_use]
    pub fn is_of_documents(&self) -> bool {
        match self {
            Self::Load
            | Self::Save(_)
            | Self::LoadClaims
            | Self::SaveClaims(_)
            | Self::LoadRival(_)
            | Self::LoadFleet
            | Self::LoadApprovals
            | Self::Enter(_) => true,
            Self::Ask(_)
            | Self::Create(..)
            | Self::Grant(_)
            | Self::Evaluate(_)
            | Self::DeleteTask(_)
            | Self::CancelTask(_)
            | Self::Show(_)
            | Self::Wake(_)
            | Self::Done => false,
        }
    }
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
    /// A question was answered.
    Answer(Answer),
    /// A question went unanswered.
    Unanswered(Unanswered),
    /// As many tasks of the policy run as can, as other targets have learned.
    Crowded,
    /// Few calls are left, and others of the subscription have begun what needs them: a look at a running task can wait.
    GivesWay,
    /// The gate of the subscription is closed until then, as an answer told, perhaps to another target.
    Floor(Timestamp),
    /// What people have paused, as it was read last.
    Controls(KnownControls),
    /// What the assignments have taken, as it was read within the last minute.
    Fleet(Arc<FleetDocument>),
    /// What people have approved, as it was read last.
    Approvals(KnownApprovals),
    /// What became of the booking of a task.
    Entered(TaskName, Entered),
    /// The end of a task was reported.
    Reported(TaskName, Entered),
    /// It was reported what became of these fixes.
    Judged(Box<Judged>),
    /// What became of the creation of a task.
    Creation(TaskName, Creation),
    /// What became of the role assignment with this name.
    Granted(String, GrantAnswer),
    /// What became of the request for an evaluation, or of a question after it.
    Scanned(Scope, Scanned),
    /// The task was deleted, or it is certain that it cannot be.
    TaskDeleted(TaskName),
    /// The task was asked to end, or cannot be.
    TaskCanceled(TaskName),
    /// The task could not be deleted now; that may pass.
    TaskStays,
    /// The plan with this digest was shown.
    Shown(String),
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
            Self::Answer(_)
            | Self::Unanswered(_)
            | Self::Creation(..)
            | Self::Granted(..)
            | Self::TaskDeleted(_)
            | Self::TaskCanceled(_)
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
            | Self::GivesWay
            | Self::Floor(_)
            | Self::Controls(_)
            | Self::Fleet(_)
            | Self::Approvals(_)
            | Self::Entered(..)
            | Self::Reported(..)
            | Self::Judged(_)
            | Self::Shown(_)
            | Self::Woken
            | Self::OutOfTime
            | Self::StoodStill => false,
        }
    }
}
