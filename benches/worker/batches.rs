//! What comes by queue, in full batches: events that become messages, and observations that become documents.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use simulator::faults::{Kind, Rule, Which};
use simulator::functions_host::FunctionsHost;
use simulator::ledger::Entry;
use simulator::service_bus::{Broker, event_grid};
use simulator::{LocalAzure, LocalAzureOptions, Service};
use simulator_demo::{PackageFile, stage};

use crate::events::burst;
use crate::processors::{of_this, of_workers};

const HOST: PackageFile = PackageFile { path: "host.json", text: include_str!("../../host.json") };
const RECEIVE: PackageFile = PackageFile {
    path: "receive-queued-events/function.json",
    text: include_str!("../../functions/receive-queued-events/function.json"),
};
const COLLECT: PackageFile =
    PackageFile { path: "collect/function.json", text: include_str!("../../functions/collect/function.json") };
const EVENTS: &str = "policy-events";
const MESSAGES: &str = "noncompliant-resources";
const WAKE_UPS: &str = "wake-ups";
/// Nothing of this takes longer.
const LIMIT: Duration = Duration::from_secs(300);

/// What a burst came to.
pub(crate) struct Worked {
    pub(crate) events: usize,
    pub(crate) took: Duration,
    /// Seconds that the workers had a processor.
    pub(crate) processors: f64,
    /// Seconds that the local Azure and the host had one.
    pub(crate) of_azure: f64,
    /// Conditional writes to storage, and how many of them were lost.
    pub(crate) writes: usize,
    pub(crate) lost: usize,
}

/// The worker.
pub(crate) fn worker() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_policy-remediator"))
}

/// So many events by queue until each is a message.
pub(crate) async fn receive(handler: &Path, events: usize, instances: usize) -> anyhow::Result<Worked> {
    let azure = LocalAzure::start(Router::new(), LocalAzureOptions::default()).await?;
    deliver(&azure, events, 1)?;
    let done = |broker: &Broker| usize::try_from(broker.counts(MESSAGES).stored).is_ok_and(|stored| stored >= events);
    until(azure, (&[HOST, RECEIVE], handler), instances, events, done).await
}

/// So many events, each of another target, until each is in its document, with so many instances and a storage that takes its time.
pub(crate) async fn collect(events: usize, instances: usize, latency: Duration) -> anyhow::Result<Worked> {
    let azure = LocalAzure::start(Router::new(), LocalAzureOptions::default()).await?;
    deliver(&azure, events, events)?;
    // First they become messages, and only then is measured.
    let folder = tempfile::tempdir()?;
    stage(folder.path(), &[HOST, RECEIVE], worker())?;
    let host = FunctionsHost::start(folder.path(), azure.broker().clone(), azure.host_options()).await?;
    wait(|| azure.broker().counts(EVENTS).active == 0 && host.idle()).await?;
    host.shutdown().await;
    azure.faults().add(Rule::new("slow", Service::Blob, Which::Always, Kind::Delay(latency)));
    let done = |broker: &Broker| {
        broker.counts(MESSAGES).active == 0
            && usize::try_from(broker.counts(WAKE_UPS).stored).is_ok_and(|stored| stored >= events)
    };
    until(azure, (&[HOST, COLLECT], worker()), instances, events, done).await
}

fn deliver(azure: &LocalAzure, events: usize, targets: usize) -> anyhow::Result<()> {
    event_grid::deliver(azure.broker(), EVENTS, &burst(0, events, targets))
        .map_err(|error| anyhow::anyhow!("{error:?}"))?
        .map_err(|error| anyhow::anyhow!("{error:?}"))
}

/// Starts a worker that has these functions, and waits until what is at hand is done.
async fn until(
    azure: LocalAzure,
    (package, handler): (&[PackageFile], &Path),
    instances: usize,
    events: usize,
    done: impl Fn(&Broker) -> bool,
) -> anyhow::Result<Worked> {
    let folder = tempfile::tempdir()?;
    stage(folder.path(), package, handler)?;
    let mut options = azure.host_options();
    options.instances = instances;
    options.settings.insert("SETTLE_DELAY".to_owned(), "1h".to_owned());
    let (before, own, begun) = (of_workers(), of_this(), Instant::now());
    let host = FunctionsHost::start(folder.path(), azure.broker().clone(), options).await?;
    wait(|| done(azure.broker())).await.context("what is at hand was not done")?;
    let took = begun.elapsed();
    let of_azure = of_this() - own;
    host.shutdown().await;
    let writes = azure.ledger().filter(|entry| entry.service == Service::Blob && entry.method == "PUT");
    let is_lost = |entry: &&Entry| matches!(entry.status, Some(409 | 412));
    let lost = writes.iter().filter(is_lost).count();
    Ok(Worked { events, took, processors: of_workers() - before, of_azure, writes: writes.len(), lost })
}

async fn wait(done: impl Fn() -> bool) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !done() {
        anyhow::ensure!(begun.elapsed() < LIMIT, "it took longer than {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}
