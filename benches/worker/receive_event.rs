//! Events a second through `receive-event`: Event Grid posts each by itself to the Functions host, the host posts it to the
//! worker, and the worker stores its message on Service Bus before it answers.

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use axum::Router;
use simulator::functions_host::{EventGridPolicy, FunctionsHost, HostOptions};
use simulator::{LocalAzure, LocalAzureOptions};
use simulator_demo::{PackageFile, stage};

use crate::events::burst;
use crate::processors::of_workers;

/// Only `receive-event` is deployed: what it queues stays there, so nothing else takes part.
const PACKAGE: [PackageFile; 2] = [
    PackageFile { path: "host.json", text: include_str!("../../host.json") },
    PackageFile {
        path: "receive-event/function.json",
        text: include_str!("../../functions/receive-event/function.json"),
    },
];
const QUEUE: &str = "noncompliant-resources";

/// Name, events on their way at once, events a round, rounds.
pub(crate) const LOADS: [(&str, usize, usize, usize); 2] = [
    ("one event until it is stored, one after the other", 1, 300, 7),
    ("one event until it is stored, 64 in parallel", 64, 3_000, 7),
];

/// The time an event of each round, all rounds after a first one that opens the connections and gets the tokens.
/// Beside them the seconds that the handler had a processor for an event.
pub(crate) async fn measure(
    handler: &Path,
    parallel: usize,
    events: usize,
    rounds: usize,
) -> anyhow::Result<(super::Rounds, f64)> {
    let before = of_workers();
    let azure = LocalAzure::start(Router::new(), LocalAzureOptions::default()).await?;
    let folder = tempfile::tempdir()?;
    stage(folder.path(), &PACKAGE, handler)?;
    let event_grid = EventGridPolicy { parallel, ..EventGridPolicy::default() };
    let options = HostOptions { event_grid, ..azure.host_options() };
    let host = FunctionsHost::start(folder.path(), azure.broker().clone(), options).await?;
    let mut times = super::Rounds::default();
    for round in 0..=rounds {
        let burst = burst(round, events, 1);
        let before = azure.broker().counts(QUEUE).stored;
        let begun = Instant::now();
        let report = host.deliver("receive-event", burst).await;
        let time = begun.elapsed();
        let stored = azure.broker().counts(QUEUE).stored - before;
        ensure!(report.attempts == events, "{} posts were made for {events} events", report.attempts);
        ensure!(usize::try_from(stored)? == events, "{stored} of {events} events are stored");
        if round > 0 {
            times.push(time / u32::try_from(events)?);
        }
    }
    host.shutdown().await;
    let processors = (of_workers() - before) / (events * (rounds + 1)) as f64;
    Ok((times, processors))
}
