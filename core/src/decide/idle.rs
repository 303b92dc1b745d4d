//! Why nothing is done for a target until its next wake-up.

use serde::Deserialize;

/// Why a target rests until its next wake-up. Read by its word in logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Idle {
    /// Nothing is due, or nothing waits at all.
    NothingDue,
    /// More comes due soon: the wave waits for it.
    WaveFills,
    /// What is due waits for an evaluation.
    NotEvaluatedYet,
    /// Other tasks are in the way of everything that is due.
    Blocked,
    /// The list of tasks is not read whole yet, and the policy changes identities, which goes beside no other task.
    TaskListAwaited,
    /// Resource Manager asked to be left alone.
    Throttled,
    /// Resource Manager did not answer.
    Unanswered,
    /// Roles were granted, and take a while to act.
    RolesArrive,
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
    /// The target is only planned for: everything keeps waiting.
    #[serde(rename = "planOnly")]
    PlanMode,
    /// Nothing is begun until a person says that it may.
    Paused,
    /// Nothing is begun until `CHANGE_WINDOW` opens.
    OutsideWindow,
    /// A first step of the assignment is full.
    FirstSteps,
    /// The pace of the assignment is reached.
    PaceReached,
    /// No approval covers what waits.
    AwaitingApproval,
    /// What was approved is used up.
    ApprovalUsedUp,
    /// The breaker of the policy is open.
    PolicyFails,
}

/// What holds a target until a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeldBy {
    /// Settings, and what the assignment says of itself.
    Settings,
    /// What people have approved.
    Approvals,
}

impl Idle {
    /// Whether all that was to be asked was answered.
    #[must_use]
    pub fn is_for_want_of_work(self) -> bool {
        match self {
            Self::NothingDue | Self::NotEvaluatedYet | Self::TaskRunning => true,
            Self::WaveFills
            | Self::Blocked
            | Self::TaskListAwaited
            | Self::Throttled
            | Self::Unanswered
            | Self::RolesArrive
            | Self::TargetParked
            | Self::SubscriptionParked
            | Self::OpeningElsewhere
            | Self::OutOfTime
            | Self::PlanMode
            | Self::Paused
            | Self::OutsideWindow
            | Self::FirstSteps
            | Self::PaceReached
            | Self::AwaitingApproval
            | Self::ApprovalUsedUp
            | Self::PolicyFails => false,
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
            | Self::TaskListAwaited
            | Self::RolesArrive
            | Self::TargetParked
            | Self::TaskRunning
            | Self::OpeningElsewhere
            | Self::OutOfTime
            | Self::PlanMode
            | Self::Paused
            | Self::OutsideWindow
            | Self::FirstSteps
            | Self::PaceReached
            | Self::AwaitingApproval
            | Self::ApprovalUsedUp
            | Self::PolicyFails => false,
        }
    }

    /// What holds the target until a time, and may be others before it.
    pub(crate) fn may_be_over_before(self) -> Option<HeldBy> {
        match self {
            Self::OutsideWindow | Self::FirstSteps | Self::PaceReached => Some(HeldBy::Settings),
            Self::AwaitingApproval | Self::ApprovalUsedUp => Some(HeldBy::Approvals),
            Self::NothingDue
            | Self::WaveFills
            | Self::NotEvaluatedYet
            | Self::Blocked
            | Self::TaskListAwaited
            | Self::Throttled
            | Self::Unanswered
            | Self::RolesArrive
            | Self::TargetParked
            | Self::SubscriptionParked
            | Self::TaskRunning
            | Self::OpeningElsewhere
            | Self::OutOfTime
            | Self::PlanMode
            | Self::Paused
            | Self::PolicyFails => None,
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
            | Self::TaskListAwaited
            | Self::RolesArrive
            | Self::TargetParked
            | Self::SubscriptionParked
            | Self::TaskRunning
            | Self::OpeningElsewhere
            | Self::PlanMode
            | Self::Paused
            | Self::OutsideWindow
            | Self::FirstSteps
            | Self::PaceReached
            | Self::AwaitingApproval
            | Self::ApprovalUsedUp
            | Self::PolicyFails => true,
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
            Self::TaskListAwaited => "taskListAwaited",
            Self::Throttled => "throttled",
            Self::Unanswered => "unanswered",
            Self::RolesArrive => "rolesArrive",
            Self::TargetParked => "targetParked",
            Self::SubscriptionParked => "subscriptionParked",
            Self::TaskRunning => "taskRunning",
            Self::OpeningElsewhere => "openingElsewhere",
            Self::OutOfTime => "outOfTime",
            Self::PlanMode => "planOnly",
            Self::Paused => "paused",
            Self::OutsideWindow => "outsideWindow",
            Self::FirstSteps => "firstSteps",
            Self::PaceReached => "paceReached",
            Self::AwaitingApproval => "awaitingApproval",
            Self::ApprovalUsedUp => "approvalUsedUp",
            Self::PolicyFails => "policyFails",
        }
    }
}
