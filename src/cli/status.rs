//! `status`: what is waiting, in a task, fixed and parked, over all targets, and what the controls have come to.

use serde::Serialize;

use policy_remediator::arm::QueueCounts;
use policy_remediator::azure::{Deadline, now};
use remediation::document::{Counts, TargetSummary, last_24_hours};
use remediation::report::ago;
use remediation::settings::Tuning;
use remediation::time::Timestamp;

use super::controls_file::{Found, read};
use super::exit::{ATTENTION, DONE};
use super::operator::{Options, PATIENCE, Rows, Unusable, complain};
use super::standings::Standings;

/// Tell what waits, what is in a task, what is fixed and what is parked.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator status --env-file prod.env\n  policy-remediator status --json\n\nEnds with 3 where something is parked or overdue, a breaker has stopped a policy, controls.json is missing or cannot be used (everything is paused then), or a document of an assignment or an approval cannot be used."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// All targets together.
#[derive(Debug, Default, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Status {
    mode: &'static str,
    targets: usize,
    waiting: u64,
    in_task: u64,
    fixed: u64,
    parked: u64,
    skipped: u64,
    /// Targets whose wake-up is over and that `sweep` is to wake.
    overdue: usize,
    /// When the next target is to be woken.
    #[serde(with = "time::serde::rfc3339::option")]
    next_wake_up: Option<Timestamp>,
    /// Targets whose documents tell nothing in their metadata, so that they are in none of the counts.
    uncounted: usize,
    /// What people have paused. Where nobody can tell, everything is.
    paused: Vec<String>,
    /// Why nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    controls_lost: Option<&'static str>,
    /// Approvals that stand.
    approvals: usize,
    /// Policies that a breaker has stopped.
    stopped_policies: usize,
    /// How far first steps and paces are, and which breakers are open.
    #[serde(flatten)]
    standings: Standings,
    /// The last 24 hours.
    last_24_hours: Day,
    /// What is in the queues, where `SERVICEBUS_RESOURCE_ID` says which they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queues: Vec<InQueue>,
    /// Why they could not be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    queues_not_counted: Option<String>,
}

#[derive(Debug, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct InQueue {
    name: String,
    active: u64,
    scheduled: u64,
    dead_lettered: u64,
}

#[derive(Debug, Default, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Day {
    fixed: u64,
    verified: u64,
    parked: u64,
    retried: u64,
    seconds_to_fixed: Option<f64>,
}

/// A wake-up may be so late before the target counts as overdue.
const LATE: time::Duration = time::Duration::minutes(20);

impl Status {
    fn of(mode: &'static str, summaries: &[TargetSummary], now: Timestamp) -> Self {
        let mut counts = Counts::default();
        summaries.iter().filter_map(|summary| summary.counts).for_each(|of_one| counts.add(of_one));
        let mut sums = remediation::document::Sums::default();
        summaries.iter().for_each(|summary| sums.add(&last_24_hours(&summary.hours, now)));
        let Counts { waiting, in_task, fixed, parked, skipped } = counts;
        let is_overdue = |summary: &&TargetSummary| summary.wake_at.is_some_and(|at| at + LATE < now);
        Self {
            mode,
            targets: summaries.len(),
            waiting,
            in_task,
            fixed,
            parked,
            skipped,
            overdue: summaries.iter().filter(is_overdue).count(),
            next_wake_up: summaries.iter().filter_map(|summary| summary.wake_at).min(),
            uncounted: summaries.iter().filter(|summary| summary.counts.is_none()).count(),
            last_24_hours: Day {
                fixed: sums.fixed,
                verified: sums.verified,
                parked: sums.parked,
                retried: sums.retried,
                seconds_to_fixed: (sums.fixed > 0).then(|| sums.seconds_to_fixed / sums.fixed as f64),
            },
            ..Self::default()
        }
    }

    fn with_queues(mut self, counted: Option<Result<Vec<QueueCounts>, String>>) -> Self {
        match counted {
            None => {}
            Some(Err(words)) => self.queues_not_counted = Some(words),
            Some(Ok(queues)) => {
                let named = queues.into_iter().map(|QueueCounts { name, active, scheduled, dead_lettered }| InQueue {
                    name,
                    active,
                    scheduled,
                    dead_lettered,
                });
                self.queues = named.collect();
            }
        }
        self
    }

