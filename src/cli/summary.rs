//! What a demo prints for people: the table of its policies or, in plan mode, the plan of each target; the sums; and what needs a person.

use std::collections::BTreeMap;

use remediation::report::in_words;
use remediation::settings::Tuning;
use simulator_demo::{Mode, PlannedTarget, Report};

use super::table::{Told, policies, table};

/// Most policies, or planned targets, that are shown each by itself.
const MOST: usize = 40;

/// So wide are lines of words, with what stands before them.
const COLUMNS: usize = 58;

/// What is said at the end of each.
const PLANNED: &str = "Nothing was touched; everything waits.
Next: policy-remediator demo --mode act";
const NEXT: &str = "Next: policy-remediator demo --mode plan
(decides and touches nothing), or policy-remediator simulate";

/// The whole text.
pub(super) fn summary(report: &Report, told: Told, settings: &BTreeMap<String, String>) -> String {
    let mut parts = Vec::new();
    match told.mode {
        Mode::Plan => parts.push(plans(&report.plans, told.verbose)),
        // A storm has hundreds of assignments that differ in nothing.
        Mode::Act if report.by_policy.len() <= MOST => parts.push(policies(&report.by_policy).to_string()),
        Mode::Act => {}
    }
    let mut sums = table(report, told).to_string();
    for example in &report.rejected_examples {
        sums.push_str(&format!("\nrejected: {example}"));
    }
    parts.push(sums);
    parts.extend(report.assumed.iter().map(|assumed| {
        let parts = assumed.split("; ").map(|one| format!("  {}", wrapped(one, "    ")));
        format!("Events do not tell everything. Assumed:\n{}", parts.collect::<Vec<_>>().join("\n"))
    }));
    if let Some(parked) = &report.parked_example {
        parts.push(parked_one("A parked resource", &parked.resource, &parked.reason, &parked.words, &parked.hint));
    }
    let shown = if told.verbose { report.parked_target_list.len() } else { 1 };
    parts.extend(
        report.parked_target_list.iter().take(shown).map(|parked| {
            parked_one("A parked target", &parked.assignment, &parked.reason, &parked.words, &parked.hint)
        }),
    );
    let more = report.parked_target_list.len().saturating_sub(shown);
    if more > 0 {
        parts.push(format!("… and {more} more targets: --verbose tells all."));
    }
    if report.timed_out {
        parts.push("The demo ended before everything had settled.".to_owned());
    }
    parts.push(match told.mode {
        Mode::Plan => PLANNED.to_owned(),
        Mode::Act => format!("{}\n\n{NEXT}", wrapped(&by_default(settings), "")),
    });
    parts.join("\n\n")
}

/// Words in lines that a narrow terminal does not break, all but the first with something before them.
fn wrapped(words: &str, before: &str) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for word in words.split(' ') {
        let length = word.chars().count();
        let between = match column {
            0 => String::new(),
            _ if column + 1 + length > COLUMNS => format!("\n{before}"),
            _ => " ".to_owned(),
        };
        column = if between.contains('\n') { before.len() + length } else { column + between.len() + length };
        text.push_str(&between);
        text.push_str(word);
    }
    text
}

/// What the defaults would have done, beside what was set.
fn by_default(settings: &BTreeMap<String, String>) -> String {
    let Tuning { first_steps, step_soak, max_per_day, .. } = Tuning::default();
    let set = |name: &str, demo: &str| {
        let value = settings.get(name);
        format!("{name}={}", value.map_or(demo, String::as_str))
    };
    let mut begins = String::new();
    for (nth, size) in first_steps.iter().enumerate() {
        begins.push_str(&match nth {
            0 => format!("begun with {size} resource{}", if *size == 1 { "" } else { "s" }),
            1 if step_soak.as_secs() == 3_600 => format!(", an hour later {size}"),
            1 => format!(", {} minutes later {size}", step_soak.as_secs() / 60),
            _ => format!(", then {size}"),
        });
    }
    let pace = max_per_day.map_or(String::new(), |most| format!(", and at most {most} a day"));
    let (steps, day) = (set("FIRST_STEPS", "off"), set("MAX_RESOURCES_PER_DAY", "none"));
    format!("With the defaults an assignment would have {begins}{pace}; here {steps} and {day} (docs/controls.md).")
}

/// What is parked. A command is one line, to be copied.
fn parked_one(what: &str, id: &str, reason: &str, words: &str, hint: &str) -> String {
    let is_command = hint.contains("az ");
    let hint = if is_command { hint.to_owned() } else { wrapped(&format!("how to fix it: {hint}"), "    ") };
    let before = if is_command { "how to fix it: " } else { "" };
    let words = wrapped(words, "  ");
    format!("{what}:\n  {id}\n  reason: {}\n  {words}\n  {before}{hint}", in_words(reason))
}

/// The plan of each target.
fn plans(all: &[PlannedTarget], verbose: bool) -> String {
    if all.is_empty() {
        return "Nothing would be done.".to_owned();
    }
    let mut parts: Vec<String> = all.iter().take(MOST).map(|one| plan(one, verbose)).collect();
    let more = all.len().saturating_sub(MOST);
    if more > 0 {
        parts.push(format!("… and {more} more targets: --json tells all."));
    }
    parts.join("\n")
}

