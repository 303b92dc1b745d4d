//! `demo`: the main job on the local Azure, with live progress on a terminal.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use simulator::Exchanges;
use simulator_demo::{
    Burst, Conditions, Demo, Mode, Report, Storm, burst, estate, run as run_demo, run_and_keep, tempo,
};

use super::exit::{ATTENTION as UNFIXED, DONE};
use super::keeping::Keeping;
use super::mode::CliMode;
use super::package::Package;
use super::print::print;
use super::progress::{progress_bar, show};
use super::replay::Replay;
use super::scenario;
use super::setting::{log_filter, setting};
use super::source::Source;
use super::stop;
use super::summary::summary;
use super::table::Told;
use super::written::create;

/// Longest time of a demo, and what each event adds to it: a large file takes as long as it takes.
const LIMIT: Duration = Duration::from_secs(240);
const LIMIT_OF_AN_EVENT: Duration = Duration::from_millis(30);
/// Most tasks of a storm, as a multiple of the least that fix everything.
const MOST_WRITES: f64 = 1.3;

/// Run the main job on a local Azure: no account, no network, no installation.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator demo\n  policy-remediator demo --mode plan\n  policy-remediator demo --events captured.json --log worker.log\n  policy-remediator demo --keep"
)]
pub(super) struct Arguments {
    /// Replay captured events against an estate derived from them: lists or single events in either schema, packed or not, `-` for
    /// the standard input.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Policy states beside the events, which tell the effects of their policies: what `az policy state list` or `az graph query` prints.
    #[arg(long, value_name = "FILE", requires = "events")]
    states: Option<PathBuf>,
    /// A storm of so many events instead: duplicates, disorder, failures and a Resource Manager that is often too busy.
    #[arg(long, value_name = "EVENTS", conflicts_with_all = ["events", "mode"],
          value_parser = clap::value_parser!(u32).range(10..=100_000))]
    storm: Option<u32>,
    /// Play the situation in this file, and judge how it ends.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["events", "storm", "mode"])]
    scenario: Option<PathBuf>,
    /// The seed of the storm: the same seed is the same storm.
    #[arg(long, requires = "storm", default_value_t = 1)]
    seed: u64,
    /// `plan` shows what would be done and touches nothing.
    #[arg(long, value_enum, default_value_t = CliMode::Act)]
    mode: CliMode,
    /// Run this package instead of the binary's own.
    #[arg(long, value_name = "DIR")]
    package: Option<PathBuf>,
    /// Write the worker's log to this file, line by line.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// A setting of the worker's, on top of the demo's.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting, conflicts_with = "scenario")]
    settings: Vec<(String, String)>,
    /// Show the calls to Resource Manager by their kinds, and all parked targets.
    #[arg(long)]
    verbose: bool,
    /// Write every exchange with Resource Manager to this file, one JSON object a line.
    #[arg(long, value_name = "FILE", conflicts_with = "scenario")]
    exchanges: Option<PathBuf>,
    /// Keep the local Azure after the demo, with all that happened, and print where its services are, as `simulate` does. Ctrl-C ends it.
    #[arg(long, conflicts_with = "scenario")]
    keep: bool,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

/// Runs it to its end, or until it is asked to stop; then all that it started ends with it.
pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    tokio::select! {
        ended = run_to_the_end(arguments) => ended,
        stopped = stop::asked() => stopped,
    }
}

async fn run_to_the_end(arguments: Arguments) -> anyhow::Result<u8> {
    let package = Package::of(arguments.package)?;
    if let Some(path) = &arguments.scenario {
        let log = arguments.log.map(|path| create(&path)).transpose()?;
        return scenario::demo(path, package.folder(), log, arguments.json).await;
    }
    let storm = arguments.storm.map(|events| Storm::of(events as usize, arguments.seed));
    let mut told = None;
    let (estate, source) = match (&storm, &arguments.events) {
        (Some(storm), _) => {
            let estate = storm.estate(policy_remediator::azure::now());
            let events = storm.events(&estate);
            (estate, Source::Made(events))
        }
        (None, None) => {
            let estate = estate(policy_remediator::azure::now());
            let events = burst(&estate, Burst::default());
            (estate, Source::Made(events))
        }
        (None, Some(path)) => {
            let (events, states) = (path.clone(), arguments.states.clone());
            // A pipe may never end: whoever asks for the end of this does not wait for it.
            let read = move || Replay::read(&events, states.as_deref(), policy_remediator::azure::now());
            let replay = tokio::task::spawn_blocking(read).await??;
            told = Some(replay.told());
            (replay.estate, replay.events)
        }
    };
    let mode = if arguments.mode == CliMode::Plan { Mode::Plan } else { Mode::Act };
    let folder = package.folder().to_owned();
    let mut settings = match &source {
        Source::Made(_) => storm.map_or_else(one_wave, |storm| storm.settings()),
        Source::Captured(_, events) => tempo(*events),
    };
    settings.extend(log_filter());
    settings.extend(arguments.settings);
    let set = settings.clone();
    let faults = storm.map(|storm| storm.faults()).unwrap_or_default();
    let log = arguments.log.as_deref().map(create).transpose()?;
    let (count, delivered) = (source.count(), source.events()?);
    let keeping = if arguments.keep { Some(Keeping::of(&estate, source)?) } else { None };
    let exchanges = arguments.exchanges.map(|path| create(&path)).transpose()?.map(Exchanges::to);
    let limit = limit(count);
    let demo = Demo {
        estate,
        events: delivered,
        mode,
        package: folder,
        limit,
        settings,
        faults,
        conditions: Conditions::default(),
        instances: 1,
        goes_on: true,
        log,
        exchanges,
        owner: keeping.as_ref().map(Keeping::owner),
    };
    let bar = progress_bar(arguments.json);
    let mut progress = |progress| show(&bar, progress);
    let (mut report, kept) = match keeping {
        None => (run_demo(demo, &mut progress).await?, None),
        Some(keeping) => {
            let (report, kept) = run_and_keep(demo, &mut progress).await?;
            (report, Some((keeping, kept)))
        }
    };
    bar.finish_and_clear();
    if let Some(told) = told {
        told.complete(&mut report);
    }
    let as_told = Told { mode, storm: storm.is_some(), verbose: arguments.verbose };
    print(&if arguments.json { serde_json::to_string(&report)? } else { summary(&report, as_told, &set) })?;
    let code = judged(&report, mode, storm.as_ref());
    match kept {
        Some((keeping, kept)) => keeping.keep(kept, arguments.log.as_deref(), arguments.json).await,
        None => Ok(code),
    }
}

