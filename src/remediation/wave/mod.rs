//! The questions that a wave passes, in order, each a type of its own: `Due` (and allowed) `→ NonCompliant → Eligible → Free`.
//! Only a free wave makes a task. Where very many wait, one task for the whole scope may take the place of waves (`whole`).

mod allowed;
mod crowded;
mod due;
mod eligible;
mod free;
mod listed;
mod non_compliant;
mod verdict;
mod whole;

use crate::arm::Facts;
use crate::config::GuardRails;
use crate::state::TargetDocument;

pub(super) use allowed::{forbidden, forbids, forbids_all};
pub(super) use crowded::Crowd;
pub(super) use due::Due;
pub(super) use eligible::{Eligible, reference, unreadable};
pub(super) use free::{Blockers, Free, claim};
pub(super) use listed::Known;
pub(super) use non_compliant::NonCompliant;
pub use verdict::Verdict;
pub(super) use verdict::apply_verdicts;
pub(super) use whole::Many;

/// Whether what the settings and the assignment say lets a task of the resources that are in the target's active one go out
/// still: all of them, or it is not that task.
pub(super) fn may_still_go(document: &TargetDocument, facts: &Facts, rails: &GuardRails) -> bool {
    let (target, ids) = (&document.target, || document.in_task());
    let wave = NonCompliant { resources: ids().map(|id| (id.clone(), None)).collect() };
    let (wave, verdicts) = Eligible::among(wave, target, facts, rails);
    wave.is_ok() && verdicts.is_empty() && forbidden(ids(), target, rails).is_empty()
}
