//! SIGKILL at each of the six writes that open a task, just before and just after it, and at those that end one. After the
//! redelivery every resource has been in exactly one task, none is forgotten, and no claim stays behind.

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, land, observation, record, until};

const RESOURCES: usize = 4;

/// A write, by how it looks on the wire.
struct Write {
    service: Service,
    method: &'static str,
    path: &'static str,
    body: &'static str,
}

/// Kills the worker at the write, in one run before and in another after the service has done it.
async fn killed_at(write: Write) {
    tokio::join!(killed(&write, Kind::KillBefore), killed(&write, Kind::KillAfter));
}

async fn killed(write: &Write, kind: Kind) {
    let mut estate = land(1);
    for place in 0..RESOURCES {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    // All are there before the worker is, and the first is due first: one batch and one wake-up, so the next is of generation 2.
    let records = estate.records.iter().rev();
    let bodies: Vec<String> = records.map(|r| observation(r, r.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    stage.enqueue_as_one_batch("noncompliant-resources", bodies);
    let rule = Rule::new("kill", write.service, Which::First(1), kind).method(write.method);
    stage.azure.faults().add(rule.path_contains(write.path).body_contains(write.body));
    stage.start_worker(&[], 1).await;
    let is_over = || stage.is_settled() && stage.entries().len() == RESOURCES;
    until("the worker is back after its death", || stage.host().starts(0) > 1 || is_over()).await;
    stage.settled(RESOURCES).await;

    assert_eq!(stage.azure.faults().hits("kill"), 1, "{kind:?}: the write was never seen: {:#?}", sent(&stage));
    assert_eq!(stage.host().starts(0), 2, "{kind:?}: the worker died once");
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, RESOURCES), "{kind:?}: {:#?}", stage.entries());
    let tasks = stage.manager.tasks();
    let touched: usize = tasks.iter().map(|task| task.resources.len()).sum();
    assert_eq!(touched, RESOURCES, "{kind:?}: each resource in exactly one task: {tasks:#?}");
    let names: std::collections::HashSet<_> = tasks.iter().map(|task| task.name.clone()).collect();
    assert_eq!(names.len(), tasks.len(), "{kind:?}: no finished task was started anew");
    stage.at_rest().await;
}

/// What was sent to the queues.
fn sent(stage: &Stage) -> Vec<String> {
    let all = stage.azure.ledger().of(Service::ServiceBus).into_iter().filter_map(|entry| entry.request_body);
    all.map(|body| String::from_utf8_lossy(&body).into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_write_1_the_document_says_opening() {
    killed_at(Write { service: Service::Blob, method: "PUT", path: "targets%2F", body: r#""phase":"opening""# }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_write_2_the_claim() {
    killed_at(Write { service: Service::Blob, method: "PUT", path: "subscriptions%2F", body: r#""task":"pr-"# }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_write_3_the_creation_of_the_task() {
    killed_at(Write { service: Service::ResourceManager, method: "PUT", path: "/remediations/pr-", body: "" }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_write_4_the_document_says_open() {
    killed_at(Write { service: Service::Blob, method: "PUT", path: "targets%2F", body: r#""phase":"open""# }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_write_5_the_next_wake_up() {
    let wake_up = Write { service: Service::ServiceBus, method: "POST", path: "/wake-ups/", body: r#"generation\":2"# };
    killed_at(wake_up).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_write_6_the_acknowledgement() {
    killed_at(Write { service: Service::Functions, method: "POST", path: "/remediate", body: "" }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_when_it_collects_a_batch() {
    killed_at(Write { service: Service::Functions, method: "POST", path: "/collect", body: "" }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_when_the_document_takes_the_outcome() {
    killed_at(Write { service: Service::Blob, method: "PUT", path: "targets%2F", body: r#""history":[{"# }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_between_the_outcome_and_the_release_of_the_claim() {
    // The release is the write without claims; killed before it, the outcome is written and the claim still there.
    killed_at(Write { service: Service::Blob, method: "PUT", path: "subscriptions%2F", body: r#""claims":{}"# }).await;
}
