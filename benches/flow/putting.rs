//! What people put up instead: a handler on aiohttp that creates a task for each event, with one PUT. Beside it the worker, over the same
//! estate: tasks, what was refused, resources in two tasks at once, and the share that is fixed once nothing goes on.

use std::time::{Duration, Instant};

use simulator::estate::{Definition, Estate};
use simulator::functions_host::{EventGridPolicy, FunctionsHost, HostOptions};
use simulator_demo::{PackageFile, stage as lay_out};

use crate::peer::{MISSING, Peer};
use crate::processors::of_workers;
use crate::stage::{CONTRIBUTOR, DEFINITION, Stage, events, land, plot, record, until};

const PACKAGE: [PackageFile; 2] = [
    PackageFile { path: "host.json", text: include_str!("../../host.json") },
    PackageFile {
        path: "receive-event/function.json",
        text: include_str!("../../functions/receive-event/function.json"),
    },
];
/// No task runs so long.
const QUIET: Duration = Duration::from_secs(8);

/// So many policies of one subscription, two of which each resource does not comply with.
pub(crate) async fn measure(policies: usize, resources: usize) -> String {
    let Ok(Some(peer)) = Peer::find() else { return MISSING.to_owned() };
    let mut estate = land(1);
    for n in 0..policies {
        let policy = format!("{DEFINITION}-{n}");
        estate = estate.with_definition(Definition::new(policy.as_str(), "Modify").with_role(CONTRIBUTOR));
        estate = plot(estate, 0, &format!("T{n}"), &policy);
        for place in 0..resources {
            // The next policy has half of them, too.
            estate = estate.with_record(record(0, n * resources / 2 + place, &format!("T{n}")));
        }
    }
    let wanted = estate.records.len();
    let theirs = putting(&peer, estate.clone(), wanted).await;
    let ours = worker(estate, wanted).await;
    format!(
        "{wanted} events of {policies} policies in one subscription: one PUT an event: {theirs}; the worker: {ours}"
    )
}

async fn putting(peer: &Peer, estate: Estate, wanted: usize) -> String {
    let all = events(&estate);
    let stage = Stage::without_worker(estate).await;
    let folder = tempfile::tempdir().expect("a folder");
    lay_out(folder.path(), &PACKAGE, peer.path()).expect("a package");
    let event_grid = EventGridPolicy { parallel: 64, ..EventGridPolicy::default() };
    let mut options = HostOptions { event_grid, ..stage.azure.host_options() };
    options.settings.insert("PEER_PUTS".to_owned(), "1".to_owned());
    let (before, begun) = (of_workers(), Instant::now());
    let host = FunctionsHost::start(folder.path(), stage.azure.broker().clone(), options).await.expect("a host");
    let report = host.deliver("receive-event", all).await;
    let mut last = (stage.unfit(), Instant::now());
    while last.0 > 0 && last.1.elapsed() < QUIET {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let unfit = stage.unfit();
        if unfit != last.0 {
            last = (unfit, Instant::now());
        }
    }
    let took = last.1 - begun;
    let memory = host.peak_rss_bytes(0) >> 20;
    host.shutdown().await;
    let line = told(&stage, wanted, took, of_workers() - before, memory);
    format!("{line}, {} events given up by Event Grid", report.dropped.len())
}

async fn worker(estate: Estate, wanted: usize) -> String {
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let (before, begun) = (of_workers(), Instant::now());
    let settings = [("FACTS_TTL", "10m"), ("RUST_LOG", "warn,policy_remediator=info")];
    stage.start_worker(&settings, 1).await;
    stage.deliver(all).await;
    until("all is fixed", || stage.unfit() == 0).await;
    let took = begun.elapsed();
    let memory = stage.host().peak_rss_bytes(0) >> 20;
    stage.stop_worker().await;
    told(&stage, wanted, took, of_workers() - before, memory)
}

fn told(stage: &Stage, wanted: usize, took: Duration, processors: f64, memory: u64) -> String {
    format!(
        "{} tasks, {} refused, {} times a resource in two tasks at once, {:.0} % fixed after {:.1} s, {processors:.1} s of a processor, \
         {memory} MiB",
        stage.manager.tasks().len(),
        stage.manager.refused_writes().len(),
        stage.manager.overlaps().len(),
        100.0 * (wanted - stage.unfit()) as f64 / wanted as f64,
        took.as_secs_f64(),
    )
}
