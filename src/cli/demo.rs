//! `demo`: the main job on the local Azure, with live progress on a terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use simulator::demo::{Burst, Demo, Mode, Progress, Report, burst, estate, read_events, run as run_demo};
use time::OffsetDateTime;

use super::package::Package;
use super::table::table;
use super::{DONE, UNFIXED};

/// Longest time of a demo.
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Replay captured events (a JSON list, or one a line, in either schema) against an estate derived from them.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// `plan` shows what would be done and touches nothing.
    #[arg(long, value_enum, default_value_t = CliMode::Act)]
    mode: CliMode,
    /// Run this package instead of the binary's own.
    #[arg(long, value_name = "DIR")]
    package: Option<PathBuf>,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum CliMode {
    Plan,
    Act,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let package = Package::of(arguments.package)?;
    let (estate, events) = match &arguments.events {
        None => {
            let estate = estate(OffsetDateTime::now_utc());
            let events = burst(&estate, Burst::default());
            (estate, events)
        }
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
            let events = read_events(&text).with_context(|| format!("{} holds no events", path.display()))?;
            (simulator::estate::derive(&events), events)
        }
    };
    let mode = if arguments.mode == CliMode::Plan { Mode::Plan } else { Mode::Act };
    let folder = package.folder().to_owned();
    let demo = Demo { estate, events, mode, package: folder, limit: LIMIT, settings: BTreeMap::new() };
    let bar = progress_bar(arguments.json);
    let report = run_demo(demo, &mut |progress| show(&bar, progress)).await?;
    bar.finish_and_clear();
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", summary(&report, mode));
    }
    let is_done = mode == Mode::Plan || (report.unfixed == 0 && report.waiting == 0);
    Ok(if is_done && !report.timed_out { DONE } else { UNFIXED })
}

fn progress_bar(json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} [{elapsed}] {wide_bar} {pos}/{len} resources settled · {msg}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_length((progress.settled + progress.unsettled) as u64);
    bar.set_position(progress.settled as u64);
    bar.set_message(format!(
        "{}/{} events, {} tasks, {} fixed",
        progress.queued, progress.events, progress.tasks, progress.fixed
    ));
    bar.tick();
}

fn summary(report: &Report, mode: Mode) -> String {
    let mut text = table(report).to_string();
    if let Some(parked) = &report.parked_example {
        text.push_str(&format!(
            "\n\nA parked resource: {}\n  reason: {}\n  {}\n  to mend it: {}",
            parked.resource, parked.reason, parked.words, parked.hint
        ));
    }
    if report.timed_out {
        text.push_str("\n\nThe demo ran out of time before everything had settled.");
    }
    text.push_str(match mode {
        Mode::Plan => "\n\nNothing was touched; everything waits. Next: policy-remediator demo --mode act",
        Mode::Act => {
            "\n\nNext: policy-remediator demo --mode plan (decides and touches nothing), or policy-remediator simulate"
        }
    });
    text
}
