//! Targets that are stopped: because the worker died of passes over them, or because their document cannot be used.

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use remediation::document::StoppedTarget;
use remediation::id::Target;
use remediation::time::time_text;

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::blob::{StateError, Stopped};
use crate::telemetry::about;

/// How old the list of the stopped targets may be: another instance may have stopped one.
pub(super) const AGE: Duration = Duration::from_secs(30);
/// Longest time for reading the list: it must hold up nothing.
const READING: Duration = Duration::from_secs(5);

/// The stopped targets; none when they cannot be listed.
pub(super) async fn list(app: &App, age: Duration, deadline: Deadline) -> Arc<Stopped> {
    match app.reconciler.store.stopped(age, deadline.within(READING.min(deadline.left() / 4))).await {
        Ok(stopped) => stopped,
        Err(error) => {
            let reason = error_chain(&error);
            warn!(
                event = "mark_unusable",
                function = "remediate",
                reason,
                "the stopped targets cannot be listed; it goes on without"
            );
            Arc::default()
        }
    }
}

/// Whether the target is stopped because the worker died of it.
pub(super) async fn holds(app: &App, target: &Target, deadline: Deadline) -> bool {
    list(app, AGE, deadline).await.holds(target.hash().as_str(), crate::azure::now())
}

/// Stops a target until `PARK_FOR` is over, and says so.
pub(super) async fn stop(
    app: &App,
    target: &Target,
    reason: String,
    deaths: u32,
    deadline: Deadline,
) -> Result<(), StateError> {
    let now = crate::azure::now();
    let until = now + app.settings.tuning.park_for;
    let record = StoppedTarget::new(target.clone(), reason, deaths, now, until);
    app.reconciler.store.stop(&record, deadline).await?;
    about!(
        error,
        target,
        event = "target_stopped",
        reason = record.reason,
        until = time_text(until),
        "the worker dies of this target; nothing is done for it until then"
    );
    Ok(())
}

/// Says that nothing is done for a target because of its document, or its subscription's.
pub(super) fn tell(target: &Target, cause: &StateError) {
    about!(
        error,
        target,
        event = "target_stopped",
        reason = error_chain(cause),
        "nothing is done for this target until its document can be used"
    );
}
