//! Events a second through `receive-event`: Event Grid posts each by itself to the Functions host, the host posts it to the
//! worker, and the worker stores its message on Service Bus before it answers.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use axum::Router;
use serde_json::Value;
use simulator::estate::{ComplianceState, Estate, EventKind, PolicyEvent, RecordKey};
use simulator::functions_host::{EventGridPolicy, FunctionsHost, HostOptions};
use simulator::{LocalAzure, LocalAzureOptions};
use simulator_demo::{PackageFile, stage};
use time::OffsetDateTime;

/// Only `receive-event` is deployed: what it queues stays there, so nothing else takes part.
const PACKAGE: [PackageFile; 2] = [
    PackageFile { path: "host.json", text: include_str!("../../host.json") },
    PackageFile {
        path: "receive-event/function.json",
        text: include_str!("../../functions/receive-event/function.json"),
    },
];
const QUEUE: &str = "noncompliant-resources";
const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

/// Name, events on their way at once, events a round, rounds.
pub(crate) const LOADS: [(&str, usize, usize, usize); 2] = [
    ("one event until it is stored, one after the other", 1, 300, 7),
    ("one event until it is stored, 64 in parallel", 64, 3_000, 7),
];

/// The time an event of each round, all rounds after a first one that opens the connections and gets the tokens.
pub(crate) async fn measure(parallel: usize, events: usize, rounds: usize) -> anyhow::Result<super::Rounds> {
    let azure = LocalAzure::start(Router::new(), LocalAzureOptions::default()).await?;
    let folder = tempfile::tempdir()?;
    stage(folder.path(), &PACKAGE, Path::new(env!("CARGO_BIN_EXE_policy-remediator")))?;
    let event_grid = EventGridPolicy { parallel, ..EventGridPolicy::default() };
    let options = HostOptions { event_grid, ..azure.host_options() };
    let host = FunctionsHost::start(folder.path(), azure.broker().clone(), options).await?;
    let mut times = super::Rounds::default();
    for round in 0..=rounds {
        let burst = burst(round, events);
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
    Ok(times)
}

/// As many events as asked for, each of a resource of its own and of another second than those of other rounds.
fn burst(round: usize, events: usize) -> Vec<Value> {
    let estate = Estate::new("4bee2b8a-1bee-47c2-90e9-404241551135");
    let at = OffsetDateTime::now_utc() - Duration::from_secs(3_600 * (round as u64 + 1));
    let assignment = format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/diagnostics");
    let event = |n: usize| {
        let resource =
            format!("{SUB}/resourceGroups/rg-{}/providers/Microsoft.Storage/storageAccounts/stcontoso{n:06}", n % 25);
        let key = RecordKey::new(resource.as_str(), assignment.as_str(), None);
        PolicyEvent::new(&estate, &key, ComplianceState::NonCompliant, at, EventKind::Changed).event_grid()
    };
    (0..events).map(event).collect()
}
