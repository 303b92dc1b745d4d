//! A later evaluation verifies a fix; how long both took is logged for each resource, and summed where `sweep` finds it
//! without reading a document.

use serde_json::Value;
use simulator::estate::{EventKind, Failure};

use crate::stage::{Stage, events, land, record, until};

const RESOURCES: usize = 6;
/// Of these the evaluation after the fix is told.
const VERIFIED: usize = 4;

fn sum(lines: &[Value], field: &str) -> f64 {
    lines.iter().map(|line| line[field].as_f64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_tells_how_many_were_fixed_and_verified_in_a_day_and_how_long_that_took() {
    let mut estate = land(2);
    for place in 0..RESOURCES {
        let one = record(place % 2, place, "Tag");
        let one = if place == 0 { one.failing(1, Failure::service_unavailable()) } else { one };
        estate = estate.with_record(one);
    }
    // Parked in the end.
    estate = estate.with_record(record(0, RESOURCES, "Tag").always_failing(Failure::invalid_template_deployment()));
    let burst = events(&estate);
    let stage = Stage::start(estate.clone()).await;
    stage.deliver(burst).await;
    stage.settled(RESOURCES + 1).await;
    let compliant = |place: usize| stage.manager.event(&estate.records[place].key, EventKind::Changed).unwrap();
    // Told twice: a fix is verified once.
    let evaluations = || (0..VERIFIED).map(|place| compliant(place).event_grid()).collect::<Vec<_>>();
    stage.deliver(evaluations()).await;
    stage.deliver(evaluations()).await;
    until("the fixes are verified", || stage.verified() >= VERIFIED && stage.host().idle()).await;
    stage.host().fire("sweep").await.unwrap().unwrap();

    let swept = &stage.logged("swept")[0];
    let (fixed, verified) = (stage.told("resource_fixed", RESOURCES).await, stage.logged("fixes_verified"));
    assert_eq!(stage.verified(), VERIFIED);
    assert_eq!(swept["fixed_24h"].as_u64(), Some(RESOURCES as u64));
    assert_eq!(swept["verified_24h"].as_u64(), Some(VERIFIED as u64));
    assert_eq!((&swept["parked_24h"], &swept["retried_24h"]), (&1.into(), &1.into()), "{swept}");
    for (total, lines, field) in [
        ("observed_to_fixed_seconds_24h", &fixed, "observed_to_fixed_seconds"),
        ("observed_to_verified_seconds_24h", &verified, "observed_to_verified_seconds"),
    ] {
        let (told, wanted) = (swept[total].as_f64().unwrap(), sum(lines, field));
        assert!(wanted > 0.0 && (told - wanted).abs() < 0.1, "{total}: {told}, the lines say {wanted}");
    }
    for blob in stage.azure.blobs().list("state", "targets/") {
        let document: Value = serde_json::from_slice(&blob.content).unwrap();
        let hours = document["hours"].as_array().unwrap();
        assert_eq!(blob.metadata["hours"].split(';').count(), hours.len(), "{}", blob.name);
    }
    stage.at_rest().await;
}
