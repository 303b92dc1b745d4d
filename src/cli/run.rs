//! `run`: puts a batch run on the queue, and watches it if asked.

use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use serde_json::{Map, Value, json};

use policy_remediator::azure::{Deadline, now};
use remediation::document::{RunDocument, RunState};
use remediation::id::RunScope;
use remediation::message::{BatchMessage, BatchRun, Discovery, Outgoing, Queue, RunId};
use remediation::report::run_story;

use super::exit::{ATTENTION, DONE};
use super::operator::{Connection, Options, PATIENCE, progress};

/// Between two looks at a run that is watched.
const LOOK: Duration = Duration::from_secs(2);

/// Look through whole scopes for what does not comply, and remediate it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator run --scope /subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322 --dry-run --watch\n  policy-remediator run --scope /providers/Microsoft.Management/managementGroups/corp --assignment deploy-diagnostics --location westeurope\n\nWhat the run finds goes the way of every event: the mode and the guard rails of the worker hold.\nEnds with 3 where a run that is watched could not look at everything, or has not ended."
)]
pub(super) struct Arguments {
    /// A management group, a subscription or a resource group. Can be given again.
    #[arg(long = "scope", value_name = "ID", required = true)]
    scopes: Vec<RunScope>,
    /// Only assignments of this name or id; `*` stands for anything. Can be given again.
    #[arg(long = "assignment", value_name = "PATTERN")]
    assignments: Vec<String>,
    /// Only this policy of initiatives, by its reference id. Can be given again.
    #[arg(long = "reference", value_name = "ID")]
    references: Vec<String>,
    /// Only resources in this location. Can be given again.
    #[arg(long = "location", value_name = "LOCATION")]
    locations: Vec<String>,
    /// Remediate at most so many resources of each target.
    #[arg(long, value_name = "N")]
    resource_count: Option<u32>,
    /// Deployments of a task at the same time.
    #[arg(long, value_name = "N")]
    parallel_deployments: Option<u32>,
    /// Share of failed deployments above which a task gives up, from 0.0 to 1.0.
    #[arg(long, value_name = "SHARE")]
    failure_threshold: Option<f32>,
    /// How to find what does not comply.
    #[arg(long, value_name = "HOW", value_parser = clap::builder::PossibleValuesParser::new(Discovery::WORDS))]
    discovery: Option<String>,
    /// The name of the run; the same name twice does nothing twice.
    #[arg(long, value_name = "NAME")]
    run_id: Option<RunId>,
    /// Only report what is there.
    #[arg(long)]
    dry_run: bool,
    /// Wait for its end, and tell what it found.
    #[arg(long)]
    watch: bool,
    /// How long to watch, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, requires = "watch")]
    patience: u64,
    #[command(flatten)]
    options: Options,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    run_id: RunId,
    /// The run's document, where its end was waited for, or it has ended already.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sentences: Vec<String>,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let asked = asked(&arguments)?;
    let connection = arguments.options.connect()?;
    let known = known(&connection, &asked.run_id).await?;
    if known.as_ref().is_some_and(|known| !known.run.is_same(&asked)) {
        anyhow::bail!(
            "there is a run {} already, and it asked for something else: another run needs another name",
            asked.run_id
        );
    }
    let message = Outgoing::batch_run(&asked);
    let sender = &connection.app.reconciler.sender;
    sender.send(Queue::BatchRuns, &[message], now(), Deadline::after(PATIENCE)).await?;
    let run = match arguments.watch {
        true => Some(watched(&connection, &asked.run_id, Duration::from_secs(arguments.patience)).await?),
        // What has ended is not begun again.
        false => known.filter(|known| known.ended_at.is_some()),
    };
    let sentences = run.as_ref().map(|run| run_story(run, now())).unwrap_or_default();
    let begun = Begun { run_id: asked.run_id, run, sentences };
    arguments.options.output().show("run", &begun, || text(&begun))?;
    Ok(match begun.run.as_ref().map(RunDocument::state) {
        // It goes on, and whoever waited for it must not go on as if it had ended.
        Some(RunState::Incomplete | RunState::Running) => ATTENTION,
        Some(RunState::Done) | None => DONE,
    })
}

fn text(begun: &Begun) -> String {
    if begun.sentences.is_empty() {
        return format!(
            "Run {} is on the queue. Its progress: policy-remediator runs show {}",
            begun.run_id, begun.run_id
        );
    }
    begun.sentences.join("\n")
}

/// The run as its message says it, so that what is wrong is told as the worker would.
fn asked(arguments: &Arguments) -> anyhow::Result<BatchRun> {
    let run_id = match &arguments.run_id {
        Some(run_id) => run_id.to_string(),
        None => format!("cli-{}", &uuid::Uuid::new_v4().simple().to_string()[..12]),
    };
    let scopes: Vec<_> = arguments.scopes.iter().map(ToString::to_string).collect();
    let mut message = Map::new();
    let mut set = |name: &str, value: Value| drop(message.insert(name.to_owned(), value));
    set("version", json!(1));
    set("runId", json!(run_id));
    set("scopes", json!(scopes));
    for (name, list) in [
        ("assignments", &arguments.assignments),
        ("references", &arguments.references),
        ("locations", &arguments.locations),
    ] {
        if !list.is_empty() {
            set(name, json!(list));
        }
    }
    for (name, number) in
        [("resourceCount", arguments.resource_count), ("parallelDeployments", arguments.parallel_deployments)]
    {
        if let Some(number) = number {
            set(name, json!(number));
        }
    }
    if let Some(share) = arguments.failure_threshold {
        set("failureThreshold", json!(share));
    }
    if let Some(how) = &arguments.discovery {
        set("discovery", json!(how));
    }
    set("dryRun", json!(arguments.dry_run));
    match BatchMessage::read(&Value::Object(message).to_string())? {
        BatchMessage::Run(run) => Ok(*run),
        BatchMessage::Continuation(_) => anyhow::bail!("this is no run"),
    }
}

async fn known(connection: &Connection, id: &RunId) -> anyhow::Result<Option<RunDocument>> {
    let found = connection.app.reconciler.store.run(id, Deadline::after(PATIENCE)).await?;
    Ok(found.map(|found| found.document))
}

/// The run, once it has ended.
async fn watched(connection: &Connection, id: &RunId, patience: Duration) -> anyhow::Result<RunDocument> {
    let until = Deadline::after(patience);
    let bar = progress("resources found", usize::MAX);
    loop {
        if let Some(document) = known(connection, id).await? {
            let totals = document.so_far();
            bar.set_length(totals.resources);
            bar.set_position(totals.sent);
            if document.ended_at.is_some() {
                bar.finish_and_clear();
                return Ok(document);
            }
        }
        if until.has_passed() {
            bar.finish_and_clear();
            let words = "it goes on; policy-remediator runs show tells how far it is, and rejected list whether its message was refused";
            return known(connection, id)
                .await?
                .with_context(|| format!("run {id} has not ended in {patience:?}: {words}"));
        }
        tokio::time::sleep(LOOK.min(until.left())).await;
    }
}
