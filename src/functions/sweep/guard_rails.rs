//! The part of `sweep` that follows the guard rails: targets of which others than today's left something out are walked, the
//! longest waiting of a page first, so many a sweep. Blobs are listed with what is needed to find them, so that all else costs nothing.

use std::sync::{Mutex, PoisonError};

use remediation::decide::{Errand, Outcome, Purpose};
use remediation::document::TargetSummary;
use remediation::message::Queue;
use remediation::transition::{LetIn, needs_walk};

use crate::app::App;
use crate::azure::Deadline;
use crate::functions::Failure;
use crate::functions::errand::{Left, carry_out};
use crate::telemetry::about;

use super::visits::Visits;

/// Most targets that one sweep walks: each may ask Resource Manager afterwards.
pub(super) const MOST: usize = 2_000;

/// Walks the targets of which something is left out by other guard rails than today's, as many as are `left`. Of how many
/// something was let in.
pub(super) async fn follow(app: &App, targets: &[TargetSummary], visits: &Visits, left: &Mutex<usize>) -> usize {
    let digest = app.settings.tuning.guard_rails.digest();
    let mut others: Vec<_> = targets.iter().filter(|summary| needs_walk(summary, &digest)).collect();
    others.sort_by_key(|summary| summary.left_out.as_ref().map(|left_out| left_out.since));
    {
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        others.truncate(*left);
        *left -= others.len();
    }
    let visit = async |summary: &TargetSummary, deadline| Ok(walk(app, summary, deadline).await? != LetIn::default());
    visits.visit_all(&others, visit).await
}

/// Lets in what today's guard rails allow of a target; nothing when another writer was faster: the next sweep comes again.
async fn walk(app: &App, summary: &TargetSummary, deadline: Deadline) -> Result<LetIn, Failure> {
    let (store, now) = (&app.reconciler.store, crate::azure::now());
    let Some(found) = store.target_named(&summary.blob, deadline).await? else { return Ok(LetIn::default()) };
    let target = found.document.target.clone();
    let mut errand = Errand::to(found, Purpose::LetIn);
    let left = carry_out(app, &target, &mut errand, deadline).await?;
    let &Outcome::LetIn(let_in) = errand.outcome() else { return Ok(LetIn::default()) };
    if let_in == LetIn::default() {
        return Ok(let_in);
    }
    about!(
        info,
        &target,
        event = "target_let_in",
        listed = let_in.listed,
        counted = let_in.counted,
        "the guard rails let in what they left out of the target"
    );
    if let Left::Send(wake_up) = left {
        app.reconciler.sender.send(Queue::WakeUps, &[wake_up], now, deadline).await?;
    }
    Ok(let_in)
}
