//! Many targets of many subscriptions that are due at once, where each call takes its time and a subscription's calls go one at a time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::ledger::Entry;

use crate::stage::{DEFINITION, Stage, events, land, plot, record, subscription, until};

/// So many targets in each of so many subscriptions, each with one resource.
pub(crate) async fn measure(subscriptions: usize, targets: usize, milliseconds: u64, instances: usize) -> String {
    let latency = Duration::from_millis(milliseconds);
    let mut estate = land(subscriptions);
    for number in 0..subscriptions {
        for n in 0..targets {
            let name = format!("T{n}");
            estate = plot(estate, number, &name, DEFINITION).with_record(record(number, n, &name));
        }
    }
    let all = events(&estate);
    let settings = [("FACTS_TTL", "10m"), ("CHECK_INTERVAL_MIN", "2s"), ("CHECK_INTERVAL_MAX", "4s")];
    let mut stage = Stage::without_worker(estate).await;
    stage.azure.faults().add(Rule::new("slow", Service::ResourceManager, Which::Always, Kind::Delay(latency)));
    stage.start_worker(&settings, instances).await;
    let begun = Instant::now();
    stage.deliver(all).await;
    until("all is fixed", || stage.count("fixed") >= subscriptions * targets).await;
    let took = begun.elapsed().as_secs_f64();
    let calls = stage.azure.ledger().of(Service::ResourceManager);
    let mut of_one: HashMap<String, u32> = HashMap::new();
    for call in &calls {
        let id = (0..subscriptions).map(subscription).find(|id| call.path.contains(id.as_str()));
        *of_one.entry(id.unwrap_or_default()).or_default() += 1;
    }
    let most = of_one.values().copied().max().unwrap_or_default();
    let needed = f64::from(most) * latency.as_secs_f64();
    let is_write =
        |entry: &Entry| entry.service == Service::Blob && entry.method == "PUT" && entry.path.contains("/state/");
    let writes = stage.azure.ledger().filter(is_write);
    let lost = writes.iter().filter(|entry| matches!(entry.status, Some(409 | 412))).count();
    let read: usize = {
        let is_read = |entry: &Entry| {
            entry.service == Service::Blob && entry.method == "GET" && entry.path.contains("/subscriptions")
        };
        stage
            .azure
            .ledger()
            .filter(is_read)
            .iter()
            .map(|entry| entry.response_body.as_ref().map_or(0, |b| b.len()))
            .sum()
    };
    let passes = stage.logged("target_reconciled").len().max(1);
    let line = format!(
        "{} targets of {subscriptions} subscriptions, {milliseconds} ms a call, {instances} instance(s): {took:.1} s; the calls of the \
         busiest subscription take {needed:.1} s ({:.2}); {} calls; {lost} of {} writes lost ({:.1} %); {} bytes of subscriptions' \
         documents a pass",
        subscriptions * targets,
        took / needed,
        calls.len(),
        writes.len(),
        100.0 * lost as f64 / writes.len().max(1) as f64,
        read / passes
    );
    stage.stop_worker().await;
    line
}