fn plan(target: &PlannedTarget, verbose: bool) -> String {
    let name = target.assignment.rsplit('/').next().unwrap_or_default();
    let reference = target.reference.as_ref().map(|reference| format!(", policy {reference}")).unwrap_or_default();
    let mut lines = vec![format!("{name}{reference}"), format!("in {}", target.scope)];
    let mut line = |words: String| lines.push(words);
    if let Some(parked) = &target.parked {
        line(format!("would be parked: {}", in_words(&parked.reason)));
        line(format!("how to fix it: {}", parked.hint));
    }
    if target.resources > 0 {
        line(format!("a task for {}", resources(target.resources)));
    }
    for (reason, count) in &target.skipped {
        line(format!("would skip {}: {}", resources(*count), in_words(reason)));
    }
    let untold = target.leaving.saturating_sub(target.skipped.values().sum());
    if untold > 0 {
        line(format!("would skip {untold} more"));
    }
    if target.resources == 0 && target.leaving == 0 && target.parked.is_none() {
        line("no task yet".to_owned());
    }
    if verbose && !target.request.is_empty() {
        line(format!("sent as {}", target.request));
    }
    lines.join("\n  ")
}

fn resources(count: usize) -> String {
    if count == 1 { "1 resource".to_owned() } else { format!("{count} resources") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator_demo::ParkedTarget;

    #[test]
    fn what_the_defaults_would_have_done_is_said_beside_what_was_set() {
        assert_eq!(
            by_default(&BTreeMap::new()),
            "With the defaults an assignment would have begun with 1 resource, an hour later 10, then 100, and at most 1000 a day; here FIRST_STEPS=off and MAX_RESOURCES_PER_DAY=none (docs/controls.md)."
        );
        let set = [("FIRST_STEPS", "7"), ("MAX_RESOURCES_PER_DAY", "9")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let said = by_default(&set.into());
        assert!(said.ends_with("here FIRST_STEPS=7 and MAX_RESOURCES_PER_DAY=9 (docs/controls.md)."), "{said}");
    }

    #[test]
    fn what_was_assumed_fits_a_narrow_terminal() {
        let assumed = "12 built-in policies: effect and roles as published on 2026-08-21, unless parameters say otherwise; every identity has its roles";
        let report = Report { assumed: Some(assumed.to_owned()), ..Report::default() };
        let told = summary(&report, Told { mode: Mode::Plan, storm: false, verbose: false }, &BTreeMap::new());
        let (_, end) = told.split_once("Assumed:\n").unwrap();
        assert!(end.lines().all(|line| line.chars().count() <= 60), "{end}");
        let words = |text: &str| text.replace(';', "").split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(words(end).starts_with(&words(assumed)), "{end}");
    }

    #[test]
    fn words_of_what_is_parked_fit_a_narrow_terminal_and_a_command_stays_in_one_line() {
        let words = "InvalidParameterValue: The template deployment failed because of policy violation or preflight validation.";
        let told = parked_one("A parked resource", "/s/a", "permanentFailure", words, &format!("{words} Then go on."));
        assert!(told.lines().all(|line| line.chars().count() <= 60), "{told}");
        let command = format!("Run: az role assignment create --scope '/subscriptions/{}'", "x".repeat(60));
        let told = parked_one("A parked target", "/s/b", "missingPermission", words, &command);
        assert!(told.ends_with(&format!("\n  how to fix it: {command}")), "{told}");
    }

    #[test]
    fn one_parked_target_is_told_and_all_when_they_are_asked_for() {
        let park = |name: &str| ParkedTarget { assignment: name.to_owned(), ..ParkedTarget::default() };
        let report = Report { parked_target_list: ["/a", "/b", "/c"].map(park).into(), ..Report::default() };
        let told = |verbose| summary(&report, Told { mode: Mode::Act, storm: false, verbose }, &BTreeMap::new());
        let (short, long) = (told(false), told(true));
        assert_eq!((short.matches("A parked target").count(), long.matches("A parked target").count()), (1, 3));
        assert!(
            short.contains("… and 2 more targets: --verbose tells all.") && !long.contains("more targets"),
            "{short}"
        );
        for end in [&wrapped(&by_default(&BTreeMap::new()), ""), NEXT, PLANNED] {
            assert!(end.lines().all(|line| line.chars().count() <= 60), "{end}");
        }
    }

    #[test]
    fn a_plan_tells_task_skips_and_parks_in_words_and_the_request_when_it_is_asked_for() {
        let target = PlannedTarget {
            scope: "/subscriptions/291bba3f-e0a5-47bc-a099-3bdcb2a50a05".to_owned(),
            assignment: "/a/b/diagnostics".to_owned(),
            reference: Some("tags".to_owned()),
            resources: 36,
            request: "{}".to_owned(),
            leaving: 3,
            skipped: [("exempt".to_owned(), 1)].into(),
            parked: None,
        };
        let told = plans(std::slice::from_ref(&target), false);
        let lines: Vec<_> = told.lines().map(str::trim).collect();
        let place = "in /subscriptions/291bba3f-e0a5-47bc-a099-3bdcb2a50a05";
        let wanted = [
            "diagnostics, policy tags",
            place,
            "a task for 36 resources",
            "would skip 1 resource: exempt",
            "would skip 2 more",
        ];
        assert_eq!(lines, wanted);
        assert!(told.lines().all(|line| line.chars().count() <= 60), "{told}");
        assert!(plans(&[target], true).ends_with("sent as {}"));
        let parked = ParkedTarget {
            assignment: String::new(),
            reason: "noIdentity".to_owned(),
            words: String::new(),
            hint: "Give it one.".to_owned(),
        };
        let told = plans(&[PlannedTarget { parked: Some(parked), ..PlannedTarget::default() }], false);
        assert!(
            told.contains("would be parked: assignment has no identity") && told.ends_with("Give it one."),
            "{told}"
        );
        assert_eq!(plans(&[], false), "Nothing would be done.");
    }
}
