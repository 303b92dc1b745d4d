//! What people have paused, what a breaker has stopped, and which approvals end soon.

use std::time::Duration;

use policy_remediator::azure::{Deadline, error_chain};
use remediation::document::{Approval, Pause};
use remediation::report::ago;
use remediation::report::doctor::{Finding, Level};
use remediation::time::{Timestamp, time_text};

use crate::cli::controls_file::{Found, read};
use crate::cli::operator::Connection;
use crate::cli::standings::Standings;

const CHECK: &str = "controls";
/// Longest time for one question.
const PATIENCE: Duration = Duration::from_secs(8);
/// An approval that ends within this time is told.
const SOON: Duration = Duration::from_secs(2 * 3_600);

/// Looks at what holds the worker back although nothing is wrong with it.
pub(super) async fn look(connection: &Connection, findings: &mut Vec<Finding>) {
    if let Err(error) = held(connection, findings).await {
        findings.push(Finding::of(
            CHECK,
            Level::Error,
            error_chain(error.as_ref()),
            "Check the account of STATE_BLOB_ENDPOINT.",
        ));
    }
}

async fn held(connection: &Connection, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let (found, at) = read(connection).await?;
    let (store, settings) = (&connection.app.reconciler.store, &connection.app.settings);
    let deadline = || Deadline::after(PATIENCE);
    let before = findings.len();
    match found {
        Found::Document(document, _) => findings.extend(document.pauses.iter().filter_map(|pause| paused(pause, at))),
        Found::Missing => {
            let known =
                store.known_installation(settings.installation.as_ref(), &settings.state_blob_endpoint, deadline());
            // It is written before the other.
            if known.await?.is_some() {
                findings.push(nobody_knows("is missing"));
            }
        }
        Found::Unusable => findings.push(nobody_knows("cannot be used")),
    }
    for breaker in &Standings::read(connection, at).await?.breakers {
        let fix = "Look at what is parked and mend the policy; parked retry closes the breaker.";
        findings.push(Finding::of(CHECK, Level::Warning, breaker.text(), fix));
    }
    let approvals = store.approvals(&[], Some(at), deadline()).await?;
    findings.extend(approvals.approvals.iter().filter_map(|found| ends_soon(&found.document, at)));
    if findings.len() == before {
        findings.push(Finding::ok(CHECK, "nothing is paused, and no breaker is open"));
    }
    Ok(())
}

fn nobody_knows(how: &str) -> Finding {
    Finding::of(
        CHECK,
        Level::Error,
        format!("controls.json {how}, so everything is paused"),
        "policy-remediator resume writes it anew.",
    )
}

fn paused(pause: &Pause, at: Timestamp) -> Option<Finding> {
    if pause.until.is_some_and(|until| until <= at) {
        return None;
    }
    let until = pause.until.map_or("until it is resumed".to_owned(), |until| format!("until {}", time_text(until)));
    let reason = pause.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let what = format!("{} is paused since {}, {until}{reason}", pause.of, ago(pause.at, at));
    Some(Finding::of(CHECK, Level::Warning, what, "policy-remediator resume ends pauses; controls show lists them."))
}

fn ends_soon(approval: &Approval, at: Timestamp) -> Option<Finding> {
    if !approval.stands(at) || approval.until > at + SOON {
        return None;
    }
    let what = format!("approval {} of {} ends {}", approval.id, approval.of(), ago(approval.until, at));
    Some(Finding::of(
        CHECK,
        Level::Note,
        what,
        "What is not begun by then waits: policy-remediator approve gives another.",
    ))
}
