//! `runs`: the batch runs that the state knows, and the story of each.

use futures::{StreamExt, stream};
use serde::Serialize;

use policy_remediator::azure::{Deadline, now};
use remediation::document::{RunDocument, RunState};
use remediation::message::RunId;
use remediation::report::{ago, run_story};

use super::exit::{ATTENTION, DONE, FAILED};
use super::operator::{Options, PATIENCE, Rows, progress};

/// Documents that are read at a time.
const TOGETHER: usize = 8;

/// List the batch runs, or tell the story of some.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(List),
    Show(Show),
}

/// List the batch runs, newest first: those that people asked for, and the scans of `SWEEP_SCOPES`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator runs list\n  policy-remediator runs list --limit 5 --json\n\nEnds with 3 where one of them could not look at everything."
)]
struct List {
    /// Read at most so many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    options: Options,
}

/// Tell the story of a batch run: how far it is, what it found, and what it could not look at.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator runs show night-2026-11-21\n  policy-remediator runs show night-2026-11-21 --json\n\nEnds with 3 where it could not look at everything."
)]
struct Show {
    /// The run's name.
    #[arg(value_name = "RUN")]
    run_id: RunId,
    #[command(flatten)]
    options: Options,
}

#[derive(Serialize)]
struct Listed<'a> {
    count: usize,
    runs: &'a [RunDocument],
}

#[derive(Serialize)]
struct Shown {
    run: RunDocument,
    sentences: Vec<String>,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    match arguments.command {
        Command::List(arguments) => list(arguments).await,
        Command::Show(arguments) => show(arguments).await,
    }
}

async fn list(List { limit, options }: List) -> anyhow::Result<u8> {
    let connection = options.connect()?;
    let store = &connection.app.reconciler.store;
    let mut known = store.runs(Deadline::after(PATIENCE)).await?;
    known.sort_by_key(|summary| std::cmp::Reverse(summary.progress_at));
    let count = known.len();
    let ids: Vec<_> = known.into_iter().take(limit).map(|summary| summary.run_id).collect();
    let bar = progress("runs", ids.len());
    let mut reading =
        stream::iter(ids).map(|id| async move { store.run(&id, Deadline::after(PATIENCE)).await }).buffered(TOGETHER);
    let mut runs = Vec::new();
    while let Some(found) = reading.next().await {
        bar.inc(1);
        runs.extend(found?.map(|found| found.document));
    }
    bar.finish_and_clear();
    options.output().show("runs", &Listed { count, runs: &runs }, || table(&runs, count))?;
    let is_bad = |run: &RunDocument| run.state() == RunState::Incomplete;
    Ok(if runs.iter().any(is_bad) { ATTENTION } else { DONE })
}

fn table(runs: &[RunDocument], count: usize) -> String {
    if runs.is_empty() {
        return "There was no run yet: policy-remediator run --scope ID begins one.".to_owned();
    }
    let now = now();
    let mut rows = Rows::under(&["run", "state", "began", "resources", "targets", "sent", "handed over", "troubles"]);
    for run in runs {
        let totals = run.so_far();
        let troubles = run.troubles.len() as u64 + run.more_troubles;
        let state = run.state().as_str().to_owned();
        let state = if run.run.dry_run { format!("{state}, dry") } else { state };
        let numbers = [totals.resources, totals.targets, totals.sent, totals.handed_over, troubles];
        let head = [run.run.run_id.to_string(), state, ago(run.started_at, now)];
        rows.row(head.into_iter().chain(numbers.into_iter().map(|number| number.to_string())));
    }
    let more = count.saturating_sub(runs.len());
    let more = if more > 0 { format!("\n… and {more} more: --limit N reads more.") } else { String::new() };
    format!("{}{more}", rows.text())
}

async fn show(Show { run_id, options }: Show) -> anyhow::Result<u8> {
    let connection = options.connect()?;
    let Some(found) = connection.app.reconciler.store.run(&run_id, Deadline::after(PATIENCE)).await? else {
        eprintln!(
            "error: there is no run {run_id}: policy-remediator runs list names them, and rejected list what was refused"
        );
        return Ok(FAILED);
    };
    let run = found.document;
    let shown = Shown { sentences: run_story(&run, now()), run };
    options.output().show("run", &shown, || shown.sentences.join("\n"))?;
    Ok(match shown.run.state() {
        RunState::Incomplete => ATTENTION,
        RunState::Running | RunState::Done => DONE,
    })
}
