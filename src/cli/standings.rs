//! What first steps and paces of all assignments have come to, and which breakers are open: for `controls show`, `status` and `doctor`.

use serde::Serialize;

use policy_remediator::azure::Deadline;
use remediation::control::fleet::{Limits, PaceStanding, StepStanding, pace_standings, step_standings};
use remediation::document::{FleetDocument, OpenBreaker};
use remediation::report::ago;
use remediation::settings::Tuning;
use remediation::time::{Timestamp, time_text};

use super::operator::{Connection, PATIENCE, Rows, Unusable, complain};

/// Rows that a person is shown of each table.
const SHOWN: usize = 50;

/// All of it, for machines.
#[derive(Debug, Default, Serialize, PartialEq)]
pub(super) struct Standings {
    /// The first steps of policies, while they are on.
    pub(super) steps: Vec<Step>,
    /// What assignments of which something was begun in the last day have used of the hour and the day.
    pub(super) paces: Vec<PaceStanding>,
    /// Policies of which nothing more is begun, since most of what was tried failed.
    pub(super) breakers: Vec<Breaker>,
}

/// The first steps of a policy.
#[derive(Debug, Serialize, PartialEq)]
pub(super) struct Step {
    assignment: String,
    #[serde(flatten)]
    standing: StepStanding,
}

/// An open breaker.
#[derive(Debug, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct Breaker {
    assignment: String,
    reference: String,
    #[serde(flatten)]
    open: OpenBreaker,
}

impl Standings {
    /// Reads the documents of all assignments. Of what cannot be used a person is warned.
    pub(super) async fn read(connection: &Connection, at: Timestamp) -> anyhow::Result<Self> {
        let found = connection.app.reconciler.store.fleets(Deadline::after(PATIENCE)).await?;
        complain(&found.unusable.into_iter().map(|(blob, why)| Unusable { blob, why }).collect::<Vec<_>>());
        Ok(Self::of(found.found, &connection.app.settings.tuning, at))
    }

    fn of(documents: Vec<FleetDocument>, tuning: &Tuning, at: Timestamp) -> Self {
        let limits = Limits::of(tuning, None);
        let mut all = Self::default();
        for document in documents {
            let steps = if limits.steps.is_empty() { Vec::new() } else { step_standings(&document, &limits, at) };
            let name = &document.assignment;
            all.steps.extend(steps.into_iter().map(|standing| Step { assignment: name.clone(), standing }));
            all.paces.extend(pace_standings(&document, &limits, at));
            let open =
                document.breakers.iter().filter_map(|(reference, breaker)| Some((reference, breaker.open.clone()?)));
            let standing = open.filter(|(_, open)| open.until > at);
            all.breakers.extend(standing.map(|(reference, open)| Breaker {
                assignment: name.clone(),
                reference: reference.clone(),
                open,
            }));
        }
        all.steps.sort_by(|one, other| one.assignment.cmp(&other.assignment));
        all.paces.sort_by_key(|pace| std::cmp::Reverse(pace.day));
        all
    }

    /// The tables, each after an empty line; nothing where there is nothing.
    pub(super) fn text(&self, tuning: &Tuning, now: Timestamp) -> String {
        let breakers: String = self.breakers.iter().map(|breaker| format!("\n{}", breaker.text())).collect();
        let mut text = if breakers.is_empty() { String::new() } else { format!("\n{breakers}") };
        if !self.steps.is_empty() {
            let mut rows = Rows::under(&["first steps of", "policy", "step", "let in", "next"]);
            for Step { assignment, standing } in self.steps.iter().take(SHOWN) {
                let StepStanding { reference, policy, .. } = standing;
                let policy = if reference.is_empty() { policy.clone() } else { format!("{reference}, {policy}") };
                let step = format!("{} of {}", standing.step.min(tuning.first_steps.len()), tuning.first_steps.len());
                let let_in = standing.size.map_or_else(String::new, |size| format!("{} of {size}", standing.let_in));
                rows.row([assignment.clone(), policy, step, let_in, next(standing, now)]);
            }
            text = format!("{text}\n\n{}{}", rows.text(), more(self.steps.len()));
        }
        if !self.paces.is_empty() {
            let mut rows = Rows::under(&["pace of", "last hour", "last day", "room"]);
            for pace in self.paces.iter().take(SHOWN) {
                let of =
                    |used: u32, most: Option<u32>| most.map_or(used.to_string(), |most| format!("{used} of {most}"));
                let [hour, day] = [of(pace.hour, tuning.max_per_hour), of(pace.day, tuning.max_per_day)];
                let room = pace.room_at.map_or("now".to_owned(), |at| told(at, now));
                rows.row([pace.assignment.to_string(), hour, day, room]);
            }
            let raise = if self.paces.iter().any(|pace| pace.room_at.is_some()) {
                "\nFaster: raise MAX_RESOURCES_PER_DAY or MAX_RESOURCES_PER_HOUR, knowingly: it is the most that a wrong policy reaches."
            } else {
                ""
            };
            text = format!("{text}\n\n{}{}{raise}", rows.text(), more(self.paces.len()));
        }
        text
    }
}

fn more(count: usize) -> String {
    let more = count.saturating_sub(SHOWN);
    if more > 0 { format!("\n… and {more} more: --json lists all.") } else { String::new() }
}

/// The time to the second, with how soon that is.
fn told(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", time_text(at.replace_nanosecond(0).unwrap_or(at)), ago(at, now))
}

/// When the next step begins, or what it waits for.
fn next(standing: &StepStanding, now: Timestamp) -> String {
    if standing.size.is_none() {
        return "all steps are over".to_owned();
    }
    if let Some(next) = standing.next {
        return told(next, now);
    }
    match (standing.under_way, standing.unverified) {
        (true, _) => "when its tasks have ended".to_owned(),
        (false, 0) => "when it is full".to_owned(),
        (false, count) => format!("when {count} fixes are verified"),
    }
}

impl Breaker {
    /// In a sentence.
    pub(super) fn text(&self) -> String {
        let Self { assignment, reference, open } = self;
        let of = if reference.is_empty() { String::new() } else { format!(", {reference}") };
        let wheres = match open.subscriptions.len() {
            0 => "everywhere".to_owned(),
            1 => "in 1 subscription".to_owned(),
            count => format!("in {count} subscriptions"),
        };
        let (failed, last, until) = (open.failed, open.of, time_text(open.until));
        format!(
            "stopped: assignment {assignment}{of}, {wheres}, since {failed} of its last {last} resources failed, until {until} or policy-remediator parked retry --assignment {assignment}"
        )
    }
}

/// The documents in which a breaker is open; of what cannot be used a person is warned.
pub(super) async fn open_breakers(connection: &Connection) -> anyhow::Result<Vec<FleetDocument>> {
    let found = connection.app.reconciler.store.open_breakers(Deadline::after(PATIENCE)).await?;
    complain(&found.unusable.into_iter().map(|(blob, why)| Unusable { blob, why }).collect::<Vec<_>>());
    Ok(found.found)
}
