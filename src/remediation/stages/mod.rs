//! The stages of a target, a file each. Resource Manager refuses the worker what it must ask (`refused`). A task opens
//! (`opening`) or runs (`running`), or one runs that nobody knows (`adopting`). The target is parked (`parked`), or something is in
//! doubt (`doubting`) or waits for an evaluation (`evaluating`). Else a wave is gathered (`gathering`), or one task for the whole
//! scope considered (`escalating`). Where nothing is due, old tasks are deleted (`clearing`). Each looks at a `View` and names the
//! first thing that is missing.

mod adopting;
mod clearing;
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
