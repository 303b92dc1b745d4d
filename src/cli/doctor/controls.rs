//! What people have paused, what a breaker has stopped, and which approvals end soon.

use std::time::Duration;

use policy_remediator::azure::{Deadline, error_chain};
use remediation::document::{Approval, Pause};
use remediation::report::ago;
use remediation::report::doctor::{Finding, Level};
use remediation::time::{Timestamp, time_text};

use crate::cli::controls_file::{Found, read};
use crate::cli::operator::{Connection, Unusable};
use crate::cli::standings::Standings;

const CHECK: &str = "controls";
/// Longest time for one question.
const PATIENCE: Duration = Duration::from_secs(8);
/// Documents of a kind that are named.
const NAMED: usize = 20;
const OF_ASSIGNMENT: &str = "One of a newer version waits for the newer worker. One that is damaged: put an older copy back, or revoke its approvals and delete it; then first steps, pace, breaker and what approvals have used begin anew.";
const OF_APPROVAL: &str = "Delete the blob, and give the approval anew: policy-remediator approve.";
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
    let before = findings.len();
    if let Some(lost) = found.lost() {
        findings.push(Finding::of(CHECK, Level::Error, lost, "policy-remediator resume writes it anew."));
    }
    if let Found::Document(document, _) = found {
        findings.extend(document.pauses.iter().filter_map(|pause| paused(pause, at)));
    }
    let standings = Standings::read(connection, at).await?;
    for breaker in &standings.breakers {
        let fix = "Look at what is parked and mend the policy; parked retry closes the breaker.";
        let level = if breaker.in_force { Level::Warning } else { Level::Note };
        findings.push(Finding::of(CHECK, level, breaker.text(), fix));
    }
    findings.extend(unusable(&standings.unusable, "nothing of it is begun", OF_ASSIGNMENT));
    let approvals = connection.app.reconciler.store.approvals(&[], Some(at), Deadline::after(PATIENCE)).await?;
    let bad: Vec<_> = approvals.unusable.into_iter().map(Unusable::of).collect();
    findings.extend(unusable(&bad, "it approves nothing", OF_APPROVAL));
    findings.extend(approvals.approvals.iter().filter_map(|found| ends_soon(&found.document, at)));
    if findings.len() == before {
        findings.push(Finding::ok(CHECK, "nothing is paused, and no breaker is open"));
    }
    Ok(())
}

/// Documents that cannot be used: each is named, up to some, and what follows from it.
fn unusable(all: &[Unusable], follows: &str, fix: &str) -> Vec<Finding> {
    let named =
        all.iter().take(NAMED).map(|Unusable { blob, why }| format!("{blob} cannot be used, so {follows}: {why}"));
    let more = all.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("{more} more documents of this kind cannot be used: controls show --json"));
    named.chain(more).map(|what| Finding::of(CHECK, Level::Error, what, fix)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_that_cannot_be_used_is_an_error_with_its_fix_and_many_are_summed_up() {
        let of = |count: usize| {
            let one = |number| Unusable::of((format!("assignments/{number}.json"), "no document".to_owned()));
            unusable(&(0..count).map(one).collect::<Vec<_>>(), "nothing of it is begun", OF_ASSIGNMENT)
        };
        assert_eq!(of(0), []);
        let found = of(1);
        assert!(found[0].needs_attention() && found[0].what.contains("assignments/0.json"), "{found:?}");
        let found = of(NAMED + 5);
        assert!(found.len() == NAMED + 1 && found[NAMED].what.starts_with("5 more"), "{found:?}");
        assert!(found.iter().all(|one| one.level == Level::Error && one.fix.is_some()));
    }
}
