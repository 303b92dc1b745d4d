//! The part of `sweep` that follows controls: who waits for a time by settings, by what its assignment says of itself, or for an approval,
//! and would not have to any more, is woken to ask again: so many a sweep, each within minutes of its own. Controls that say less wake as
//! well: nobody compares.

use std::sync::{Mutex, MutexGuard, PoisonError};

use remediation::control::ControlsNow;
use remediation::decide::{Answer, Observed, Purpose, Question};
use remediation::document::{Held, TargetSummary};
use remediation::settings::Mode;
use remediation::time::Timestamp;

use crate::app::App;
use crate::azure::Deadline;
use crate::functions::Failure;

use super::visits::Visits;
use super::waking::waking;

/// Most targets that one sweep wakes for that.
const MOST: usize = 2_000;
/// Most assignments that one sweep reads of those whose turn it is, and of all others: no place in the list is too far behind.
const MOST_READ: [usize; 2] = [100, 100];

/// What a sweep knows of the controls, and what it may still do.
#[derive(Debug)]
pub(super) struct Following {
    controls: Mutex<ControlsNow>,
    wakes: Mutex<usize>,
    reads: [Mutex<usize>; 2],
}

impl Following {
    /// With what is approved now. Where that cannot be read, nobody is woken for it.
    pub(super) async fn begin(app: &App, visits: &Visits) -> Self {
        let reconciler = &app.reconciler;
        let approvals = match app.settings.tuning.mode {
            Mode::Plan => None,
            Mode::Approve | Mode::Act => {
                let read = reconciler.approvals.read(&reconciler.store, &reconciler.clocks, visits.limit()).await;
                match read {
                    Ok(known) => Some(known),
                    Err(error) => {
                        visits.end_with(Err(error));
                        None
                    }
                }
            }
        };
        let at = reconciler.clocks.moment().stored_after;
        let controls = Mutex::new(ControlsNow::new(&app.settings.tuning, approvals.as_ref(), at));
        Self { controls, wakes: Mutex::new(MOST), reads: MOST_READ.map(Mutex::new) }
    }

    /// Wakes those of a page whom it concerns, as many as are left. How many.
    pub(super) async fn follow(&self, app: &App, page: &[TargetSummary], visits: &Visits, now: Timestamp) -> usize {
        // What is only planned for is held by nothing.
        if app.settings.tuning.mode == Mode::Plan {
            return 0;
        }
        let mut looks = self.controls().to_look_at_said(page, now);
        looks.iter_mut().zip(&self.reads).for_each(|(looks, left)| take(left, looks));
        let visit = async |summary: &TargetSummary, deadline| self.look(app, summary, deadline).await;
        visits.visit_all(&looks.concat(), visit).await;
        let mut held = self.controls().to_ask_again(page, now);
        take(&self.wakes, &mut held);
        let visit = async |summary: &TargetSummary, deadline| match summary.held_under.clone() {
            Some(held) => waking(app, summary, Purpose::AskAgain(held), now, deadline).await,
            None => Ok(false),
        };
        visits.visit_all(&held, visit).await
    }

    fn controls(&self) -> MutexGuard<'_, ControlsNow> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks what the target's assignment says of itself now. One that cannot be read says nothing, and is not asked again by this sweep:
    /// passes tell of it.
    async fn look(&self, app: &App, summary: &TargetSummary, deadline: Deadline) -> Result<bool, Failure> {
        let Some(Held::Settings(_, Some(said))) = &summary.held_under else { return Ok(false) };
        let found = app.reconciler.store.target_named(&summary.blob, deadline).await;
        let asked = match &found {
            Ok(Some(found)) => Some(app.reconciler.ask(Question::Facts, &found.document.target, deadline).await),
            Ok(None) | Err(_) => None,
        };
        let facts = match &asked {
            Some(Ok(Observed::Answer(Answer::Facts(facts)))) => Some(facts),
            Some(_) | None => None,
        };
        self.controls().says(said, facts);
        found?;
        Ok(facts.is_some())
    }
}

/// Takes as many as are left.
fn take<T>(left: &Mutex<usize>, of: &mut Vec<T>) {
    let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
    of.truncate(*left);
    *left -= of.len();
}
