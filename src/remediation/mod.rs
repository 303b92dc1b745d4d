//! Stage 4, what to do. Everything here is decided purely, from values and `now`; `reconcile` is the only file that acts.
//!
//! An observation is merged into its target's document (`merge`). A wake-up starts a look at one target
//! (`reconciliation`), which goes through its stages (`stages`): see to what waits for an evaluation (`evaluation`), gather a
//! wave (`wave`), open its task (`opening`), follow it, take in its outcome (`outcome`, `failure`, `missing`, `target_park`),
//! see to what is in doubt (`doubts`) and to what Resource Manager refuses the worker (`refusals`), set the next wake-up (`wake`,
//! `backoff`). In the end tasks are
//! deleted (`retention`) and nothing is left of it (`settled`). What an instance remembers between looks stands in `begun` and `slots`: they only save calls.

mod backoff;
mod begun;
mod doubts;
mod evaluation;
mod failure;
#[cfg(test)]
pub(crate) mod fixture;
mod journal;
mod left_out;
mod letting_in;
mod listing;
mod merge;
mod missing;
mod opened;
mod opening;
mod outcome;
mod plan;
mod reconcile;
mod reconciliation;
mod refusals;
mod retention;
mod scanned;
mod scope_states;
mod settled;
mod slots;
mod stages;
mod states;
mod step;
mod target_park;
mod wake;
mod wave;
#[cfg(test)]
mod widened_tests;

pub use backoff::wait_for_document;
pub use begun::Begun;
pub use journal::written;
pub use letting_in::{LetIn, let_in, needs_walk};
pub use merge::{Merged, merge, merge_all};
pub use opened::Opened;
pub use plan::Plan;
pub use reconcile::{ReconcileError, Reconciler};
pub use reconciliation::Reconciliation;
pub use scanned::Scanned;
pub use scope_states::{ScopeStates, Unread};
pub use settled::{is_settled, keeps_tasks, may_be_settled};
pub use slots::Slots;
pub use step::{DeploymentList, Meaning, Next, Observed, Put, Question, Rest, Write};
pub use target_park::TargetCause;
pub use wake::{AfterDeath, after_death, heal, needs_healing, wake_up_of};
pub use wave::Verdict;
