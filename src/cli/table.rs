//! The demo's tables: what became of each policy's resources, and the sums, with words instead of codes. No line is wider than 60 columns.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets};
use remediation::report::in_words;
use simulator_demo::{Mode, PolicyRow, Report};

/// How it is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) mode: Mode,
    /// Whether it was a storm, whose measures mean nothing elsewhere.
    pub(super) storm: bool,
    pub(super) verbose: bool,
}

/// Longest name of a policy that is shown whole.
const NAME: usize = 26;

/// A row for each policy.
pub(super) fn policies(rows: &[PolicyRow]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["POLICY", "SEEN", "TASKS", "FIXED", "SKIP", "PARK", "WAIT"]);
    for row in rows {
        let counts = [row.resources, row.tasks, row.fixed, row.skipped, row.parked, row.waiting];
        table.add_row(std::iter::once(name(row)).chain(counts.map(|count| count.to_string())));
    }
    table.column_iter_mut().enumerate().for_each(|(place, column)| {
        column.set_padding((0, 1));
        column.set_cell_alignment(if place == 0 { CellAlignment::Left } else { CellAlignment::Right });
    });
    table
}

/// The assignment's own name and that of the policy within it, shortened.
fn name(row: &PolicyRow) -> String {
    let assignment = row.assignment.rsplit('/').next().unwrap_or_default();
    let name = row.reference.as_ref().map_or(assignment.to_owned(), |reference| format!("{assignment}/{reference}"));
    match name.char_indices().nth(NAME) {
        Some(_) => name.chars().take(NAME - 1).chain(['…']).collect(),
        None => name,
    }
}

/// The sums of a report.
pub(super) fn table(report: &Report, told: Told) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    for (name, value) in rows(report, told) {
        table.add_row([name, value]);
    }
    table
}

/// A name, and how many or how much.
type Row = (String, String);

fn count(name: &str, count: usize) -> Row {
    (name.to_owned(), count.to_string())
}

/// What the plans come to.
fn planned(report: &Report, rows: &mut Vec<Row>) {
    let (mut skipped, mut more) = (BTreeMap::new(), 0);
    for plan in &report.plans {
        for (reason, resources) in &plan.skipped {
            *skipped.entry(reason.clone()).or_default() += resources;
        }
        more += plan.leaving.saturating_sub(plan.skipped.values().sum());
    }
    rows.push(count("tasks that would be opened", report.plans.iter().filter(|plan| plan.resources > 0).count()));
    rows.push(count("  for resources", report.plans.iter().map(|plan| plan.resources).sum()));
    rows.extend(reasons("would skip: ", &skipped));
    if more > 0 {
        rows.push(count("would skip more", more));
    }
    let parked = report.plans.iter().filter(|plan| plan.parked.is_some()).count();
    if parked > 0 {
        rows.push(count("targets that would be parked", parked));
    }
}

fn rows(report: &Report, told: Told) -> Vec<Row> {
    let mut rows = vec![count("events", report.events), count("  of them duplicates", report.duplicates)];
    if report.rejected > 0 {
        rows.push(count("rejected as malformed", report.rejected));
    }
    rows.extend(reasons("ignored: ", &report.ignored));
    match told.mode {
        Mode::Plan => planned(report, &mut rows),
        Mode::Act => outcome(report, &mut rows),
    }
    rows.extend(reasons("skipped: ", &report.skipped));
    rows.extend(reasons("  by its effect: ", &report.not_remediable));
    rows.extend(reasons("parked: ", &report.parked));
    if report.parked_targets > 0 {
        rows.push(count("targets parked as a whole", report.parked_targets));
    }
    rows.push(count("waiting", report.waiting));
    rows.extend(reasons("  ", &report.waiting_reasons));
    if told.mode == Mode::Act {
        rows.push(count("unfixed", report.unfixed));
    }
    rows.push(count("calls to Resource Manager", report.arm_calls.values().sum()));
    if told.verbose {
        rows.extend(report.arm_calls.iter().map(|(kind, calls)| count(&format!("  {kind}"), *calls)));
    }
    let violations = report.violations();
    if told.storm {
        rows.push(count("tasks refused", report.refused_arm_writes));
        rows.extend(violations.into_iter().map(|(what, times)| count(what, times)));
    } else {
        let (rights, undelivered) = (report.calls_without_right, report.undelivered);
        rows.extend((rights > 0).then(|| count("calls without a right to them", rights)));
        rows.extend((undelivered > 0).then(|| count("events that were given up", undelivered)));
    }
    if told.mode == Mode::Act {
        rows.push(count("most tasks of a target at once", report.peak_active_tasks_per_target));
    }
    let memory = format!("{:.1} MiB", report.worker_peak_rss_bytes as f64 / 1_048_576.0);
    rows.push(("worker's peak memory".to_owned(), memory));
    if told.storm {
        rows.push(("events a second".to_owned(), format!("{:.0}", report.events_per_second)));
    }
    rows.push(("time".to_owned(), format!("{:.1} s", report.seconds)));
    rows
}

