//! What next. A wake-up starts a pass over one target (`pass`, `next`), which goes through its stages, a file each. Resource Manager refuses
//! the worker what it must ask (`refused`). A task opens (`open`) or runs (`follow`), or one runs that nobody knows (`adopt`). The
//! target is parked (`parked`), something is to be told to the fleet's document (`report`), or something is in doubt (`verify`) or waits for an evaluation (`evaluate`). Else a wave is gathered
//! (`gather`, `judge`, `authorise`), or one task for the whole scope considered (`whole_scope`). Where nothing is due, old tasks are deleted (`clear`). Each
//! looks at a `Context` and names the first thing that is missing. What is done to a document outside of a pass is an `errand`; what
//! becomes of a wake-up that its batch does not wait for, `turn` says.

mod admit;
#[cfg(test)]
mod admit_tests;
mod adopt;
#[cfg(test)]
mod approve_tests;
mod authorise;
#[cfg(test)]
mod authorise_tests;
mod clear;
#[cfg(test)]
mod closed_gate_tests;
mod context;
mod errand;
mod evaluate;
#[cfg(test)]
mod evaluate_tests;
mod follow;
mod gather;
mod idle;
#[cfg(test)]
mod interrupted_tests;
mod judge;
#[cfg(test)]
mod listed_tests;
mod memory;
mod never;
#[cfg(test)]
mod never_tests;
mod next;
mod open;
mod parked;
mod pass;
mod plan;
#[cfg(test)]
mod plan_tests;
mod question;
#[cfg(test)]
mod refusal_tests;
mod refused;
mod report;
#[cfg(test)]
mod stale_lookup_tests;
mod step;
#[cfg(test)]
mod taking_over_tests;
mod turn;
mod verify;
mod whole_scope;

pub use errand::{Effect, Errand, Outcome, Purpose};
pub use follow::SHORT_LISTS;
pub use idle::Idle;
pub use judge::FEW;
pub use pass::Pass;
pub use plan::Plan;
pub use question::{Answer, Question};
pub use step::{Next, Observed, Transition, Write};
pub use turn::{Afterwards, Turn};
