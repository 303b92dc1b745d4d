//! Wake-ups that the worker refuses, because it cannot read them or they are of a newer worker, are rejected with the reason; the
//! wake-ups that travel with them are served.

use serde_json::{Value, json};
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::service_bus::QueueRules;

use crate::stage::{Expected, Stage, land, observation, record, until};

const TARGETS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn wake_ups_that_the_worker_refuses_are_rejected_with_the_reason_and_their_neighbours_are_served() {
    let estate = (0..TARGETS).fold(land(TARGETS), |estate, number| estate.with_record(record(number, 0, "Tag")));
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    let unheard = Rule::new("unheard", Service::Functions, Which::Always, Kind::CutBefore);
    stage.azure.faults().add(unheard.path_contains("/remediate"));
    stage.enqueue("noncompliant-resources", bodies);
    stage.start_worker(&[], 1).await;
    let completed = |stage: &Stage| stage.azure.broker().counts("noncompliant-resources").completed;
    until("all are known", || stage.count("waiting") == TARGETS && completed(&stage) == TARGETS as u64).await;
    stage.stop_worker().await;
    // Their own wake-ups are lost; one batch, with what is no wake-up before, between and behind the good ones.
    stage.azure.broker().create("wake-ups", QueueRules::standard(1000));
    stage.azure.faults().clear();
    let good: Vec<Value> = stage
        .documents()
        .into_values()
        .map(|it| json!({ "version": 1, "target": it["target"], "generation": it["generation"] }))
        .collect();
    let but = |member: &str, value: Value| {
        let mut wake_up = good[0].clone();
        wake_up[member] = value;
        wake_up.to_string()
    };
    let refused = [
        ("nonsense".to_owned(), "cannot be read"),
        (String::new(), "cannot be read"),
        (json!({ "version": 1 }).to_string(), "cannot be read"),
        (but("generation", json!(-1)), "cannot be read"),
        (but("target", json!({ "scope": "/nowhere", "policyAssignmentId": "a" })), "cannot be read"),
        (but("version", json!(2)), "has version 2, this worker knows up to 1; deploy the newer worker"),
        (but("version", json!(0)), "has version 0"),
    ];
    let mut batch: Vec<String> = refused.iter().map(|(body, _)| body.clone()).collect();
    for (place, wake_up) in good.iter().enumerate() {
        batch.insert(place * 3, wake_up.to_string());
    }
    stage.enqueue_as_one_batch("wake-ups", batch);
    let before = stage.azure.ledger().mark();
    stage.start_worker(&[], 1).await;
    stage.settled(TARGETS).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, TARGETS));
    let calls = stage.azure.ledger().since(before).0;
    let first = calls.iter().find(|e| e.service == Service::Functions && e.path == "/remediate").unwrap();
    assert_eq!(first.status, Some(200), "one batch, acknowledged at once");
    let rejected = stage.rejected();
    assert_eq!(rejected.len(), refused.len(), "{rejected:#?}");
    for (body, words) in &refused {
        let item = rejected.iter().find(|item| item["payload"] == body.as_str()).unwrap();
        assert_eq!((&item["function"], &item["queue"]), (&json!("remediate"), &json!("wake-ups")));
        assert!(item["reason"].as_str().unwrap().contains(words), "{item}");
    }
    stage.told("item_rejected", refused.len()).await;
    stage.at_rest_with(Expected { rejected: refused.len(), ..Expected::default() }).await;
}
