//! What the log tells of batch runs, once each, after it is stored.

use tracing::{debug, error, info, warn};

use remediation::document::{RunDocument, RunTotals};
use remediation::message::RunId;
use remediation::time::{Timestamp, time_text};

use crate::app::App;
use crate::azure::error_chain;
use crate::blob::StateError;

/// It was begun.
pub(super) fn started(document: &RunDocument) {
    let run = &document.run;
    let scopes = run.scopes.len();
    info!(event = "run_started", run_id = %run.run_id, scopes, dry_run = run.dry_run, "a batch run begins");
}

/// There is nothing to do for a message.
pub(super) fn known(run_id: &RunId, reason: &'static str) {
    info!(event = "run_known", %run_id, reason, "a message of a batch run needs nothing");
}

/// A step was stored: what is new, and the end.
pub(super) fn advanced(before: &RunDocument, after: &RunDocument) {
    let run_id = &after.run.run_id;
    for trouble in after.troubles.iter().skip(before.troubles.len()) {
        let (scope, reason) = (trouble.scope.as_str(), trouble.words.as_str());
        warn!(event = "run_trouble", %run_id, scope, reason, "a batch run cannot look there");
    }
    let RunTotals {
        subscriptions,
        targets,
        resources,
        sent,
        handed_over,
        not_remediable,
        not_asked,
        unreadable,
        questions,
    } = after.so_far();
    debug!(event = "run_advanced", %run_id, questions, resources, sent, handed_over, left = after.work.len(), "a batch run has gone a step");
    let Some(ended_at) = after.ended_at else { return };
    let seconds = (ended_at - after.started_at).whole_seconds();
    let (state, troubles) = (after.state().as_str(), after.troubles.len() as u64 + after.more_troubles);
    let dry_run = after.run.dry_run;
    info!(
        event = "run_ended",
        %run_id,
        state,
        dry_run,
        subscriptions,
        targets,
        resources,
        sent,
        handed_over,
        not_remediable,
        not_asked,
        unreadable,
        questions,
        troubles,
        seconds,
        "a batch run has ended"
    );
}

/// Its document cannot be used: told once, however often it is met.
pub(in crate::functions) fn stopped(app: &App, run_id: &RunId, why: &StateError) {
    if app.reconciler.told.is_news(("run_stopped", run_id.to_string())) {
        let reason = error_chain(why);
        error!(event = "run_stopped", %run_id, reason, "nothing is done for this batch run until its document can be used");
    }
}

/// It goes on later.
pub(super) fn rests(document: &RunDocument, until: Timestamp) {
    let (run_id, until) = (&document.run.run_id, time_text(until));
    info!(event = "run_rests", %run_id, generation = document.generation, until, "a batch run goes on later");
}
