//! What the seeds had to do with. A simulation proves nothing about what never happens in it, so each ingredient is marked
//! when it takes effect, not when it is planned, and the default run must have met all of them.

use std::collections::BTreeMap;

use crate::world::World;

/// Something that makes life hard for the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ingredient {
    Crash,
    Conflict,
    Throttled,
    /// A pass that knows a floor had something to ask, and did not.
    FloorHeld,
    LostAnswer,
    LateRequest,
    LostWakeUp,
    LeftBehind,
    PersonsTask,
    Canceled,
    CanceledHalfway,
    Deleted,
    Complete,
    UnknownWord,
    NothingDeployed,
    FixedAfterEvaluation,
    NeverEvaluated,
    EvaluationRequested,
    EvaluationRefused,
    EvaluationLost,
    /// It goes on when it is asked after.
    EvaluationRuns,
    /// It goes on when nobody asks after it any more.
    EvaluationOverdue,
    EvaluatedNaturally,
    LetGoByEvent,
    GivenUpUnevaluated,
    Drift,
    DriftInTask,
    Flapping,
    ParkOver,
    DocumentSettled,
    Cleared,
    MendedWhileParked,
    FixedByPerson,
    Verified,
    CompliantInTask,
    AssignmentGone,
    AssignmentGoneInTask,
    Excluded,
    LetIn,
    CountedLetIn,
    ResourceGone,
    DeletedWhileItWaits,
    Threshold,
    AttemptsUsedUp,
    Overdue,
    LaggingState,
    RolesMissing,
    RolesGranted,
    /// Before any task.
    RolesSeenMissing,
    RolesUnseen,
    GrantedByWorker,
    GrantNotYet,
    GrantLost,
    /// What was granted is granted once more: its answer was lost, or who asked crashed before it was written down.
    GrantRepeated,
    WholeScope,
    Unlisted,
    ReadInParts,
    ScopeReadInParts,
    Stall,
    /// A task is not asked for because its instance stood still for too long.
    TooLate,
    ModeSwitch,
    Blip,
    /// Facts older than what was seen were not enough for a final verdict.
    FactsReadAnew,
    /// Resource Manager refuses the worker a question.
    WorkerRefused,
    /// It did so for long enough.
    WorkerParked,
    /// A deployment succeeds, and the policy states deny it.
    FixDidNotHelp,
    /// An event says that a waiting resource complies.
    ToConfirm,
    /// Something waits until the window opens.
    OutsideWindow,
    /// A task takes of a step or a pace.
    Booked,
    FirstSteps,
    PaceReached,
    /// A policy fails and is stopped, and people let it begin again.
    PolicyFails,
    BreakerClosed,
    /// A task is sent that people have approved; something waits for that, or for more.
    Approved,
    AwaitingApproval,
    ApprovalUsedUp,
    /// A first step hears what became of fixes that it waits for.
    FixesJudged,
    /// Something waits until a person ends a pause.
    Paused,
    /// A pause ends tasks that run.
    CanceledByPause,
    /// Window, steps and pace are taken away, and what they hold is woken for that.
    ControlsWidened,
    AskedAgain,
    /// What awaits an approval is woken since there is a new one.
    ApprovedAnew,
    /// A task comes to be where a window, a pause, and a step or a pace have held others before.
    EveryControl,
}

impl Ingredient {
    /// All of them: each must occur in the default run.
    pub(crate) const ALL: [Self; 83] = [
        Self::CanceledByPause,
        Self::ControlsWidened,
        Self::AskedAgain,
        Self::ApprovedAnew,
        Self::EveryControl,
        Self::FixesJudged,
        Self::Booked,
        Self::FirstSteps,
        Self::PaceReached,
        Self::PolicyFails,
        Self::BreakerClosed,
        Self::Approved,
        Self::AwaitingApproval,
        Self::ApprovalUsedUp,
        Self::Paused,
        Self::OutsideWindow,
        Self::Crash,
        Self::Conflict,
        Self::Throttled,
        Self::FloorHeld,
        Self::LostAnswer,
        Self::LateRequest,
        Self::LostWakeUp,
        Self::LeftBehind,
        Self::PersonsTask,
        Self::Canceled,
        Self::CanceledHalfway,
        Self::Deleted,
        Self::Complete,
        Self::UnknownWord,
        Self::NothingDeployed,
        Self::FixedAfterEvaluation,
        Self::NeverEvaluated,
        Self::EvaluationRequested,
        Self::EvaluationRefused,
        Self::EvaluationLost,
        Self::EvaluationRuns,
        Self::EvaluationOverdue,
        Self::EvaluatedNaturally,
        Self::LetGoByEvent,
        Self::GivenUpUnevaluated,
        Self::Drift,
        Self::DriftInTask,
        Self::Flapping,
        Self::ParkOver,
        Self::DocumentSettled,
        Self::Cleared,
        Self::MendedWhileParked,
        Self::FixedByPerson,
        Self::Verified,
        Self::CompliantInTask,
        Self::AssignmentGone,
        Self::AssignmentGoneInTask,
        Self::Excluded,
        Self::LetIn,
        Self::CountedLetIn,
        Self::ResourceGone,
        Self::DeletedWhileItWaits,
        Self::Threshold,
        Self::AttemptsUsedUp,
        Self::Overdue,
        Self::LaggingState,
        Self::RolesMissing,
        Self::RolesGranted,
        Self::RolesSeenMissing,
        Self::RolesUnseen,
        Self::GrantedByWorker,
        Self::GrantNotYet,
        Self::GrantLost,
        Self::GrantRepeated,
        Self::WholeScope,
        Self::Unlisted,
        Self::ReadInParts,
        Self::ScopeReadInParts,
        Self::Stall,
        Self::TooLate,
        Self::ModeSwitch,
        Self::Blip,
        Self::FactsReadAnew,
        Self::WorkerRefused,
        Self::WorkerParked,
        Self::FixDidNotHelp,
        Self::ToConfirm,
    ];
}

/// Sums over seeds.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) seeds: usize,
    pub(crate) effects: usize,
    pub(crate) tasks: usize,
    /// In how many seeds each ingredient occurred.
    met: BTreeMap<Ingredient, usize>,
}

impl Tally {
    pub(crate) fn of(world: &World) -> Self {
        let met = world.met.iter().map(|ingredient| (*ingredient, 1)).collect();
        Self { seeds: 1, effects: world.effects, tasks: world.cloud.created, met }
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.seeds += other.seeds;
        self.effects += other.effects;
        self.tasks += other.tasks;
        other.met.into_iter().for_each(|(ingredient, seeds)| *self.met.entry(ingredient).or_default() += seeds);
        self
    }

    pub(crate) fn never_met(&self) -> Vec<Ingredient> {
        Ingredient::ALL.into_iter().filter(|ingredient| !self.met.contains_key(ingredient)).collect()
    }

    /// In which share of the seeds each ingredient occurred.
    pub(crate) fn shares(&self) -> String {
        let share = |ingredient: Ingredient| {
            let seeds = self.met.get(&ingredient).copied().unwrap_or_default();
            format!("{ingredient:?} {:.1} %", 100.0 * seeds as f64 / self.seeds as f64)
        };
        Ingredient::ALL.map(share).join(", ")
    }
}
