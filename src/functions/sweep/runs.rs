//! The part of `sweep` that looks after batch runs: scans that are due are begun, runs that nobody goes on with are woken, and
//! documents of runs that ended long ago are deleted.

use std::time::Duration;

use tracing::{info, warn};

use remediation::document::RunSummary;
use remediation::message::{Outgoing, Queue};
use remediation::run::{due_scan, is_outdated, is_stranded};
use remediation::time::Timestamp;

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::functions::{Failure, run_batch};

/// So long after its time, or after its last step, nobody goes on with a run: twice the longest time of an invocation, and the lock of
/// its message on top.
const STRANDED: Duration = Duration::from_secs(900);
/// Most runs that a sweep wakes, and most documents that it deletes.
const MOST: usize = 50;
/// Longest time for the one try to delete a document: what stays does no harm.
const OF_ONE: Duration = Duration::from_secs(2);

pub(super) async fn follow(app: &App, now: Timestamp, deadline: Deadline) -> Result<(), Failure> {
    let mut known = app.reconciler.store.runs(deadline).await?;
    let woken = wake(app, &mut known, now, deadline).await;
    scan(app, &known, now, deadline).await?;
    woken?;
    let mut deleted = 0;
    for run in known.iter().filter(|run| is_outdated(run, app.settings.sweep_scan_interval, now)) {
        if deleted == MOST || deadline.has_passed() {
            break;
        }
        deleted += usize::from(delete(app, run, deadline).await);
    }
    Ok(())
}

/// Wakes the runs that nobody goes on with. One whose document cannot be used stops alone, and keeps no other scan of its scope away.
async fn wake(app: &App, known: &mut [RunSummary], now: Timestamp, deadline: Deadline) -> Result<(), Failure> {
    let mut woken = 0;
    for run in known.iter_mut().filter(|run| is_stranded(run, STRANDED, now)) {
        match run_batch::anew(app, &run.run_id, deadline).await {
            Ok(true) => {
                warn!(event = "run_woken", run_id = %run.run_id, "a batch run that nobody went on with is woken");
                woken += 1;
            }
            Ok(false) => {}
            Err(Failure::State(error)) if error.is_about_the_document() => {
                run_batch::stopped(app, &run.run_id, &error);
                run.ended_at = Some(now);
            }
            Err(failure) => return Err(failure),
        }
        if woken == MOST {
            break;
        }
    }
    Ok(())
}

/// Begins the scans that are due. After a crash in between the next sweep begins the others.
async fn scan(app: &App, known: &[RunSummary], now: Timestamp, deadline: Deadline) -> Result<(), Failure> {
    let (scopes, interval) = (&app.settings.sweep_scopes, app.settings.sweep_scan_interval);
    for scope in scopes {
        let Some(run) = due_scan(scope, interval, known, now) else { continue };
        app.reconciler.sender.send(Queue::BatchRuns, &[Outgoing::batch_run(&run)], now, deadline).await?;
        info!(event = "scan_due", run_id = %run.run_id, scope = scope.as_str(), "a scan of the scope is begun");
    }
    Ok(())
}

/// Whether it was deleted. One that cannot be deleted stays: the sweep must not stop for it.
async fn delete(app: &App, run: &RunSummary, deadline: Deadline) -> bool {
    let store = &app.reconciler.store;
    let deleted = match store.run(&run.run_id, deadline).await {
        Ok(Some(found)) => match &found.etag {
            Some(etag) => store.delete_run(&run.run_id, etag, deadline.within(OF_ONE)).await.map(drop),
            None => Ok(()),
        },
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = &deleted
        && app.reconciler.told.is_news(("document_kept", run.run_id.to_string()))
    {
        let (blob, reason) = (format!("runs/{}.json", run.run_id), error_chain(error));
        warn!(event = "document_kept", blob, reason, "a document in which nothing is left cannot be deleted; it stays");
    }
    deleted.is_ok()
}
