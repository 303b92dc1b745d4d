//! The demo's result for people.

use comfy_table::{Table, presets};
use simulator_demo::Report;

/// The table of a report.
pub(super) fn table(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("events", format!("{} ({} of them duplicates)", report.events, report.duplicates));
    if report.rejected > 0 {
        row("rejected as malformed", report.rejected.to_string());
    }
    row("remediation tasks opened", report.tasks.to_string());
    row("resources fixed", report.fixed.to_string());
    if let (Some(median), Some(most)) = (report.seconds_to_fixed_median, report.seconds_to_fixed_p95) {
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
    for (kind, count) in &report.arm_calls {
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
