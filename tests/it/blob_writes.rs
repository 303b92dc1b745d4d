//! What a wave costs in writes of documents: each is money, and a round trip while others wait.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator::Service;

use crate::stage::{Stage, events, land, record};

const TARGETS: usize = 4;
const RESOURCES: usize = 10;
/// Of a target's document: the opening, the open task, its outcome, the time when the fix is asked about.
const OF_TARGET: usize = 4;
/// Of the documents that targets share: the claim and its end. Bookings of controls are off here.
const SHARED: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_takes_few_writes_of_documents() {
    let mut estate = land(TARGETS);
    for target in 0..TARGETS {
        for n in 0..RESOURCES {
            estate = estate.with_record(record(target, n, "Tag"));
        }
    }
    let all = events(&estate);
    // Verification is a wave of its own, a day later.
    let stage = Stage::with(estate, &[("COALESCE_WINDOW", "3s"), ("SETTLE_DELAY", "2s")]).await;
    stage.deliver(all).await;
    stage.settled(TARGETS * RESOURCES).await;
    assert_eq!((stage.count("fixed"), stage.manager.accepted_writes().len()), (TARGETS * RESOURCES, TARGETS));

    let mut of_targets = BTreeMap::<String, Vec<Value>>::new();
    let mut shared = 0;
    for call in stage.azure.ledger().of(Service::Blob) {
        if call.method == "PUT" && call.status.is_some_and(|status| status < 300) {
            let document = serde_json::from_slice(call.request_body.as_deref().unwrap_or_default()).unwrap_or_default();
            if call.path.contains("targets") {
                of_targets.entry(call.path).or_default().push(document);
            } else if call.path.contains("subscriptions") {
                shared += 1;
            }
        }
    }
    let is_before = |document: &&Value| document["active"].is_null() && document["history"] == json!([]);
    for (path, writes) in &of_targets {
        // As many as the host made batches of the events, and none besides.
        let seen: Vec<&Value> = writes.iter().filter(is_before).map(|document| &document["resources"]).collect();
        assert!(seen.windows(2).all(|two| two[0] != two[1]), "{path}: {writes:#?}");
        let of_task = writes.len() - seen.len();
        assert!(of_task <= OF_TARGET, "{path}: {of_task} {writes:#?}");
    }
    let all: usize = of_targets.values().map(Vec::len).sum();
    println!("{TARGETS} tasks: {all} writes of targets' documents, {shared} of what they share");
    assert_eq!(of_targets.len(), TARGETS);
    assert!(shared <= SHARED * TARGETS, "{shared}");
    stage.at_rest().await;
}