/// What was done.
fn outcome(report: &Report, rows: &mut Vec<Row>) {
    rows.push(count("remediation tasks opened", report.tasks));
    rows.push(count("  the least that was possible", report.least_arm_writes));
    // A replay changes nothing of anybody's, and knows only what events tell.
    let fixed = if report.assumed.is_some() { "would be fixed if that holds" } else { "resources fixed" };
    rows.push(count(fixed, report.fixed));
    if report.verified > 0 {
        rows.push(count("  verified by an evaluation", report.verified));
    }
    for (name, seconds) in [
        ("  half of them within", report.seconds_from_delivery_to_fixed_median),
        ("  95 of 100 within", report.seconds_from_delivery_to_fixed_p95),
    ] {
        rows.extend(seconds.map(|seconds| (name.to_owned(), format!("{seconds:.1} s"))));
    }
    rows.push(count("attempts repeated", report.retries));
}

/// A row for each reason, in words.
fn reasons<'a>(before: &'a str, counts: &'a BTreeMap<String, usize>) -> impl Iterator<Item = Row> {
    counts.iter().map(move |(reason, times)| count(&format!("{before}{}", in_words(reason)), *times))
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator_demo::{ParkedTarget, PlannedTarget};

    #[test]
    fn a_row_of_long_names_and_large_numbers_fits_sixty_columns() {
        let row = PolicyRow {
            assignment: format!(
                "/subscriptions/s/providers/microsoft.authorization/policyassignments/{}",
                "a".repeat(40)
            ),
            reference: Some("ü".repeat(30)),
            resources: 99_999,
            tasks: 1_000,
            fixed: 99_999,
            skipped: 9_999,
            parked: 9_999,
            waiting: 9_999,
        };
        let text = policies(&[row, PolicyRow::default()]).to_string();
        assert!(text.lines().all(|line| line.trim_end().chars().count() <= 60), "{text}");
        assert!(text.contains("aaaa…") && text.contains("99999"), "{text}");
    }

    #[test]
    fn a_plan_tells_what_would_be_skipped_and_parked_over_all_targets() {
        let plan = |resources: usize, exempt: usize, leaving: usize, parked: bool| PlannedTarget {
            resources,
            leaving,
            skipped: [("exempt".to_owned(), exempt)].into(),
            parked: parked.then(ParkedTarget::default),
            ..PlannedTarget::default()
        };
        let report = Report { plans: vec![plan(7, 2, 2, false), plan(0, 3, 5, true)], ..Report::default() };
        let told = rows(&report, Told { mode: Mode::Plan, storm: false, verbose: false });
        let of = |name: &str| told.iter().find(|row| row.0 == name).map(|row| row.1.as_str());
        for (name, value) in [
            ("tasks that would be opened", "1"),
            ("  for resources", "7"),
            ("would skip: exempt", "5"),
            ("would skip more", "2"),
            ("targets that would be parked", "1"),
        ] {
            assert_eq!(of(name), Some(value), "{name}: {told:?}");
        }
        assert_eq!(of("would skip: not remediable"), None);
    }

    #[test]
    fn the_sums_speak_in_words_within_sixty_columns_and_of_storms_only_in_storms() {
        let all = |code: &str| [(code.to_owned(), 99_999)].into();
        let report = Report {
            events: 99_999,
            ignored: all("compliant_from_the_start"),
            skipped: all("notSelected"),
            not_remediable: all("auditIfNotExists"),
            parked: all("identityUnfit"),
            waiting_reasons: all("taskListAwaited"),
            wrongly_parked: 3,
            calls_without_right: 1,
            worker_peak_rss_bytes: 9_999 << 20,
            seconds_from_delivery_to_fixed_median: Some(12.34),
            ..Report::default()
        };
        for (mode, storm) in [(Mode::Act, false), (Mode::Act, true), (Mode::Plan, false)] {
            let text = table(&report, Told { mode, storm, verbose: true }).to_string();
            assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
            for words in [
                "not selected by its assignment",
                "auditIfNotExists",
                "identity is of the wrong kind",
                "calls without a right",
            ] {
                assert!(text.contains(words), "{words}: {text}");
            }
            assert_eq!(text.contains("against their script"), storm, "{text}");
            assert_eq!(text.contains("unfixed"), mode == Mode::Act, "{text}");
        }
    }
}
