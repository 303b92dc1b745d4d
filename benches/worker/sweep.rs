//! A sweep over very many targets, some of them overdue: how long it takes, how many it wakes a second, and what memory it needs.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::Router;
use simulator::functions_host::FunctionsHost;
use simulator::service_bus::QueueRules;
use simulator::{LocalAzure, LocalAzureOptions};
use simulator_demo::{PackageFile, stage};
use time::format_description::well_known::Rfc3339;

use remediation::document::{Entry, TargetDocument};
use remediation::message::{Finding, Observation};
use remediation::time::Timestamp;

/// Only `sweep` is deployed: what it wakes stays in the queue.
const PACKAGE: [PackageFile; 2] = [
    PackageFile { path: "host.json", text: include_str!("../../host.json") },
    PackageFile { path: "sweep/function.json", text: include_str!("../../functions/sweep/function.json") },
];
const QUEUE: &str = "wake-ups";

/// What a sweep came to.
pub(crate) struct Swept {
    pub(crate) took: Duration,
    pub(crate) woken: usize,
    /// Sweeps until each overdue target was woken.
    pub(crate) sweeps: usize,
    pub(crate) peak_rss_bytes: u64,
}

/// Sweeps so many targets of which so many are overdue.
pub(crate) async fn measure(targets: usize, overdue: usize) -> anyhow::Result<Swept> {
    let azure = LocalAzure::start(Router::new(), LocalAzureOptions::default()).await?;
    azure.broker().create(QUEUE, QueueRules::standard(1000));
    let folder = tempfile::tempdir()?;
    stage(folder.path(), &PACKAGE, Path::new(env!("CARGO_BIN_EXE_policy-remediator")))?;
    let every = targets / overdue.max(1);
    for n in 0..targets {
        let late = n % every == 0 && n / every < overdue;
        put(&azure, n, late)?;
    }
    let mut options = azure.host_options();
    options.settings.insert("SWEEP_SCHEDULE".to_owned(), "0 0 0 1 1 *".to_owned());
    let host = FunctionsHost::start(folder.path(), azure.broker().clone(), options).await?;
    let begun = Instant::now();
    let woken = || usize::try_from(azure.broker().counts(QUEUE).stored).unwrap_or_default();
    let mut sweeps = 0;
    while woken() < overdue {
        sweeps += 1;
        ensure!(sweeps <= 10, "{} of {overdue} targets are woken after ten sweeps", woken());
        host.fire("sweep").await?.ok().with_context(|| format!("sweep {sweeps} has failed"))?;
    }
    let (took, woken) = (begun.elapsed(), woken());
    let peak_rss_bytes = host.peak_rss_bytes(0);
    host.shutdown().await;
    Ok(Swept { took, woken, sweeps, peak_rss_bytes })
}

/// Stores a target of which one resource waits, with all that the worker writes into metadata.
fn put(azure: &LocalAzure, number: usize, late: bool) -> anyhow::Result<()> {
    let now = Timestamp::now_utc();
    let wake_at = if late { now - Duration::from_secs(3_600) } else { now + Duration::from_secs(86_400) };
    // Spread over subscriptions as their ids are: evenly.
    let subscription =
        format!("{:08x}-5fa0-414c-8145-000000000000", (number / 20).wrapping_mul(0x9E37_79B9) & 0xFFFF_FFFF);
    let group = format!("/subscriptions/{subscription}/resourceGroups/rg-landing-zone");
    let resource = format!("{group}/providers/Microsoft.Storage/storageAccounts/stcontoso").parse()?;
    let assignment = format!("{group}/providers/Microsoft.Authorization/policyAssignments/a{}", number % 20).parse()?;
    let seen = Observation::of_event(Finding::NonCompliant, resource, assignment, None, now);
    let mut document = TargetDocument::new(seen.target());
    let blob = format!("targets/{subscription}/{}.json", document.target.hash());
    document.generation = 7;
    document.wake_at = Some(wake_at);
    document.resources.insert(seen.resource_id, Entry::waiting(now, wake_at));
    // What is not overdue is not read.
    let body = if late { serde_json::to_vec(&document)? } else { b"{}".to_vec() };
    let wake_at = wake_at.format(&Rfc3339)?;
    let metadata = [
        ("waiting", "1"),
        ("intask", "0"),
        ("fixed", "0"),
        ("parked", "0"),
        ("skipped", "0"),
        ("version", "1"),
        ("wakeat", &wake_at),
        ("pasttasks", "pr-462ebdca-ed5957a0423f5c9a764e-1795694592,1795694692,1795694792"),
        ("hours", "498804:3:185.123:0:0:0:1;498805:2:85.5:3:85.123:0:0"),
    ];
    azure.blobs().put_with_metadata("state", &blob, body, &metadata).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(())
}
