//! `rejected`: what could not be handled, and with `--dead-letter` what Event Grid could not deliver.

use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::Value;

use policy_remediator::azure::{Deadline, error_chain, now};
use policy_remediator::blob::{KeptBlob, KeptItem};
use policy_remediator::functions::{PutBack, put_back};
use remediation::message::Queue;
use remediation::report::ago;

use super::exit::{ATTENTION, DONE, FAILED};
use super::operator::{Connection, Options, PATIENCE, Rows, progress};

/// Items that are read or put back at a time.
const TOGETHER: usize = 16;
/// Most characters of a payload that a table shows.
const SHOWN: usize = 2_000;

/// List, show or put back what could not be handled.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(List),
    Show(Show),
    Retry(Retry),
}

/// List what was rejected, newest first.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator rejected list\n  policy-remediator rejected list --dead-letter --json\n\nEnds with 3 where there is something."
)]
struct List {
    #[command(flatten)]
    place: Place,
    /// Read at most so many.
    #[arg(long, value_name = "N", default_value_t = 200)]
    limit: usize,
    #[command(flatten)]
    options: Options,
}

/// Show rejected items with their payloads.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator rejected show collect/0f3c5a7b9d1e2f4a6b8c0d1e2f3a4b5c.json\n  policy-remediator rejected show --dead-letter topic/policy-events/2026/11/21/7/1c.json"
)]
struct Show {
    /// Blobs, as `list` names them.
    #[arg(value_name = "BLOB", required = true)]
    blobs: Vec<String>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: Options,
}

/// Put rejected items back where they came from; what is put back is deleted here.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator rejected retry collect/0f3c5a7b9d1e2f4a6b8c0d1e2f3a4b5c.json\n  policy-remediator rejected retry --all\n  policy-remediator rejected retry --dead-letter --all\n\nEnds with 3 where something cannot be handled now either; it stays."
)]
struct Retry {
    /// Blobs, as `list` names them.
    #[arg(value_name = "BLOB", required_unless_present = "all", conflicts_with = "all")]
    blobs: Vec<String>,
    /// All of them.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    options: Options,
}

/// Which container.
#[derive(Debug, Clone, Copy, clap::Args)]
struct Place {
    /// What Event Grid has given up, in the container `events-dead-letter`: events go through the parser onto the queue.
    #[arg(long)]
    dead_letter: bool,
}

/// One blob with what is in it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(flatten)]
    kept: KeptBlob,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<KeptItem>,
    /// The events of Event Grid.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Value>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
    #[serde(skip)]
    payload: Option<Vec<u8>>,
}

impl Found {
    fn events(&self) -> usize {
        self.events.as_ref().map_or(0, |events| events.as_array().map_or(1, Vec::len))
    }

    /// Why it was rejected or given up.
    fn reason(&self) -> String {
        let first = self.events.as_ref().map(|events| events.get(0).unwrap_or(events));
        let of_grid = first.and_then(|event| event.get("deadLetterReason")).and_then(Value::as_str);
        let of_item = self.item.as_ref().map(|item| item.reason.as_str());
        of_item.or(of_grid).or(self.unreadable.as_deref()).unwrap_or_default().to_owned()
    }
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    match arguments.command {
        Command::List(arguments) => list(arguments).await,
        Command::Show(arguments) => show(arguments).await,
        Command::Retry(arguments) => retry(arguments).await,
    }
}

async fn blobs(connection: &Connection, place: Place) -> anyhow::Result<Vec<KeptBlob>> {
    let (store, deadline) = (&connection.app.reconciler.store, Deadline::after(PATIENCE));
    let mut all =
        if place.dead_letter { store.dead_events(deadline).await? } else { store.rejected_items(deadline).await? };
    all.sort_by(|one, other| (other.modified, &one.blob).cmp(&(one.modified, &other.blob)));
    Ok(all)
}

