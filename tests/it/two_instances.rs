//! Two instances at one target: the document's ETag decides, and who loses decides again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, land, observation, record, until_met};

const RESOURCES: usize = 200;
const EACH: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_racing_on_one_document_for_a_thousand_events_lose_nothing_and_do_nothing_twice() {
    until_met("a write of one instance loses a race against one of the other", [200, 1_000, 5_000], race).await;
}

/// Whether a write lost a race, when the first ones take so many milliseconds.
async fn race(milliseconds: u64) -> bool {
    let mut estate = land(1);
    for place in 0..RESOURCES {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    // Newest first and interleaved: order of arrival must not matter.
    let seen = |age: usize| time::Duration::milliseconds(i64::try_from(age * 10).unwrap());
    let bodies: Vec<String> = (0..EACH)
        .flat_map(|age| estate.records.iter().map(move |r| observation(r, r.evaluated_at - seen(age)).to_string()))
        .collect();
    assert_eq!(bodies.len(), 1000);
    let newest: BTreeMap<String, _> =
        estate.records.iter().map(|r| (r.key.resource.lower().to_owned(), r.evaluated_at)).collect();
    let mut stage = Stage::without_worker(estate).await;
    // The first writes take a while, so that the other instance reads in between.
    let slow = Rule::new("slow", Service::Blob, Which::First(12), Kind::Delay(Duration::from_millis(milliseconds)));
    stage.azure.faults().add(slow.method("PUT").path_contains("targets%2F"));
    stage.enqueue("noncompliant-resources", bodies);
    stage.start_worker(&[], 2).await;
    stage.settled(RESOURCES).await;

    assert_eq!((stage.unfit(), stage.count("fixed")), (0, RESOURCES));
    let mut tasks_of: BTreeMap<String, usize> = BTreeMap::new();
    for task in stage.manager.tasks() {
        task.resources.iter().for_each(|id| *tasks_of.entry(id.lower().to_owned()).or_default() += 1);
    }
    assert!(tasks_of.len() == RESOURCES && tasks_of.values().all(|count| *count == 1), "{tasks_of:#?}");
    for (_, resource, entry) in stage.entries() {
        let observed = simulator::estate::parse_instant(entry["observedAt"].as_str().unwrap()).unwrap();
        let difference = (observed - newest[&resource]).abs();
        assert!(difference < time::Duration::microseconds(1), "{resource}: the newest evaluation counts");
    }
    let lost_races = stage.azure.ledger().count(|e| e.service == Service::Blob && matches!(e.status, Some(409 | 412)));
    println!("{lost_races} writes lost a race");
    let instances: BTreeSet<usize> = stage.lines().iter().map(|line| line.instance).collect();
    assert_eq!(instances, BTreeSet::from([0, 1]));
    stage.at_rest().await;
    lost_races > 0
}
