//! SIGKILL at each write of a batch run, just before and just after it: nothing is lost, and nothing is done twice.

use serde_json::json;
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, land, record, subscription, until};

const SMALL: usize = 3;
const LARGE: usize = 12;

/// Kills the worker at the write, in one run before and in another after the service has done it.
async fn killed_at(service: Service, path: &str, body: &str) {
    tokio::join!(killed(service, path, body, Kind::KillBefore), killed(service, path, body, Kind::KillAfter));
}

async fn killed(service: Service, path: &str, body: &str, kind: Kind) {
    let counts = [(0, SMALL), (1, LARGE)];
    let all = counts.into_iter().flat_map(|(number, count)| (0..count).map(move |place| (number, place)));
    let estate = all.fold(land(2), |estate, (number, place)| estate.with_record(record(number, place, "Tag")));
    let mut stage = Stage::without_worker(estate).await;
    let scopes = [0, 1].map(|number| format!("/subscriptions/{}", subscription(number)));
    stage.enqueue("batch-runs", [json!({ "version": 1, "runId": "one", "scopes": scopes }).to_string()]);
    let rule = Rule::new("kill", service, Which::First(1), kind).path_contains(path).body_contains(body);
    stage.azure.faults().add(rule);
    stage.start_worker(&[("ESCALATE_ABOVE", "10")], 1).await;
    until("the worker has died, and the run has ended all the same", || {
        stage.azure.faults().hits("kill") == 1 && !stage.azure.blobs().list("state", "runs/").is_empty()
    })
    .await;
    stage.settled(SMALL + LARGE).await;
    let run = &stage.azure.blobs().list("state", "runs/")[0];
    let run: serde_json::Value = serde_json::from_slice(&run.content).unwrap();
    assert!(run["endedAt"].is_string(), "{kind:?}: {run:#}");
    let totals = ["targets", "resources", "sent", "handedOver"].map(|name| &run["totals"][name]);
    assert_eq!(json!(totals), json!([2, SMALL + LARGE, SMALL, 1]), "{kind:?}");
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, SMALL + LARGE), "{kind:?}");
    let touched: usize = stage.manager.tasks().iter().map(|task| task.resources.len()).sum();
    assert_eq!(touched, SMALL + LARGE, "{kind:?}: each resource in exactly one task");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_the_write_that_begins_a_run() {
    killed_at(Service::Blob, "runs%2F", r#""work":[{"is":"count""#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_the_handing_over_of_a_target() {
    killed_at(Service::ServiceBus, "/noncompliant-resources/", r#"seen\":\"scope"#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_the_sending_of_resources() {
    killed_at(Service::ServiceBus, "/noncompliant-resources/", r#"seen\":\"nonCompliant"#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_the_write_that_ends_a_run() {
    killed_at(Service::Blob, "runs%2F", r#""endedAt":"2"#).await;
}
