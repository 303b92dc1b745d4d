//! What people have paused, what a breaker has stopped, which approvals end soon, and what is held back by rule.

use std::time::Duration;

use policy_remediator::azure::{Deadline, error_chain};
use remediation::document::{Approval, Pause};
use remediation::report::ago;
use remediation::report::doctor::{Finding, Level};
use remediation::settings::{Mode, Tuning};
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
    let standing = approvals.approvals.iter().filter(|found| found.document.stands(at)).count();
    findings.extend(by_rule(&standings, standing, &connection.app.settings.tuning, at));
    Ok(())
}

/// What is held back by rule, where nothing is wrong: the window, first steps, paces, and how much is approved.
fn by_rule(standings: &Standings, approvals: usize, tuning: &Tuning, at: Timestamp) -> Vec<Finding> {
    if tuning.mode == Mode::Plan {
        return Vec::new();
    }
    let note = |what: String, fix: &str| Finding::of(CHECK, Level::Note, what, fix);
    let opens = tuning.change_window.opens(at);
    let closed = (opens > at).then(|| format!("CHANGE_WINDOW is closed until {}", time_text(opens)));
    let closed = closed.map(|what| note(what, "Nothing is to be done: what waits goes on by itself then."));
    let [full, all] = standings.first_steps();
    let steps = (all > 0).then(|| format!("of {all} in their first steps, {full} wait for the next step"));
    let steps = steps.map(|what| note(what, "controls show tells when each goes on."));
    let used_up: Vec<_> = standings.paces.iter().filter_map(|pace| pace.room_at).collect();
    let pace = used_up.iter().min().map(|first| {
        format!(
            "paces that are used up: {}; there is room again at {}, at the earliest",
            used_up.len(),
            time_text(*first)
        )
    });
    let pace = pace.map(|what| note(what, "controls show tells of which assignment, and how to raise it, knowingly."));
    let approved = tuning.mode == Mode::Approve || approvals > 0;
    let approved = approved.then(|| Finding::ok(CHECK, format!("approvals that stand: {approvals}")));
    [closed, steps, pace, approved].into_iter().flatten().collect()
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
    use remediation::control::ChangeWindow;
    use remediation::control::fleet::PaceStanding;

    use super::*;

    #[test]
    fn what_is_held_back_by_rule_is_told_and_needs_nobody() {
        let at = policy_remediator::azure::now();
        let of = |mode| Tuning { mode, ..Tuning::default() };
        let told = |standings: &Standings, approvals, tuning: &Tuning| {
            let found = by_rule(standings, approvals, tuning, at);
            assert!(found.iter().all(|one| !one.needs_attention()), "{found:?}");
            found.into_iter().map(|one| one.what).collect::<Vec<_>>().join("; ")
        };
        let nothing = Standings::default();
        assert_eq!(told(&nothing, 0, &of(Mode::Act)), "");
        assert_eq!(told(&nothing, 2, &of(Mode::Approve)), "approvals that stand: 2");
        let closed = ChangeWindow::parse("closed 2000-01-01..9999-12-31").unwrap();
        let closed = Tuning { change_window: closed, ..of(Mode::Act) };
        assert!(told(&nothing, 0, &closed).starts_with("CHANGE_WINDOW is closed until"));
        let assignment =
            "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2/providers/Microsoft.Authorization/policyAssignments/a";
        let pace = |room_at| PaceStanding { assignment: assignment.parse().unwrap(), hour: 1, day: 1, room_at };
        let used_up =
            Standings { paces: vec![pace(None), pace(Some(at + SOON)), pace(Some(at))], ..Standings::default() };
        let words = told(&used_up, 0, &of(Mode::Act));
        assert!(words.starts_with("paces that are used up: 2;") && words.contains(&time_text(at)), "{words}");
        assert_eq!(told(&used_up, 9, &Tuning { change_window: closed.change_window, ..of(Mode::Plan) }), "");
    }

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
