//! The part of `sweep` that follows the settings of windows, first steps and paces: who waits for a time that others than today's name is
//! woken to ask again, so many a sweep, each within minutes of its own. Settings that say less wake them as well: nobody compares.

use std::sync::{Mutex, PoisonError};

use remediation::control::{asks_again, settings_digest};
use remediation::decide::Purpose;
use remediation::document::TargetSummary;
use remediation::settings::Mode;
use remediation::time::Timestamp;

use crate::app::App;

use super::visits::Visits;
use super::waking::waking;

/// Most targets that one sweep wakes for that.
pub(super) const MOST: usize = 2_000;

/// Wakes those of a page, as many as are `left`: who would wait longest comes first. How many.
pub(super) async fn follow(
    app: &App,
    page: &[TargetSummary],
    visits: &Visits,
    left: &Mutex<usize>,
    now: Timestamp,
) -> usize {
    let tuning = &app.settings.tuning;
    // What is only planned for is held by nothing.
    if tuning.mode == Mode::Plan {
        return 0;
    }
    let digest = settings_digest(tuning);
    let mut held: Vec<_> = page.iter().filter(|summary| asks_again(summary, &digest, now)).collect();
    held.sort_by_key(|summary| std::cmp::Reverse(summary.wake_at));
    {
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        held.truncate(*left);
        *left -= held.len();
    }
    let visit = async |summary: &TargetSummary, deadline| waking(app, summary, Purpose::AskAgain, now, deadline).await;
    visits.visit_all(&held, visit).await
}
