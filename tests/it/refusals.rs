//! Storage and Service Bus that refuse for a while, with whatever status: no item is lost or blamed, and no queue is drained.

use std::time::{Duration, Instant};

use serde_json::json;
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::service_bus::QueueRules;

use crate::stage::{Stage, account, assignment, events, land, observation, record, until};

const RESOURCES: usize = 20;
/// A failing invocation is held for all of it, so that ten deliveries last for twenty seconds.
const BUDGET: &str = "2s";
/// What one's own storage or bus may answer with until a role, a firewall, a lease, a container or a queue is as it should be.
const STATUSES: [u16; 7] = [403, 401, 404, 409, 410, 412, 500];

fn refuse(stage: &Stage, service: Service, status: u16) {
    stage.azure.faults().add(Rule::new("refused", service, Which::Always, Kind::Status(status)));
}

/// A service that refuses everything, with one status after the other, for five seconds in all.
async fn refusing(service: Service) {
    let estate = (0..RESOURCES).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    stage.azure.broker().create("noncompliant-resources", QueueRules::standard(10));
    refuse(&stage, service, STATUSES[0]);
    stage.enqueue("noncompliant-resources", bodies);
    stage.start_worker(&[("INVOCATION_BUDGET", BUDGET)], 1).await;
    for status in STATUSES {
        refuse(&stage, service, status);
        until("it was refused", || stage.azure.faults().hits("refused") > 0).await;
        let begun = Instant::now();
        until("it has lasted", || begun.elapsed() > Duration::from_millis(700)).await;
    }
    let counts = stage.azure.broker().counts("noncompliant-resources");
    assert_eq!(counts.dead_lettered, 0, "{service}: {counts:?}");
    assert!(stage.logged("invocation_failed").len() <= 8, "{service}: it fails slowly");
    stage.azure.faults().remove("refused");
    stage.settled(RESOURCES).await;
    assert_eq!((stage.rejected().len(), stage.unfit()), (0, 0), "{service}: everything is remediated once it serves");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_or_service_bus_that_refuses_with_any_status_costs_no_item_and_drains_no_queue() {
    tokio::join!(refusing(Service::Blob), refusing(Service::ServiceBus));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_invocation_of_a_queue_is_held_whatever_the_cause() {
    let stage = Stage::with(land(1), &[("INVOCATION_BUDGET", BUDGET)]).await;
    let good = json!({ "Data": { "messages": "[\"{}\"]" } }).to_string();
    refuse(&stage, Service::Blob, 403);
    let calls = [
        ("/collect", "no json"),
        ("/remediate", "{}"),
        ("/collect", r#"{"Data":{"messages":7}}"#),
        // What cannot be read has to be rejected, and storage refuses.
        ("/collect", good.as_str()),
        // A function of another version's package.
        ("/receive-queued-events", "{}"),
    ];
    let held = calls.map(|(path, body)| {
        let stage = &stage;
        async move {
            let begun = Instant::now();
            let (status, _, answer) = stage.ask("POST", path, body).await;
            assert!(status >= 400, "{path} {body}: {status} {answer}");
            assert!(begun.elapsed() >= Duration::from_millis(1_900), "{path} {body}: after {:?}", begun.elapsed());
        }
    });
    futures::future::join_all(held).await;
    // Event Grid waits for its answer and backs off by itself.
    let begun = Instant::now();
    assert_eq!(stage.ask("POST", "/receive-event", "no json").await.0, 500);
    assert!(begun.elapsed() < Duration::from_millis(1_900), "{:?}", begun.elapsed());
    stage.azure.faults().remove("refused");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_cannot_be_written_ends_the_invocation_within_its_budget() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("INVOCATION_BUDGET", BUDGET)]).await;
    let leased = Rule::new("leased", Service::Blob, Which::Always, Kind::Status(412));
    stage.azure.faults().add(leased.method("PUT").path_contains("targets"));
    stage.deliver(all).await;
    until("two invocations have ended", || stage.logged("invocation_failed").len() == 2).await;
    let tries = stage.azure.faults().hits("leased");
    assert!(tries < 30, "it is repeated without a pause: {tries}");
    stage.azure.faults().remove("leased");
    stage.settled(1).await;
    assert_eq!(stage.unfit(), 0);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_cannot_be_written_holds_up_no_other_target() {
    let estate = land(2).with_record(record(0, 0, "Tag")).with_record(record(1, 0, "Tag"));
    let bodies: Vec<String> = estate.records.iter().map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    let leased = Rule::new("leased", Service::Blob, Which::Always, Kind::Status(412));
    let path = format!("targets%2F{}", crate::stage::subscription(0));
    stage.azure.faults().add(leased.method("PUT").path_contains(path));
    stage.enqueue("noncompliant-resources", bodies);
    stage.start_worker(&[("INVOCATION_BUDGET", BUDGET)], 1).await;
    until("the other is fixed", || stage.complies(&assignment(1, "Tag"), &account(1, 0))).await;
    until("it is told", || !stage.logged("target_stopped").is_empty()).await;
    stage.azure.faults().remove("leased");
    stage.settled(2).await;
    assert_eq!(stage.unfit(), 0);
    stage.at_rest().await;
}
