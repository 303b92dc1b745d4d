//! What first steps and paces of all assignments have come to, and which breakers are open: for `controls show`, `status` and `doctor`.

use serde::Serialize;

use policy_remediator::azure::Deadline;
use remediation::control::fleet::{Limits, PaceStanding, StepStanding, pace_standings, step_standings};
use remediation::document::{FleetDocument, OpenBreaker};
use remediation::report::ago;
use remediation::settings::{Mode, Tuning};
use remediation::time::{Timestamp, time_text};

use super::operator::{Connection, PATIENCE, Rows, Unusable, complain};
use super::print::quoted;

/// Rows that a person is shown of each table.
const SHOWN: usize = 50;
/// What the table of paces does not know: the metadata of assignments are Azure's.
const OWN: &str = "These are the limits of the settings: an assignment whose metadata say maxPerHour or maxPerDay may be held before.";

/// All of it, for machines.
#[derive(Debug, Default, Serialize, PartialEq)]
pub(super) struct Standings {
    /// The first steps of policies, while they are on.
    pub(super) steps: Vec<Step>,
    /// What assignments of which something was begun in the last day have used of the hour and the day.
    pub(super) paces: Vec<PaceStanding>,
    /// Policies of which nothing more is begun, since most of what was tried failed.
    pub(super) breakers: Vec<Breaker>,
    /// Documents that cannot be used: nobody can tell what they would.
    pub(super) unusable: Vec<Unusable>,
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
    /// Whether it is asked at all: by the settings something is counted.
    pub(super) in_force: bool,
    #[serde(flatten)]
    open: OpenBreaker,
}

impl Standings {
    /// Reads the documents of all assignments.
    pub(super) async fn read(connection: &Connection, at: Timestamp) -> anyhow::Result<Self> {
        let found = connection.app.reconciler.store.fleets(Deadline::after(PATIENCE)).await?;
        let unusable = found.unusable.into_iter().map(Unusable::of).collect();
        Ok(Self { unusable, ..Self::of(found.found, &connection.app.settings.tuning, at) })
    }

    /// The breakers that stop something.
    pub(super) fn stopping(&self) -> impl Iterator<Item = &Breaker> {
        self.breakers.iter().filter(|breaker| breaker.in_force)
    }

    /// How many policies have let in all that their first step may, and how many are in first steps at all.
    pub(super) fn first_steps(&self) -> [usize; 2] {
        let under_way = || self.steps.iter().filter(|step| step.standing.size.is_some());
        [under_way().filter(|step| step.standing.is_full).count(), under_way().count()]
    }

    /// Whether a person should look.
    pub(super) fn need_attention(&self) -> bool {
        !self.unusable.is_empty() || self.stopping().next().is_some()
    }