/// What is in a blob; none where it is not there.
async fn read(connection: &Connection, place: Place, kept: KeptBlob) -> anyhow::Result<Option<Found>> {
    let (store, deadline) = (&connection.app.reconciler.store, Deadline::after(PATIENCE));
    let mut found = Found { kept, item: None, events: None, unreadable: None, payload: None };
    if place.dead_letter {
        let Some(bytes) = store.dead_events_in(&found.kept.blob, deadline).await? else { return Ok(None) };
        match serde_json::from_slice(&bytes) {
            Ok(events) => found.events = Some(events),
            Err(error) => found.unreadable = Some(error.to_string()),
        }
        found.payload = Some(bytes);
        return Ok(Some(found));
    }
    match store.rejected_item(&found.kept.blob, deadline).await {
        Ok(None) => return Ok(None),
        Ok(Some(item)) => {
            found.payload = item.bytes();
            found.item = Some(item);
        }
        Err(error) if error.is_about_the_document() => found.unreadable = Some(error_chain(&error)),
        Err(error) => return Err(error.into()),
    }
    Ok(Some(found))
}

async fn read_all(connection: &Connection, place: Place, blobs: Vec<KeptBlob>) -> anyhow::Result<Vec<Found>> {
    let bar = progress("items", blobs.len());
    let mut reading = stream::iter(blobs).map(|kept| read(connection, place, kept)).buffered(TOGETHER);
    let mut all = Vec::new();
    while let Some(found) = reading.next().await {
        bar.inc(1);
        all.extend(found?);
    }
    bar.finish_and_clear();
    Ok(all)
}

/// The blobs that were named; an error where one is not there.
async fn named(connection: &Connection, place: Place, blobs: &[String]) -> anyhow::Result<Vec<Found>> {
    let mut all = Vec::new();
    for blob in blobs {
        let kept = KeptBlob { blob: blob.clone(), modified: None };
        let found = read(connection, place, kept).await?;
        all.push(found.ok_or_else(|| not_there(blob))?);
    }
    Ok(all)
}

fn not_there(blob: &str) -> anyhow::Error {
    anyhow::anyhow!("there is no {blob}; policy-remediator rejected list names what there is")
}

async fn list(List { place, limit, options }: List) -> anyhow::Result<u8> {
    let connection = options.connect()?;
    let blobs = blobs(&connection, place).await?;
    let count = blobs.len();
    let shown = blobs.into_iter().take(limit).collect();
    let found = read_all(&connection, place, shown).await?;
    let value = serde_json::json!({ "count": count, "items": found });
    options.output().show("rejected", &value, || table(place, &found, count))?;
    Ok(if count == 0 { DONE } else { ATTENTION })
}

fn table(place: Place, found: &[Found], count: usize) -> String {
    if count == 0 {
        return "Nothing lies there.".to_owned();
    }
    let now = now();
    let mut rows = Rows::under(&["at", if place.dead_letter { "events" } else { "queue" }, "why", "blob"]);
    for one in found {
        let at = one.item.as_ref().map(|item| item.at).or(one.kept.modified);
        let what = match &one.item {
            _ if place.dead_letter => one.events().to_string(),
            Some(item) => item.queue.clone().unwrap_or_else(|| "(an event)".to_owned()),
            None => String::new(),
        };
        rows.row([at.map_or_else(String::new, |at| ago(at, now)), what, one.reason(), one.kept.blob.clone()]);
    }
    let more = count.saturating_sub(found.len());
    let more = if more > 0 { format!("\n… and {more} more: --limit N reads more.") } else { String::new() };
    format!("{}{more}", rows.text())
}

async fn show(Show { blobs, place, options }: Show) -> anyhow::Result<u8> {
    let connection = options.connect()?;
    let found = named(&connection, place, &blobs).await?;
    let value = serde_json::json!({ "count": found.len(), "items": found });
    options.output().show("rejected", &value, || found.iter().map(told).collect::<Vec<_>>().join("\n\n"))?;
    Ok(ATTENTION)
}

fn told(found: &Found) -> String {
    let mut rows = Rows::under(&[]);
    let mut row = |name: &str, value: String| rows.row([format!("  {name}"), value]);
    row("why", found.reason());
    if let Some(item) = &found.item {
        row("function", item.function.clone());
        row("queue", item.queue.clone().unwrap_or_else(|| "none: it is an event".to_owned()));
        row("at", remediation::time::time_text(item.at));
        row(
            "bytes",
            format!("{}{}", item.payload_bytes, if item.is_cut { ", of which the beginning is kept" } else { "" }),
        );
    }
    let payload = match (&found.item, &found.events) {
        (Some(item), _) => item.payload.clone(),
        (None, Some(events)) => serde_json::to_string_pretty(events).unwrap_or_default(),
        (None, None) => String::new(),
    };
    let cut: String = payload.chars().take(SHOWN).collect();
    let rest = if cut.len() < payload.len() { "\n… (--json shows all)" } else { "" };
    format!("{}\n{}\n\n{cut}{rest}", found.kept.blob, rows.text())
}

