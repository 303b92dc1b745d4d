//! What a wave costs in writes of documents: each is money, and a round trip while others wait.

use std::collections::BTreeMap;

use simulator::Service;

use crate::stage::{Stage, events, land, record};

const TARGETS: usize = 4;
const RESOURCES: usize = 10;
/// Of a target's document: what was seen, the opening, the open task, its end; in between it is only read.
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

    let mut writes = BTreeMap::<String, usize>::new();
    for call in stage.azure.ledger().of(Service::Blob) {
        if call.method == "PUT" && call.status.is_some_and(|status| status < 300) {
            let folder = call.path.split('/').nth(2).unwrap_or_default().split("%2F").next().unwrap_or_default();
            *writes.entry(folder.to_owned()).or_default() += 1;
        }
    }
    let of = |folder: &str| writes.get(folder).copied().unwrap_or_default();
    println!("{TARGETS} tasks, writes of documents: {writes:?}");
    assert!(of("targets") <= OF_TARGET * TARGETS, "{writes:?}");
    assert!(of("subscriptions") <= SHARED * TARGETS, "{writes:?}");
    stage.at_rest().await;
}
