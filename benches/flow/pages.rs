//! Very many events of one target, where each query of policy states takes a second.

use std::time::{Duration, Instant};

use simulator::Service;
use simulator::estate::ComplianceRecord;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, land, observation, record, until};

/// Until so many tasks are open, it shows that the target is served.
const TASKS: usize = 3;

/// As many observations, each of a resource of its own.
pub(crate) async fn measure(events: usize) -> String {
    let records: Vec<ComplianceRecord> = (0..events).map(|place| record(0, place, "Tag")).collect();
    let bodies: Vec<String> = records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut estate = land(1);
    estate.records = records;
    let mut stage = Stage::without_worker(estate).await;
    let slow = Rule::new("slow", Service::ResourceManager, Which::Always, Kind::Delay(Duration::from_secs(1)));
    stage.azure.faults().add(slow.path_contains("/policyStates/"));
    stage.enqueue("noncompliant-resources", bodies);
    let begun = Instant::now();
    // A line for each of so many events would cost more than the work.
    stage.start_worker(&[("FACTS_TTL", "10m"), ("RUST_LOG", "warn,policy_remediator=info")], 1).await;
    until("the target is served", || stage.logged("task_ended").len() >= TASKS.min(events.div_ceil(100))).await;
    let took = begun.elapsed().as_secs_f64();
    let (fixed, queries) = (stage.count("fixed"), stage.calls("queryStates"));
    let line = format!(
        "{events} events of one target, 1 s a query: {} tasks ended after {took:.1} s, {fixed} fixed, {queries} queries",
        stage.logged("task_ended").len()
    );
    stage.stop_worker().await;
    line
}
