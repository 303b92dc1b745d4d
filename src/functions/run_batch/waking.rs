//! Wakes runs that nobody went on with.

use remediation::document::RunDocument;
use remediation::message::{Continuation, RunId};
use remediation::run::wake;

use crate::app::App;
use crate::azure::Deadline;
use crate::blob::Saved;
use crate::functions::Failure;

use super::{Under, rest, tell};

/// Nobody went on with the run: it goes on now, unless it has ended or rests until a time that is ahead. Whether it was woken.
pub(in crate::functions) async fn anew(app: &App, run_id: &RunId, deadline: Deadline) -> Result<bool, Failure> {
    let Some(found) = app.reconciler.store.run(run_id, deadline).await? else { return Ok(false) };
    if found.document.ended_at.is_some() {
        // Its metadata does not say so: it was restored without, and would be in the way of the next scan for ever.
        app.reconciler.store.save_run(&found.document, found.etag.as_ref(), deadline).await?;
        return Ok(false);
    }
    if found.document.wake_at.is_some_and(|at| at > crate::azure::now()) {
        return Ok(false);
    }
    go_on_with(app, Under { document: found.document, etag: found.etag }, deadline).await
}

/// The message by which a run was to go on was given up by the broker: another takes its place, if there is something left to do.
pub(in crate::functions) async fn in_place_of(
    app: &App,
    continuation: &Continuation,
    deadline: Deadline,
) -> Result<bool, Failure> {
    let Some(found) = app.reconciler.store.run(&continuation.run_id, deadline).await? else { return Ok(false) };
    if found.document.ended_at.is_some() || continuation.continues < found.document.generation {
        return Ok(false);
    }
    go_on_with(app, Under { document: found.document, etag: found.etag }, deadline).await
}

async fn go_on_with(app: &App, Under { document: known, etag }: Under, deadline: Deadline) -> Result<bool, Failure> {
    let now = crate::azure::now();
    let document: RunDocument = wake(&known, now);
    let given_up = document.work != known.work;
    let woken = match document.ended_at {
        Some(_) => {
            let saved = app.reconciler.store.save_run(&document, etag.as_ref(), deadline).await?;
            matches!(saved, Saved::As(_))
        }
        None => rest(app, Under { document: document.clone(), etag }, now, deadline).await?,
    };
    if woken && given_up {
        tell::advanced(&known, &document);
    }
    Ok(woken)
}
