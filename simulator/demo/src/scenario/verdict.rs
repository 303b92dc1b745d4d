//! The verdicts on a run: what was expected against how it ended. Pure: values in, values out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::end::{Call, End, Place};
use super::format::{Answer, Calls, Count, Expect, Expected, Logged, Which};

/// What one expectation has come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What was expected.
    pub what: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was found.
    pub found: String,
    /// Whether the scenario itself is at stake, and not what was expected of the worker: its answers were given, its
    /// steps taken, and no two tasks were at one resource.
    pub of_the_scenario: bool,
}

/// What a scenario has come to, marked as failing or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It ends as it should.
    Right,
    /// It does not.
    Wrong,
    /// It does not, and that is known.
    WrongAsMarked,
    /// It ends as it should although it is marked as failing: take the mark away.
    RightThoughMarked,
}

impl Outcome {
    /// A mark excuses what was expected of the worker, and nothing else.
    pub fn of(is_marked: bool, verdicts: &[Verdict]) -> Self {
        let is_sound = verdicts.iter().filter(|one| one.of_the_scenario).all(|one| one.holds);
        match (is_marked, verdicts.iter().all(|one| one.holds)) {
            (false, true) => Self::Right,
            (true, true) => Self::RightThoughMarked,
            (true, false) if is_sound => Self::WrongAsMarked,
            (true | false, false) => Self::Wrong,
        }
    }
}

/// A verdict for each expectation, and for each answer and step.
pub fn verdicts(expect: &Expect, answers: &[&Answer], end: &End) -> Vec<Verdict> {
    let mut all: Vec<Verdict> = expect.resources.iter().map(|one| of_resources(one, &end.places)).collect();
    let mut count = |what: &str, wanted: Option<Count>, found: usize| {
        all.extend(wanted.map(|wanted| counted(what, wanted, found)));
    };
    count("targets parked as a whole", expect.parked_targets, end.parked_targets);
    count("tasks", expect.tasks, end.tasks);
    count("tasks asked for", expect.puts, end.calls.iter().filter(|call| is_put(call)).count());
    count("rejected", expect.rejected, end.rejected.len());
    for one in &expect.deployments {
        let of = end.deployments.iter().filter(|(resource, _)| resource.contains(&one.of.to_lowercase()));
        all.push(counted(&format!("deployments to '{}'", one.of), one.count, of.map(|(_, count)| count).sum()));
    }
    all.extend(expect.calls.iter().map(|one| of_calls(one, &end.calls)));
    all.extend(expect.log.iter().map(|one| of_log(one, end)));
    if let Some(settles) = expect.settles {
        let words = |settled: bool| if settled { "everything comes to rest" } else { "something goes on" };
        all.push(Verdict::on(words(settles), settles == end.settled, words(end.settled)));
    }
    all.extend(of_the_scenario(answers, end));
    all
}

impl Verdict {
    fn on(what: impl Into<String>, holds: bool, found: impl Into<String>) -> Self {
        Self { what: what.into(), holds, found: found.into(), of_the_scenario: false }
    }
}

/// What must hold of any scenario.
fn of_the_scenario(answers: &[&Answer], end: &End) -> Vec<Verdict> {
    let given = answers.iter().zip(&end.answers).filter(|(answer, _)| !answer.may_miss);
    let given = given.map(|(answer, (_, times))| {
        Verdict::on(format!("the answer '{}' is given", answer.label()), *times > 0, format!("{times} times"))
    });
    let acts = end
        .acts
        .iter()
        .map(|(what, error)| Verdict::on(what.as_str(), error.is_none(), error.as_deref().unwrap_or("done")));
    let overlaps = Verdict::on("no two tasks at one resource", end.overlaps == 0, format!("{} times", end.overlaps));
    let all = given.chain(acts).chain([overlaps]);
    all.map(|verdict| Verdict { of_the_scenario: true, ..verdict }).collect()
}

fn of_resources(expected: &Expected, places: &[Place]) -> Verdict {
    let part = |id: &str, part: &str| id.contains(&part.to_lowercase());
    let known: Vec<&Place> = places
        .iter()
        .filter(|one| part(&one.resource, &expected.of) && part(&one.assignment, &expected.under))
        .collect();
    let right = known.iter().filter(|one| is_as(expected, one)).count();
    let holds = match expected.which {
        Which::Every => !known.is_empty() && right == known.len(),
        Which::Some => right > 0,
        Which::None => right == 0,
    };
    Verdict::on(words(expected), holds, tally(&known))
}