    fn of(documents: Vec<FleetDocument>, tuning: &Tuning, at: Timestamp) -> Self {
        let limits = Limits::of(tuning, None);
        let in_force = !limits.are_none() || tuning.mode == Mode::Approve;
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
                in_force,
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
            text = format!("{text}\n\n{}{}\n{OWN}{raise}", rows.text(), more(self.paces.len()));
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
    match (standing.is_full, standing.under_way, standing.unverified) {
        (false, ..) => "when it is full".to_owned(),
        (true, true, _) => "when its tasks have ended".to_owned(),
        (true, false, 0) => "when it is known how its tasks ended".to_owned(),
        (true, false, 1) => "when 1 fix is verified".to_owned(),
        (true, false, count) => format!("when {count} fixes are verified"),
    }
}

impl Breaker {
    /// In a sentence.
    pub(super) fn text(&self) -> String {
        let Self { assignment, reference, open, in_force } = self;
        let of = if reference.is_empty() { String::new() } else { format!(", {reference}") };
        let wheres = match open.subscriptions.len() {
            0 => "everywhere".to_owned(),
            1 => "in 1 subscription".to_owned(),
            count => format!("in {count} subscriptions"),
        };
        let (failed, last, until) = (open.failed, open.of, time_text(open.until));
        let how = if *in_force {
            "stopped"
        } else {
            "a breaker is open, but not in force where nothing is counted (FIRST_STEPS, MAX_RESOURCES_PER_DAY and MAX_RESOURCES_PER_HOUR are off)"
        };
        let name = quoted(assignment);
        format!(
            "{how}: assignment {assignment}{of}, {wheres}, since {failed} of its last {last} resources failed, until {until} or policy-remediator parked retry --assignment {name}"
        )
    }
}

/// The documents in which a breaker is open; of what cannot be used a person is warned.
pub(super) async fn open_breakers(connection: &Connection) -> anyhow::Result<Vec<FleetDocument>> {
    let found = connection.app.reconciler.store.open_breakers(Deadline::after(PATIENCE)).await?;
    complain(&found.unusable.into_iter().map(Unusable::of).collect::<Vec<_>>());
    Ok(found.found)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use policy_remediator::azure::now;

    use super::*;

    fn breaker(in_force: bool) -> Breaker {
        let open = serde_json::json!({ "since": "2026-11-27T00:00:00Z", "until": "2026-11-28T00:00:00Z", "failed": 9, "of": 10 });
        let open = serde_json::from_value(open).unwrap();
        Breaker { assignment: "it's all".to_owned(), reference: String::new(), in_force, open }
    }

    #[test]
    fn a_breaker_stops_only_where_something_is_counted() {
        let of = |in_force| Standings { breakers: vec![breaker(in_force)], ..Standings::default() };
        assert!(of(true).need_attention() && !of(false).need_attention());
        let text = breaker(true).text();
        assert!(text.starts_with("stopped: ") && text.ends_with(r"--assignment 'it'\''s all'"), "{text}");
        let text = breaker(false).text();
        assert!(text.contains("not in force") && !text.contains("stopped"), "{text}");
    }

    #[test]
    fn by_the_settings_a_breaker_is_in_force_or_not() {
        let mut document = FleetDocument::new("a".to_owned());
        let until = now() + Duration::from_secs(3_600);
        let open = OpenBreaker { since: now(), until, failed: 9, of: 10, subscriptions: Default::default() };
        document.breakers.entry(String::new()).or_default().open = Some(open);
        let none = Tuning { first_steps: Vec::new(), max_per_day: None, max_per_hour: None, ..Tuning::default() };
        let approve = Tuning { mode: Mode::Approve, ..none.clone() };
        for (tuning, in_force) in [(Tuning::default(), true), (none, false), (approve, true)] {
            let all = Standings::of(vec![document.clone()], &tuning, now());
            assert_eq!(all.breakers.iter().map(|one| one.in_force).collect::<Vec<_>>(), [in_force]);
        }
    }

    #[test]
    fn what_a_step_waits_for_is_told_as_it_is() {
        let standing = |is_full, under_way, unverified| StepStanding {
            reference: String::new(),
            policy: "Modify 1".to_owned(),
            step: 1,
            size: Some(10),
            let_in: 3,
            is_full,
            under_way,
            unverified,
            next: None,
        };
        for (one, words) in [
            (standing(false, true, 0), "when it is full"),
            (standing(false, false, 2), "when it is full"),
            (standing(true, true, 0), "when its tasks have ended"),
            (standing(true, false, 1), "when 1 fix is verified"),
            (standing(true, false, 2), "when 2 fixes are verified"),
        ] {
            assert_eq!(next(&one, now()), words, "{one:?}");
        }
    }

    #[test]
    fn it_is_told_that_an_assignment_may_have_a_pace_of_its_own() {
        let assignment =
            "/subscriptions/35ee058e-5fa0-414c-8145-000000000000/providers/microsoft.authorization/policyassignments/a"
                .parse()
                .unwrap();
        let paces = vec![PaceStanding { assignment, hour: 1, day: 1, room_at: None }];
        let text = Standings { paces, ..Standings::default() }.text(&Tuning::default(), now());
        assert!(text.contains("maxPerHour"), "{text}");
    }
}