/// What came of putting back.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    items: usize,
    sent: usize,
    woken: usize,
    /// Items that need nothing any more.
    settled: usize,
    /// Blobs that stay, and why.
    stay: Vec<Stays>,
}

#[derive(Debug, Serialize)]
struct Stays {
    blob: String,
    why: String,
}

async fn retry(Retry { blobs: which, all, place, options }: Retry) -> anyhow::Result<u8> {
    let connection = options.connect()?;
    let blobs = match all {
        true => blobs(&connection, place).await?,
        false => which.into_iter().map(|blob| KeptBlob { blob, modified: None }).collect(),
    };
    let bar = progress("items", blobs.len());
    // Each is read when its turn comes, so that no more are in memory than are put back at a time.
    let mut putting = stream::iter(blobs)
        .map(|kept| async {
            let blob = kept.blob.clone();
            (blob, read_and_put(&connection, place, kept, !all).await)
        })
        .buffer_unordered(TOGETHER);
    let (mut done, mut failed) = (Done::default(), false);
    while let Some((blob, outcome)) = putting.next().await {
        bar.inc(1);
        done.items += 1;
        match outcome {
            Ok(PutBack::Sent(sent)) => done.sent += sent,
            Ok(PutBack::Woken) => done.woken += 1,
            Ok(PutBack::Nothing) => done.settled += 1,
            Ok(PutBack::Refused(sent, why)) => {
                done.sent += sent;
                done.stay.push(Stays { blob, why });
            }
            Err(error) => {
                failed = true;
                done.stay.push(Stays { blob, why: error_chain(error.as_ref()) });
            }
        }
    }
    bar.finish_and_clear();
    options.output().show("rejectedDone", &done, || text(&done))?;
    Ok(match (failed, done.stay.is_empty()) {
        (true, _) => FAILED,
        (false, false) => ATTENTION,
        (false, true) => DONE,
    })
}

/// Reads one and puts it back. One that is not there any more needs nothing, unless a person has named it.
async fn read_and_put(
    connection: &Connection,
    place: Place,
    kept: KeptBlob,
    is_named: bool,
) -> anyhow::Result<PutBack> {
    let blob = kept.blob.clone();
    match read(connection, place, kept).await? {
        Some(found) => put_one(connection, place, &found).await,
        None if is_named => Err(not_there(&blob)),
        None => Ok(PutBack::Nothing),
    }
}

/// Puts one back, and deletes it once all of it is stored elsewhere.
async fn put_one(connection: &Connection, place: Place, found: &Found) -> anyhow::Result<PutBack> {
    let (app, deadline) = (&connection.app, Deadline::after(PATIENCE));
    let Some(payload) = &found.payload else {
        let why = found.unreadable.clone().unwrap_or_else(|| "its payload is not whole".to_owned());
        return Ok(PutBack::Refused(0, why));
    };
    let queue: Option<Queue> = match &found.item {
        Some(item) if item.queue.is_some() && item.queue().is_none() => {
            return Ok(PutBack::Refused(0, "this version does not know its queue".to_owned()));
        }
        item => item.as_ref().and_then(KeptItem::queue),
    };
    let outcome = put_back(app, queue, payload, deadline).await?;
    if !matches!(outcome, PutBack::Refused(..)) {
        let store = &app.reconciler.store;
        match place.dead_letter {
            true => store.forget_dead_events(&found.kept.blob, deadline).await?,
            false => store.forget_rejected(&found.kept.blob, deadline).await?,
        }
    }
    Ok(outcome)
}

fn text(done: &Done) -> String {
    if done.items == 0 {
        return "Nothing lies there.".to_owned();
    }
    let back = done.items - done.stay.len();
    let mut text = format!(
        "{back} items were put back: {} messages sent, {} targets woken, {} need nothing any more.",
        done.sent, done.woken, done.settled
    );
    for Stays { blob, why } in &done.stay {
        text.push_str(&format!("\n{blob} stays: {why}"));
    }
    text
}
