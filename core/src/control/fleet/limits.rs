//! The limits that hold for a target: those of the settings, narrowed by what its assignment says of itself.

use std::time::Duration;

use crate::control::{Allowance, AssignedControls};
use crate::settings::Tuning;

/// What was not heard of for so long holds nobody back: its task, or whoever was to tell of it, is lost.
pub(super) const LOST: Duration = Duration::from_secs(7 * 86_400);

const DAY: Duration = Duration::from_secs(86_400);

/// How much may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Sizes of the first steps; none: there are none.
    pub steps: Vec<u32>,
    /// Pause after the last outcome of a step.
    pub soak: Duration,
    /// Whether the fixes of a step must be confirmed by evaluations before the next.
    pub verify: bool,
    /// For so long it waits for them: longer than the targets do, so that they tell.
    pub unverified_for: Duration,
    /// Most resources in any hour.
    pub per_hour: Option<u32>,
    /// Most resources in any day.
    pub per_day: Option<u32>,
    /// What is approved, where that is asked.
    pub approvals: Option<Vec<Allowance>>,
}

impl Limits {
    /// Those of the settings, narrowed by what an assignment says of itself.
    #[must_use]
    pub fn of(tuning: &Tuning, said: Option<&AssignedControls>) -> Self {
        let least = |a: Option<u32>, b: Option<u32>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        };
        Self {
            steps: tuning.first_steps.clone(),
            soak: tuning.step_soak,
            verify: tuning.verify_steps,
            unverified_for: LOST.max(tuning.flap_window).max(tuning.verify_after * 2) + DAY,
            per_hour: least(tuning.max_per_hour, said.and_then(|said| said.max_per_hour)),
            per_day: least(tuning.max_per_day, said.and_then(|said| said.max_per_day)),
            approvals: None,
        }
    }

    /// Whether there is nothing to count.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.steps.is_empty() && self.per_hour.is_none() && self.per_day.is_none() && self.approvals.is_none()
    }
}
