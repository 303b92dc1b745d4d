//! Instances by function: processes of their own, several of them side by side.

use std::collections::BTreeMap;

use serde_json::json;
use simulator::{functions_host::HostOptions, service_bus::Message};

use crate::support::{Gate, LIMIT, broker, options, post, start, until};

#[tokio::test]
async fn every_function_is_served_by_processes_of_its_own_and_all_of_them_at_once() {
    let (broker, gate) = (broker(10), Gate::closed());
    let host = start(&broker, HostOptions { instances: 2, split: true, ..options(&[]) }).await;
    assert_eq!(host.instances(), 10, "two for each of the five");
    let groups: Vec<Vec<usize>> = host.functions().iter().map(|function| host.instances_of(function)).collect();
    let mut numbers: Vec<usize> = groups.iter().flatten().copied().collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>(), "nobody serves two");

    let held = |n: u64| Message::text(format!("{n} {}", gate.word()));
    broker.send("work", (0..6).map(held).collect()).unwrap().unwrap();
    until(|| broker.counts("work").locked == 6).await;
    // While both instances of the queue are busy, the others work.
    let path = "/runtime/webhooks/eventgrid?functionName=receive-event";
    assert_eq!(post(&host, path, "Notification", json!({"id": "1", "data": {}})).await.0, 202);
    host.fire("sweep").await.unwrap().unwrap();
    gate.open();
    assert!(host.until_idle(LIMIT).await);
    host.drain_log();
    let mut seen: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for line in host.log() {
        let path =
            line.text.strip_prefix("seen ").and_then(|seen| serde_json::from_str::<serde_json::Value>(seen).ok());
        if let Some(path) = path {
            let function = path["path"].as_str().unwrap().trim_start_matches('/').to_owned();
            seen.entry(function).or_default().push(line.instance);
        }
    }
    for (function, instances) in &seen {
        let own = host.instances_of(function);
        assert!(instances.iter().all(|instance| own.contains(instance)), "{function}: {instances:?}, not {own:?}");
    }
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["collect", "receive-event", "sweep"]);
    let mut queue = seen["collect"].clone();
    queue.sort_unstable();
    queue.dedup();
    assert_eq!(queue, host.instances_of("collect"), "both worked on the queue");
    // The death of one is nothing to the others.
    let [first, _] = host.instances_of("collect")[..] else { panic!("two") };
    host.kill(first);
    until(|| host.starts(first) == 2).await;
    let others = numbers.iter().filter(|number| **number != first);
    assert!(others.copied().all(|number| host.starts(number) == 1));
}