/// On a busy machine the events of a target come more than a second apart, and are to go into one task all the same.
fn one_wave() -> BTreeMap<String, String> {
    [("COALESCE_WINDOW".to_owned(), "2s".to_owned())].into()
}

/// Longest time of a demo of so many events.
fn limit(events: usize) -> Duration {
    LIMIT + LIMIT_OF_AN_EVENT.saturating_mul(u32::try_from(events).unwrap_or(u32::MAX))
}

/// The exit code that a report deserves; what is wrong is told.
fn judged(report: &Report, mode: Mode, storm: Option<&Storm>) -> u8 {
    let is_done = mode == Mode::Plan || (report.unfixed == 0 && report.waiting == 0);
    let blame = storm.map(|storm| blame(storm, report)).unwrap_or_default();
    if let (Some(storm), false) = (storm, blame.is_empty() && is_done && !report.timed_out) {
        let Storm { events, seed, .. } = storm;
        eprintln!("The storm left damage: {} unfixed, {} waiting{blame}", report.unfixed, report.waiting);
        eprintln!("Run it again: policy-remediator demo --storm {events} --seed {seed}");
        return UNFIXED;
    }
    let has_rights = report.calls_without_right == 0;
    if !has_rights {
        eprintln!(
            "The worker was refused {} calls: its deployment gives it no right to them",
            report.calls_without_right
        );
    }
    if is_done && has_rights && !report.timed_out { DONE } else { UNFIXED }
}

/// What the worker did in a storm that it must never do, in words; empty when it did nothing of it.
fn blame(storm: &Storm, report: &Report) -> String {
    let counts = report.violations().into_iter().map(|(what, count)| format!(", {count} {what}"));
    let mut words: String = counts.collect();
    // In a small storm one wave more than the least is already more than the margin.
    let most = report.least_arm_writes as f64 * MOST_WRITES;
    if storm.targets >= 10 && report.arm_writes as f64 > most {
        words.push_str(&format!(", {} tasks where {} would do", report.arm_writes, report.least_arm_writes));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_has_more_time_than_a_small_one() {
        assert_eq!((limit(0), limit(60_000)), (LIMIT, LIMIT + Duration::from_secs(1_800)));
    }

    #[test]
    fn a_call_without_a_right_fails_a_demo_and_a_storm_however_well_they_end() {
        let storm = Storm::of(300, 1);
        for (calls_without_right, code) in [(0, DONE), (1, UNFIXED)] {
            let report = Report { calls_without_right, ..Report::default() };
            for (mode, storm) in [(Mode::Act, None), (Mode::Plan, None), (Mode::Act, Some(&storm))] {
                assert_eq!(judged(&report, mode, storm), code, "{mode:?} {calls_without_right}");
            }
        }
    }

    #[test]
    fn a_storm_is_blamed_for_each_violation_and_for_more_tasks_than_the_margin() {
        let good = Report { arm_writes: 130, least_arm_writes: 100, ..Report::default() };
        let (large, small) = (Storm::of(10_000, 1), Storm::of(300, 1));
        assert_eq!(blame(&large, &good), "");
        for (bad, words) in [
            (Report { duplicate_tasks: 3, ..good.clone() }, ", 3 records in more tasks"),
            (Report { overlaps: 1, ..good.clone() }, ", 1 tasks that overlapped"),
            (Report { retry_after_violations: 2, ..good.clone() }, ", 2 calls before"),
            (Report { wrongly_parked: 4, ..good.clone() }, ", 4 records parked"),
            (Report { arm_writes: 131, ..good.clone() }, ", 131 tasks where 100 would do"),
        ] {
            assert!(blame(&large, &bad).starts_with(words), "{}", blame(&large, &bad));
        }
        assert_eq!(blame(&small, &Report { arm_writes: 131, ..good }), "");
    }
}
