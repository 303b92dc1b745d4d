//! Carries out what is to be done to a document outside of a pass, up to the wake-up: that is for the caller to send.

use remediation::decide::{Effect, Errand};
use remediation::id::Target;
use remediation::message::Outgoing;

use crate::app::App;
use crate::azure::{Contest, Deadline};
use crate::blob::{Saved, StateError};
use crate::reconcile::written;

/// What is left to do.
pub enum Left {
    /// Send this wake-up.
    Send(Outgoing),
    /// Delete the document that was read.
    Delete,
    /// Nothing.
    Nothing,
}

/// Reads and writes what the errand says, and tells what was written.
///
/// # Errors
/// When storage does not serve until the deadline, or others are faster until then.
pub async fn carry_out(
    app: &App,
    target: &Target,
    errand: &mut Errand,
    deadline: Deadline,
) -> Result<Left, StateError> {
    let (store, tuning) = (&app.reconciler.store, &app.settings.tuning);
    let mut contest = Contest::until(deadline);
    let _turn = store.turn_to_change(target, deadline).await;
    loop {
        match errand.next(tuning, app.reconciler.clocks.moment()) {
            Effect::Load => errand.loaded(store.target(target, deadline).await?),
            Effect::Save(mut document) => match store.save_target(&mut document, errand.etag(), deadline).await? {
                Saved::As(_) => {
                    if let Some(found) = errand.found() {
                        written(&found.document, &document);
                    }
                    errand.saved(*document);
                }
                Saved::Conflict => {
                    errand.lost_race();
                    let goes_on = errand.found().is_some() || contest.goes_on().await;
                    if !goes_on {
                        return Err(StateError::Contended { blob: format!("of target {}", target.hash()) });
                    }
                }
            },
            Effect::Send(wake_up) => return Ok(Left::Send(wake_up)),
            Effect::Delete => return Ok(Left::Delete),
            Effect::Done => return Ok(Left::Nothing),
        }
    }
}