fn is_as(expected: &Expected, place: &Place) -> bool {
    let one_of = |words: &[String], word: &str| words.is_empty() || words.iter().any(|one| one == word);
    let has = |texts: &[String], text: &str| {
        let text = text.to_lowercase();
        texts.iter().all(|one| text.contains(&one.to_lowercase()))
    };
    one_of(&expected.is, &place.is)
        && one_of(&expected.reason, &place.reason)
        && one_of(&expected.class, &place.class)
        && has(&expected.hint_has, &place.hint)
        && has(&expected.words_have, &place.words)
        && expected.target_is_parked.is_none_or(|parked| parked == place.target_is_parked)
}

/// The expectation in words.
fn words(expected: &Expected) -> String {
    let which = match expected.which {
        Which::Every => "every resource",
        Which::Some => "some resource",
        Which::None => "no resource",
    };
    let mut text = which.to_owned();
    for (word, part) in [("of", &expected.of), ("under", &expected.under)] {
        if !part.is_empty() {
            text.push_str(&format!(" {word} '{part}'"));
        }
    }
    let lists = [
        ("", &expected.is, " or "),
        ("reason ", &expected.reason, " or "),
        ("class ", &expected.class, " or "),
        ("a hint with ", &expected.hint_has, " and "),
        ("words with ", &expected.words_have, " and "),
    ];
    let said = lists.iter().filter(|(_, list, _)| !list.is_empty());
    let mut said: Vec<String> = said.map(|(name, list, and)| format!("{name}{}", list.join(and))).collect();
    said.extend(expected.target_is_parked.map(|is| format!("target {}parked", if is { "" } else { "not " })));
    format!("{text}: {}", if said.is_empty() { "known".to_owned() } else { said.join(", ") })
}

/// What was found, counted.
fn tally(places: &[&Place]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for place in places {
        let more =
            [&place.reason, &place.class].map(|word| if word.is_empty() { String::new() } else { format!(" {word}") });
        let target = if place.target_is_parked { ", target parked" } else { "" };
        *counts.entry(format!("{}{}{target}", place.is, more.concat())).or_default() += 1;
    }
    let all: Vec<String> = counts.iter().map(|(what, count)| format!("{count} × {what}")).collect();
    if all.is_empty() { "none is known".to_owned() } else { all.join(", ") }
}

impl Count {
    fn holds(self, found: usize) -> bool {
        self.at_least.is_none_or(|least| found >= least)
            && self.at_most.is_none_or(|most| found <= most)
            && self.exactly.is_none_or(|exactly| found == exactly)
    }

    fn words(self) -> String {
        let parts = [("exactly", self.exactly), ("at least", self.at_least), ("at most", self.at_most)];
        let said: Vec<String> = parts.iter().filter_map(|(word, n)| n.map(|n| format!("{word} {n}"))).collect();
        if said.is_empty() { "any number of".to_owned() } else { said.join(" and ") }
    }
}

fn counted(what: &str, wanted: Count, found: usize) -> Verdict {
    Verdict::on(format!("{} {what}", wanted.words()), wanted.holds(found), found.to_string())
}

fn is_put(call: &Call) -> bool {
    call.method == "PUT" && call.address.contains("/providers/microsoft.policyinsights/remediations/")
}

fn of_calls(expected: &Calls, calls: &[Call]) -> Verdict {
    let fits = |call: &&Call| {
        expected.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(&call.method))
            && call.address.contains(&expected.path.to_lowercase())
            && expected.status.is_none_or(|status| call.status == Some(status))
    };
    let method = expected.method.as_deref().unwrap_or("any");
    let status = expected.status.map(|status| format!(" with {status}")).unwrap_or_default();
    counted(&format!("calls {method} '{}'{status}", expected.path), expected.count, calls.iter().filter(fits).count())
}

fn of_log(expected: &Logged, end: &End) -> Verdict {
    let text =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase();
    let fits = |line: &&serde_json::Value| {
        line["event"] == expected.event.as_str()
            && expected
                .fields
                .iter()
                .all(|(name, part)| line.get(name).is_some_and(|value| text(value).contains(&part.to_lowercase())))
    };
    let fields: Vec<String> = expected.fields.iter().map(|(name, part)| format!(" {name}~'{part}'")).collect();
    let what = format!("log lines {}{}", expected.event, fields.concat());
    counted(&what, expected.count, end.log.iter().filter(fits).count())
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
