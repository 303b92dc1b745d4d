//! What dense events cost: many resources of each of many targets, from the queue until all is fixed, with every operation that is
//! billed counted, and the log of worker and host. The prices are assumed ones: `docs/scale.md` says which and what is left out.

use std::time::Duration;

use simulator::Service;
use simulator::estate::Definition;
use simulator::functions_host::LogStream;
use simulator::ledger::Entry;
use simulator::service_bus::event_grid;

use crate::counted::{Insights, Writes};
use crate::processors::of_workers;
use crate::stage::{CONTRIBUTOR, DEFINITION, Stage, events, land, plot, record, until};

const POLICIES: usize = 20;

/// Dollars for a million operations, or for a gigabyte or a gigabyte-second. Assumed: list prices of a European region, 2026.
mod dollars {
    pub(super) const EVENT_GRID: f64 = 0.60;
    pub(super) const SERVICE_BUS: f64 = 0.80;
    pub(super) const BLOB_WRITE: f64 = 5.40;
    pub(super) const BLOB_READ: f64 = 0.43;
    pub(super) const EXECUTION: f64 = 0.40;
    pub(super) const GIGABYTE_SECOND: f64 = 0.000_026;
    pub(super) const LOG_GIGABYTE: f64 = 2.76;
}

/// What a line of the log weighs in its table on top of its text. Assumed.
const OF_A_LINE: usize = 500;
/// What the host tells of an execution, a row of its table of requests, with the text. Assumed; its lines of functions are silenced by
/// `host.json`.
const OF_AN_EXECUTION: f64 = 1_500.0;
/// Memory of an instance, in gigabytes: the smallest one, of which the worker needs a tenth.
const GIGABYTES: f64 = 0.5;

/// So many targets with so many resources each.
pub(crate) async fn measure(targets: usize, resources: usize) -> String {
    let mut estate = land(targets.div_ceil(POLICIES));
    for n in 0..POLICIES {
        let policy = format!("{DEFINITION}-{n}");
        estate = estate.with_definition(Definition::new(policy.as_str(), "Modify").with_role(CONTRIBUTOR));
    }
    for target in 0..targets {
        let (number, name) = (target / POLICIES, format!("T{}", target % POLICIES));
        estate = plot(estate, number, &name, &format!("{DEFINITION}-{}", target % POLICIES));
        // Of a resource that several policies remediate one task runs at a time, and that is not what is counted here.
        let first = target % POLICIES * resources;
        for place in first..first + resources {
            estate = estate.with_record(record(number, place, &name));
        }
    }
    let all = events(&estate);
    let count = all.len();
    let mut stage = Stage::without_worker(estate).await;
    stage.azure.ledger().keep_bodies(false);
    let settings = [
        ("FACTS_TTL", "10m"),
        ("COALESCE_WINDOW", "5s"),
        ("CHECK_INTERVAL_MIN", "4s"),
        ("CHECK_INTERVAL_MAX", "30s"),
        ("RUST_LOG", "warn,policy_remediator=info"),
    ];
    let before = of_workers();
    event_grid::deliver(stage.azure.broker(), "policy-events", &all).expect("the queue is there").expect("it has room");
    stage.start_worker(&settings, 1).await;
    until("all is fixed", || stage.count("fixed") >= count).await;
    let line = told(&stage, count);
    stage.stop_worker().await;
    let processors = (of_workers() - before) * 1e6 / count as f64;
    let ledger = stage.azure.ledger();
    let waves = stage.manager.tasks().len() as f64;
    format!(
        "{targets} targets with {resources} resources each: {line}; {processors:.0} µs of a processor an event; for 100 resources {}; a \
         wave {}",
        Insights::of(ledger).line(count as f64 / 100.0),
        Writes::of(ledger).line(waves)
    )
}

/// What was counted, for a million events.
fn told(stage: &Stage, events: usize) -> String {
    let each = |of: f64| of * 1e6 / events as f64;
    let ledger = stage.azure.ledger();
    let count = |is: fn(&Entry) -> bool| each(ledger.filter(is).len() as f64) / 1e6;
    let writes = count(|entry| entry.service == Service::Blob && (entry.method == "PUT" || is_list(entry)));
    let reads = count(|entry| {
        entry.service == Service::Blob && matches!(entry.method.as_str(), "GET" | "HEAD") && !is_list(entry)
    });
    let runs = ledger.filter(|entry| entry.service == Service::Functions);
    let executions = each(runs.len() as f64) / 1e6;
    let busy: Duration = runs.iter().map(|run| run.took).sum();
    let seconds = each(busy.as_secs_f64());
    // To send, to receive and to settle.
    let broker = stage.azure.broker();
    let messages: f64 = broker
        .queues()
        .iter()
        .map(|queue| broker.counts(queue))
        .map(|counts| (counts.stored + 2 * counts.completed) as f64)
        .sum();
    let messages = each(messages) / 1e6;
    let lines = stage.lines();
    let weigh = |host: bool| {
        let lines = lines.iter().filter(|line| (line.stream == LogStream::Host) == host);
        each(lines.map(|line| line.text.len() + OF_A_LINE).sum::<usize>() as f64) / 1e9
    };
    let (own, hosts) = (weigh(false), weigh(true) + executions * OF_AN_EXECUTION / 1e3);
    let arm = count(|entry| entry.service == Service::ResourceManager);
    let parts = [
        ("Event Grid", dollars::EVENT_GRID),
        ("Service Bus", messages * dollars::SERVICE_BUS),
        ("storage", writes * dollars::BLOB_WRITE + reads * dollars::BLOB_READ),
        ("functions", executions * dollars::EXECUTION + seconds * GIGABYTES * dollars::GIGABYTE_SECOND),
        ("log", (own + hosts) * dollars::LOG_GIGABYTE),
    ];
    let all: f64 = parts.iter().map(|(_, dollars)| dollars).sum();
    let parts: Vec<_> = parts.iter().map(|(what, dollars)| format!("{what} {dollars:.2}")).collect();
    format!(
        "an event: {messages:.2} operations of Service Bus, {writes:.3} writes and {reads:.3} reads of storage, {executions:.4} \
         executions, {:.2} ms of them, {arm:.3} calls of Resource Manager, {:.0} bytes of the worker's log and {:.0} of the host's; \
         a million events: {all:.2} dollars ({})",
        seconds / 1e3,
        own * 1e3,
        hosts * 1e3,
        parts.join(", ")
    )
}

fn is_list(entry: &Entry) -> bool {
    entry.query.contains("comp=list")
}
