//! One target with very many resources, wave after wave: what is asked of Policy Insights and written into storage for each.

use std::time::Instant;

use crate::counted::{Insights, Writes, bytes};
use crate::stage::{Stage, land, observation, record, until_done};
use simulator::Service;

/// Resources of a task at most.
const WAVE: usize = 100;

/// So many resources of it.
pub(crate) async fn measure(resources: usize) -> String {
    let mut estate = land(1);
    estate.records = (0..resources).map(|place| record(0, place, "Tag")).collect();
    let bodies: Vec<_> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    let settings = [
        ("FACTS_TTL", "10m"),
        // One task for all would have no waves.
        ("ESCALATE_ABOVE", "50000"),
        ("COALESCE_WINDOW", "5s"),
        ("CHECK_INTERVAL_MIN", "1s"),
        ("CHECK_INTERVAL_MAX", "8s"),
        ("RUST_LOG", "warn,policy_remediator=info"),
    ];
    stage.start_worker(&settings, 1).await;
    // All are known before the first wave goes, so that what is counted are waves.
    stage.enqueue("noncompliant-resources", bodies);
    let begun = Instant::now();
    let calls = || stage.azure.ledger().count(|entry| entry.service == Service::ResourceManager);
    until_done("all is fixed", calls, || stage.count("fixed") >= resources).await;
    let took = begun.elapsed().as_secs_f64();
    let ledger = stage.azure.ledger().clone();
    let waves = stage.manager.tasks().len();
    stage.stop_worker().await;
    let (written, changed) = bytes(&ledger);
    format!(
        "{resources} resources of one target: {waves} waves in {took:.1} s; a wave: {}; {}; {:.0} kB of documents where {:.0} kB of \
         entries changed, {:.1} times that; {:.0} MB in all",
        Insights::of(&ledger).line(resources as f64 / WAVE as f64),
        Writes::of(&ledger).line(waves as f64),
        written as f64 / waves as f64 / 1e3,
        changed as f64 / waves as f64 / 1e3,
        written as f64 / changed as f64,
        written as f64 / 1e6,
    )
}
