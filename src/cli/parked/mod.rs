//! `parked`: what the worker has given up until a person has looked at it, or until its time is over.

mod again;
mod chosen;

use serde::Serialize;

use policy_remediator::azure::{Deadline, now};
use remediation::document::{StoppedTarget, SubscriptionDocument, TargetDocument, TargetSummary};
use remediation::report::{ParkedItem, ago, parked_items};
use remediation::time::Timestamp;
use remediation::transition::Chosen;

use super::exit::{ATTENTION, DONE, FAILED};
use super::operator::{Connection, Options, PATIENCE, Rows, Unusable, complain};
use again::{Again, act};
use chosen::{Filter, Which};

/// Rows that a person is shown.
const SHOWN: usize = 200;

/// List, show, try again or forget what is parked.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(List),
    Show(List),
    Retry(Retry),
    Clear(Clear),
}

/// List what is parked, one line a cause; `show` tells each with the service's words and how to fix it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator parked list\n  policy-remediator parked list --reason missingPermission --json\n  policy-remediator parked show --assignment deploy-diagnostics\n\nEnds with 3 where something is parked."
)]
struct List {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    options: Options,
}

/// Let what is parked be tried again now.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator parked retry 0f3c5a7b9d1e2f4a6b8c\n  policy-remediator parked retry --reason missingPermission --scope /subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322\n  policy-remediator parked retry --all --dry-run"
)]
struct Retry {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    options: Options,
}

/// Forget what is parked: nothing is tried, and a newer evaluation that finds it non-compliant begins anew.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator parked clear /subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a\n  policy-remediator parked clear --reason flapping --dry-run\n\nWhat is stopped, and what Azure refuses the worker, cannot be forgotten: try it again."
)]
struct Clear {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    options: Options,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    match arguments.command {
        Command::List(List { filter, options }) => list(&filter.chosen()?, &options, false).await,
        Command::Show(List { filter, options }) => list(&filter.chosen()?, &options, true).await,
        Command::Retry(Retry { which, options }) => act(Again::Retry, &which, &options).await,
        Command::Clear(Clear { which, options }) => act(Again::Forget, &which, &options).await,
    }
}

/// What is known of what is parked.
struct Known {
    targets: Vec<TargetDocument>,
    subscriptions: Vec<SubscriptionDocument>,
    stopped: Vec<StoppedTarget>,
    unusable: Vec<Unusable>,
}

impl Known {
    /// Reads it: the documents of targets in which something is parked, or whose metadata do not tell.
    async fn read(connection: &Connection) -> anyhow::Result<Self> {
        let store = &connection.app.reconciler.store;
        let stopped = store.stopped_targets(Deadline::after(PATIENCE)).await?;
        let is_wanted = |summary: &TargetSummary| {
            summary.parked_until.is_some() || summary.counts.is_none_or(|counts| counts.parked > 0)
        };
        let summaries = connection.summaries().await?.into_iter().filter(is_wanted);
        let targets = connection.targets(summaries).await?;
        let ids = store.subscriptions(Deadline::after(PATIENCE)).await?;
        let subscriptions = connection.subscriptions(ids).await?;
        let (found, others) = (targets.values(), subscriptions.values());
        let unusable = targets.unusable.into_iter().chain(subscriptions.unusable).collect();
        Ok(Self { targets: found, subscriptions: others, stopped, unusable })
    }

    fn items(&self, chosen: &Chosen, now: Timestamp) -> Vec<ParkedItem> {
        parked_items(&self.targets, &self.subscriptions, &self.stopped, chosen, now)
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    items: &'a [ParkedItem],
    unusable: &'a [Unusable],
}

async fn list(chosen: &Chosen, options: &Options, whole: bool) -> anyhow::Result<u8> {
    let connection = options.connect()?;
    let known = Known::read(&connection).await?;
    let (now, unusable) = (now(), &known.unusable);
    let items = known.items(chosen, now);
    complain(unusable);
    let text = || if whole { told(&items, now) } else { table(&items, now) };
    options.output().show("parked", &Listed { items: &items, unusable }, text)?;
    let names_some = !chosen.targets.is_empty() || !chosen.resources.is_empty();
    Ok(match (items.is_empty() && unusable.is_empty(), names_some) {
        (true, true) => FAILED,
        (true, false) => DONE,
        (false, _) => ATTENTION,
    })
}

/// One line a cause.
fn table(items: &[ParkedItem], now: Timestamp) -> String {
    if items.is_empty() {
        return "Nothing is parked that matches.".to_owned();
    }
    let mut columns = vec!["what", "reason", "holds", "since", "tried again", "target", "resource or scope"];
    let has_owners = items.iter().any(|item| item.owner.is_some());
    columns.extend(has_owners.then_some("owner"));
    let mut rows = Rows::under(&columns);
    for item in items.iter().take(SHOWN) {
        let since = item.since.map_or_else(String::new, |since| ago(since, now));
        let target = item.target.clone().unwrap_or_default();
        let place = item.resource.as_ref().unwrap_or(&item.scope).clone();
        let what = item.what.as_str().to_owned();
        let owner = has_owners.then(|| item.owner.clone().unwrap_or_default());
        let row = [what, item.reason.clone(), item.holds.to_string(), since, ago(item.until, now), target, place];
        rows.row(row.into_iter().chain(owner));
    }
    let more = items.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("\n… and {more} more: --json lists all.") } else { String::new() };
    format!("{}{more}\n\nWords and hints: policy-remediator parked show TARGET|RESOURCE", rows.text())
}

/// Each with its words and its hint.
fn told(items: &[ParkedItem], now: Timestamp) -> String {
    if items.is_empty() {
        return "Nothing is parked that matches.".to_owned();
    }
    let one = |item: &ParkedItem| {
        let mut rows = Rows::under(&[]);
        let mut row = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                rows.row([format!("  {name}"), value]);
            }
        };
        row("assignment", item.assignment.clone());
        row("owner", item.owner.clone());
        row("policy", item.reference.clone());
        row("scope", Some(item.scope.clone()));
        row("target", item.target.clone());
        row("holds", Some(format!("{} resource{}", item.holds, if item.holds == 1 { "" } else { "s" })));
        row("since", item.since.map(|since| ago(since, now)));
        row("tried again", Some(ago(item.until, now)));
        row("words", Some(item.words.clone()));
        row("how to fix it", Some(item.hint.clone()));
        format!("{} {} is parked for {}\n{}", item.what.as_str(), item.name(), item.reason, rows.text())
    };
    let more = items.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| format!("… and {more} more: --json tells all."));
    items.iter().take(SHOWN).map(one).chain(more).collect::<Vec<_>>().join("\n\n")
}
