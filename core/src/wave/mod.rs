//! The questions that a wave passes, in order, a file each: `Due` (and allowed) `→ NonCompliant → Eligible → Free` are types; then how much is
//! `admitted`, and whether the identity is `authorised`.
//! Only a free wave makes a task. Where very many wait, one task for the whole scope may take the place of waves (`whole_scope`).

pub(crate) mod admitted;
pub(crate) mod allowed;
pub(crate) mod authorised;
pub(crate) mod conflicts;
pub(crate) mod due;
pub(crate) mod eligible;
pub(crate) mod free;
pub(crate) mod listed;
pub(crate) mod non_compliant;
pub(crate) mod skipped;
pub(crate) mod task_limit;
pub(crate) mod whole_scope;

pub use skipped::Skipped;

use crate::document::TargetDocument;
use crate::fact::Facts;
use crate::settings::GuardRails;

use allowed::forbidden;
use eligible::Eligible;
use non_compliant::NonCompliant;

/// Whether what the settings and the assignment say lets a task of the resources that are in the target's active one go out
/// still: all of them, or it is not that task.
pub(crate) fn may_still_go(document: &TargetDocument, facts: &Facts, rails: &GuardRails) -> bool {
    let (target, ids) = (&document.target, || document.in_task());
    let wave = NonCompliant { resources: ids().map(|id| (id.clone(), None)).collect() };
    let (wave, skipped) = Eligible::among(wave, target, facts, rails);
    wave.is_ok() && skipped.is_empty() && forbidden(ids(), target, rails).is_empty()
}
