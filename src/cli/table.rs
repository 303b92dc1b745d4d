//! The demo's result for people: what became of each policy's resources, and the sums. No line is wider than 60 columns where no
//! reason is.

use comfy_table::{CellAlignment, Table, presets};
use simulator_demo::{PolicyRow, Report};

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

/// The table of a report.
pub(super) fn table(report: &Report, verbose: bool) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("events", format!("{} ({} of them duplicates)", report.events, report.duplicates));
    if report.rejected > 0 {
        row("rejected as malformed", report.rejected.to_string());
    }
    for (reason, count) in &report.ignored {
        row(&format!("ignored: {reason}"), count.to_string());
    }
    row("remediation tasks opened", report.tasks.to_string());
    // A replay changes nothing of anybody's, and knows only what events tell.
    let fixed = if report.assumed.is_some() { "would be fixed if that holds" } else { "resources fixed" };
    row(fixed, report.fixed.to_string());
    if report.verified > 0 {
        row("verified by an evaluation", report.verified.to_string());
    }
    let times = (report.seconds_to_fixed_median, report.seconds_to_fixed_p95);
    // Counted from the evaluation: where that was long before this run it says nothing of the worker.
    if let (Some(median), Some(most)) = times
        && most <= report.seconds
    {
        row("seen to fixed", format!("{median:.1} s median, {most:.1} s for 95 of 100"));
    }
    row("attempts repeated", report.retries.to_string());
    for (reason, count) in &report.skipped {
        row(&format!("skipped: {reason}"), count.to_string());
    }
    for (reason, count) in &report.parked {
        row(&format!("parked: {reason}"), count.to_string());
    }
    if report.parked_targets > 0 {
        row("targets parked as a whole", report.parked_targets.to_string());
    }
    row("waiting", report.waiting.to_string());
    for (reason, count) in &report.waiting_reasons {
        row(&format!("  {reason}"), count.to_string());
    }
    row("unfixed", report.unfixed.to_string());
    row("calls to Resource Manager", report.arm_calls.values().sum::<usize>().to_string());
    for (kind, count) in report.arm_calls.iter().filter(|_| verbose) {
        row(&format!("  {kind}"), count.to_string());
    }
    let refused = report.refused_arm_writes;
    row("tasks accepted", format!("{} ({} at least; {refused} refused)", report.arm_writes, report.least_arm_writes));
    for (what, count) in report.violations() {
        row(what, count.to_string());
    }
    row("most tasks of a target at once", report.peak_active_tasks_per_target.to_string());
    row("worker's peak memory", format!("{:.1} MiB", report.worker_peak_rss_bytes as f64 / 1_048_576.0));
    row("events a second", format!("{:.0}", report.events_per_second));
    row("time", format!("{:.1} s", report.seconds));
    table
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