    fn text(&self, tuning: &Tuning, now: Timestamp) -> String {
        let mut rows = Rows::under(&[]);
        rows.row(["mode", self.mode]);
        let paused = if self.paused.is_empty() { "nothing".to_owned() } else { self.paused.join("; ") };
        rows.row(["paused", self.controls_lost.unwrap_or(&paused)]);
        for (name, count) in [
            ("targets", self.targets as u64),
            ("waiting", self.waiting),
            ("in a task", self.in_task),
            ("fixed, and remembered", self.fixed),
            ("parked", self.parked),
            ("skipped", self.skipped),
            ("overdue targets", self.overdue as u64),
            ("targets that are not counted", self.uncounted as u64),
            ("approvals that stand", self.approvals as u64),
            ("policies stopped by a breaker", self.stopped_policies as u64),
            ("fixed in the last 24 hours", self.last_24_hours.fixed),
            ("verified in the last 24 hours", self.last_24_hours.verified),
            ("parked in the last 24 hours", self.last_24_hours.parked),
            ("attempts repeated in the last 24 hours", self.last_24_hours.retried),
        ] {
            rows.row([name.to_owned(), count.to_string()]);
        }
        rows.row(["next wake-up".to_owned(), self.next_wake_up.map_or("none".to_owned(), |at| ago(at, now))]);
        if let Some(seconds) = self.last_24_hours.seconds_to_fixed {
            rows.row(["from seen to fixed, on average".to_owned(), format!("{seconds:.0} s")]);
        }
        for InQueue { name, active, scheduled, dead_lettered } in &self.queues {
            let told = format!("{active}, {scheduled} scheduled, {dead_lettered} dead letters");
            rows.row([format!("queue {name}"), told]);
        }
        if let Some(words) = &self.queues_not_counted {
            rows.row(["queues", &format!("not counted: {words}")]);
        }
        format!("{}{}", rows.text(), self.standings.text(tuning, now))
    }

    fn needs_attention(&self) -> bool {
        self.parked > 0 || self.overdue > 0 || self.controls_lost.is_some() || self.standings.need_attention()
    }
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let connection = arguments.options.connect()?;
    let mode = connection.app.settings.tuning.mode.as_str();
    let mut status =
        Status::of(mode, &connection.summaries().await?, now()).with_queues(connection.queue_counts().await);
    let (found, at) = read(&connection).await?;
    status.controls_lost = found.lost();
    status.paused = match found {
        Found::Document(document, _) => {
            let holds = document.pauses.iter().filter(|pause| pause.until.is_none_or(|until| until > at));
            holds.map(|pause| pause.of.to_string()).collect()
        }
        Found::NotYet => Vec::new(),
        Found::Missing | Found::Unusable => vec!["everything".to_owned()],
    };
    let approvals = connection.app.reconciler.store.approvals(&[], Some(at), Deadline::after(PATIENCE)).await?;
    status.approvals = approvals.approvals.iter().filter(|found| found.document.stands(at)).count();
    status.standings = Standings::read(&connection, at).await?;
    status.standings.unusable.extend(approvals.unusable.into_iter().map(Unusable::of));
    complain(&status.standings.unusable);
    status.stopped_policies = status.standings.stopping().count();
    arguments.options.output().show("status", &status, || status.text(&connection.app.settings.tuning, now()))?;
    Ok(if status.needs_attention() { ATTENTION } else { DONE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_cannot_tell_what_is_paused_needs_attention() {
        let at = now();
        let mut status = Status::of("act", &[], at);
        assert!(!status.needs_attention());
        assert_eq!(Found::NotYet.lost(), None, "before the first pass nothing is paused");
        for found in [Found::Missing, Found::Unusable] {
            status.controls_lost = found.lost();
            let text = status.text(&Tuning::default(), at);
            assert!(status.needs_attention() && text.contains("everything is paused"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_needs_attention() {
        let mut status = Status::of("act", &[], now());
        status.standings.unusable.push(Unusable::of(("assignments/a.json".to_owned(), "no document".to_owned())));
        assert!(status.needs_attention());
        assert_eq!(serde_json::to_value(&status).unwrap()["unusable"][0]["blob"], "assignments/a.json");
    }
}
