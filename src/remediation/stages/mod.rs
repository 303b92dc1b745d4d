//! The stages of a target, a file each: a task that opens, a task that runs, a park of the whole target, none of these (what
//! waits for an evaluation is seen to: `evaluating`; a wave is gathered; or one task for the whole scope is considered:
//! `escalating`). Each looks at a `View` and names the first thing
//! that is missing.

mod adopting;
#[cfg(test)]
mod closed_gate_tests;
mod doubting;
mod escalating;
mod evaluating;
#[cfg(test)]
mod evaluating_tests;
mod gathering;
#[cfg(test)]
mod interrupted_tests;
mod opening;
mod parked;
#[cfg(test)]
mod refusal_tests;
mod refused;
mod running;
#[cfg(test)]
mod taking_over_tests;
mod view;

pub(super) use running::SHORT_LISTS;
pub(super) use view::View;
