//! The plan for people: a line a target, then what needs a person, then what the plan does not know.

use std::collections::BTreeMap;

use remediation::report::{Forecast, HowLong, in_words};
use remediation::time::time_text;

use super::Planned;
use crate::cli::operator::Rows;

/// Targets that a table shows.
const SHOWN: usize = 100;

pub(super) fn of(planned: &Planned) -> String {
    let mut parts = Vec::new();
    if planned.targets.is_empty() {
        parts.push("Nothing that does not comply is there to be planned.".to_owned());
    } else {
        parts.push(table(&planned.targets));
    }
    let parked = parked(&planned.targets);
    if !parked.is_empty() {
        parts.push(parked);
    }
    let totals = &planned.totals;
    parts.push(format!(
        "{} for {} in {}; {} skipped, {} parked, {} waiting. {} would change something{}.",
        number(totals.tasks, "task", "tasks"),
        number(totals.resources, "resource", "resources"),
        number(totals.targets, "target", "targets"),
        totals.skipped,
        totals.parked,
        totals.waiting,
        number(totals.writes, "call", "calls"),
        if totals.grants > 0 { format!(", {} of them grant roles", totals.grants) } else { String::new() }
    ));
    if !planned.how_long.is_empty() {
        parts.push(how_long(&planned.how_long));
    }
    parts.extend(planned.notes.iter().cloned());
    parts.join("\n\n")
}

fn table(targets: &[Forecast]) -> String {
    let mut rows = Rows::under(&["target", "assignment", "scope", "tasks", "resources", "skipped", "otherwise"]);
    for target in targets.iter().take(SHOWN) {
        let name = target.assignment.rsplit('/').next().unwrap_or_default();
        let policy = target.reference.as_ref().map_or_else(String::new, |reference| format!(" ({reference})"));
        rows.row([
            target.target.clone(),
            format!("{name}{policy}"),
            target.scope.clone(),
            target.tasks.len().to_string(),
            target.remediated().to_string(),
            skipped(target),
            otherwise(target),
        ]);
    }
    let more = targets.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("\n… and {more} more targets: --json tells all.") } else { String::new() };
    format!("{}{more}", rows.text())
}

/// How long the assignments take.
fn how_long(all: &[HowLong]) -> String {
    let mut rows = Rows::under(&["begun from", "resources", "at once", "the last", "since it waits for"]);
    for HowLong { assignment, resources, now, last, waits } in all.iter().take(SHOWN) {
        let last = match last {
            Some(_) if now == resources => "at once".to_owned(),
            Some(last) => time_text(last.replace_nanosecond(0).unwrap_or(*last)),
            None => "later than can be foretold".to_owned(),
        };
        let waits = waits.iter().map(|reason| in_words(reason)).collect::<Vec<_>>().join(", ");
        rows.row([assignment.clone(), resources.to_string(), now.to_string(), last, waits]);
    }
    let raise = if all.iter().any(|one| one.waits.contains("paceReached")) {
        "\nThe pace: MAX_RESOURCES_PER_DAY, MAX_RESOURCES_PER_HOUR and the assignment's own maxPerDay and maxPerHour say how fast. Raise them knowingly: it is the most that a wrong policy reaches."
    } else {
        ""
    };
    format!(
        "How long it takes at the earliest, were each task to end at once (what VERIFY_STEPS waits for is left out):\n{}{raise}",
        rows.text()
    )
}

/// How many are skipped for what.
fn skipped(target: &Forecast) -> String {
    let listed = target.skipped.iter().map(|(reason, ids)| format!("{} {}", ids.len(), in_words(reason)));
    let counted = (target.skipped_uncounted > 0).then(|| format!("{} counted", target.skipped_uncounted));
    listed.chain(counted).collect::<Vec<_>>().join(", ")
}

fn otherwise(target: &Forecast) -> String {
    let mut words = Vec::new();
    if let Some(held) = target.held_back {
        words.push(format!("held back: {}", in_words(held)));
    }
    if !target.grants.is_empty() {
        words.push(format!("{} roles are granted first", target.grants.len()));
    }
    if let Some(parked) = &target.parked {
        words.push(format!("parked: {}", in_words(parked.reason)));
    }
    if let Some(running) = &target.running {
        words.push(format!("task {running} runs"));
    }
    if let Some(waits) = &target.waits {
        words.push(format!("{} wait: {}", target.waiting, in_words(waits.reason)));
    }
    if target.evaluation.is_some() {
        words.push("an evaluation is asked for".to_owned());
    }
    words.join("; ")
}

/// Each cause that needs a person, once, with its hint.
fn parked(targets: &[Forecast]) -> String {
    let mut causes: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for parked in targets.iter().filter_map(|target| target.parked.as_ref()) {
        *causes.entry((parked.reason, &parked.words, &parked.hint)).or_default() += 1;
    }
    let one = |((reason, words, hint), count): ((&str, &str, &str), usize)| {
        format!("{} ({}): {words}\n  How to fix it: {hint}", in_words(reason), number(count, "target", "targets"))
    };
    causes.into_iter().map(one).collect::<Vec<_>>().join("\n")
}

fn number(count: usize, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {more}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_what_nobody_can_foretell() {
        let waits = std::collections::BTreeSet::from(["firstSteps"]);
        let one = HowLong { assignment: "a".to_owned(), resources: 9, now: 1, last: None, waits };
        let text = how_long(&[one]);
        assert!(text.contains("VERIFY_STEPS") && text.contains("later than can be foretold"), "{text}");
    }
}
