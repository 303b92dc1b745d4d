//! The questions that a wave passes, in order, each a type of its own: `Due` (and allowed) `→ NonCompliant → Eligible → Free`.
//! Only a free wave makes a task. Where very many wait, one task for the whole scope may take the place of waves (`whole`).

mod allowed;
mod crowded;
mod due;
mod eligible;
mod free;
mod non_compliant;
mod verdict;
mod whole;

pub(super) use allowed::forbidden;
pub(super) use crowded::Crowd;
pub(super) use due::Due;
pub(super) use eligible::{Eligible, reference};
pub(super) use free::{Blockers, Free, claim};
pub(super) use non_compliant::NonCompliant;
pub use verdict::Verdict;
pub(super) use verdict::apply_verdicts;
pub(super) use whole::Many;
