//! Storage and Service Bus that refuse every token (401) for some seconds, as when keys are rolled or clocks are mended: no item is
//! lost, none is rejected, and the identity is not asked again and again.

use std::time::{Duration, Instant};

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::service_bus::QueueRules;

use crate::stage::{Stage, events, land, observation, record, until};

const RESOURCES: usize = 10;
const LASTING: Duration = Duration::from_secs(4);

/// A 401 of both that outlasts an invocation with this budget, or not.
async fn refused(budget: &str) {
    let estate = (0..2 * RESOURCES).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let by_event = events(&estate).split_off(RESOURCES);
    let mut stage = Stage::without_worker(estate).await;
    for queue in ["noncompliant-resources", "wake-ups"] {
        stage.azure.broker().create(queue, QueueRules::standard(10));
    }
    let services = [Service::Blob, Service::ServiceBus];
    for service in services {
        stage.azure.faults().add(Rule::new(service.to_string(), service, Which::Always, Kind::Status(401)));
    }
    let hits = |stage: &Stage| services.map(|service| stage.azure.faults().hits(&service.to_string()));
    stage.enqueue("noncompliant-resources", bodies[..RESOURCES].to_vec());
    stage.start_worker(&[("INVOCATION_BUDGET", budget)], 1).await;
    let delivery = tokio::spawn(stage.host().deliver("receive-event", by_event));
    until("both were met", || hits(&stage).iter().all(|hits| *hits > 1)).await;
    let begun = Instant::now();
    until("it has lasted", || begun.elapsed() > LASTING).await;
    assert!(stage.documents().is_empty() && stage.rejected().is_empty(), "{budget}");
    for service in services {
        assert!(stage.azure.faults().remove(&service.to_string()));
    }
    assert!(delivery.await.unwrap().dropped.is_empty(), "{budget}");
    stage.settled(2 * RESOURCES).await;
    assert_eq!((stage.unfit(), stage.count("fixed"), stage.rejected().len()), (0, 2 * RESOURCES, 0), "{budget}");
    for queue in ["noncompliant-resources", "wake-ups"] {
        assert_eq!(stage.azure.broker().counts(queue).dead_lettered, 0, "{budget}: {queue}");
    }
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_storage_and_service_bus_refuse_for_some_seconds_cost_no_item() {
    tokio::join!(refused("30s"), refused("1s"));
}
