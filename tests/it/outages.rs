//! Services that refuse for a while, and answers that get lost: nothing is lost, nothing is done twice.

use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::resource_manager::WriteKind;

use crate::stage::{Stage, events, land, record, until};

const RESOURCES: usize = 6;

/// How long a service refuses: 6 s, or as many as `OUTAGE_SECONDS` says. Far beyond the budget of an invocation, either way.
fn outage() -> Duration {
    let seconds = std::env::var("OUTAGE_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(6))
}

/// All of the main job, with a service refusing from the middle of its events on, for a while.
async fn refusing(service: Service) {
    let mut estate = land(2);
    for place in 0..RESOURCES {
        estate = estate.with_record(record(place % 2, place, "Tag"));
    }
    let mut events = events(&estate);
    let second = events.split_off(RESOURCES / 2);
    // The budget ends within the outage, so that invocations fail and are delivered again.
    let stage = Stage::with(estate, &[("INVOCATION_BUDGET", "2s")]).await;
    // The first half is under way when it begins.
    stage.deliver(events).await;
    until("the first half is on its way", || stage.manager.tasks().len() + stage.documents().len() > 0).await;
    stage.azure.outage(service).await;
    let delivery = tokio::spawn(stage.host().deliver("receive-event", second));
    tokio::time::sleep(outage()).await;
    stage.azure.restore(service).await.unwrap();
    let report = delivery.await.unwrap();
    assert!(report.dropped.is_empty(), "{service}: {report:?}");
    stage.settled(RESOURCES).await;

    assert_eq!((stage.unfit(), stage.count("fixed")), (0, RESOURCES), "{service}");
    each_in_one_task(&stage);
    stage.at_rest().await;
}

fn each_in_one_task(stage: &Stage) {
    let tasks = stage.manager.tasks();
    let touched: usize = tasks.iter().map(|task| task.resources.len()).sum();
    assert_eq!(touched, RESOURCES, "each resource in exactly one task: {tasks:#?}");
    let puts = stage.manager.accepted_writes().into_iter().filter(|write| write.kind == WriteKind::Put);
    assert_eq!(puts.count(), tasks.len(), "no task was put twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn blob_storage_service_bus_or_resource_manager_refusing_for_a_while_loses_nothing() {
    // Side by side, each on a stage of its own: most of the time is waiting.
    tokio::join!(refusing(Service::Blob), refusing(Service::ServiceBus), refusing(Service::ResourceManager));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_endpoint_refusing_from_the_start_loses_nothing() {
    let mut estate = land(1);
    for place in 0..RESOURCES {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    // Tokens are kept for long, so it must refuse before the first is asked for.
    stage.azure.outage(Service::Identity).await;
    stage.start_worker(&[("INVOCATION_BUDGET", "2s")], 1).await;
    let delivery = tokio::spawn(stage.host().deliver("receive-event", events));
    tokio::time::sleep(outage()).await;
    assert!(stage.documents().is_empty());
    stage.azure.restore(Service::Identity).await.unwrap();
    assert!(delivery.await.unwrap().dropped.is_empty());
    stage.settled(RESOURCES).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, RESOURCES));
    each_in_one_task(&stage);
    stage.at_rest().await;
}

/// The connection is cut at the creation of the task.
async fn cut_at_the_put(kind: Kind) {
    let mut estate = land(1);
    for place in 0..RESOURCES {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let stage = Stage::start(estate).await;
    let cut = Rule::new("cut", Service::ResourceManager, Which::First(1), kind).method("PUT");
    stage.azure.faults().add(cut.path_contains("/remediations/"));
    stage.deliver(events).await;
    stage.settled(RESOURCES).await;
    assert_eq!(stage.azure.faults().hits("cut"), 1);
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, RESOURCES));
    each_in_one_task(&stage);
    assert!(stage.calls("readTask") > 0, "an unknown fate is looked up");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_before_resource_manager_took_the_task_opens_it_later() {
    cut_at_the_put(Kind::CutBefore).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_after_resource_manager_took_the_task_opens_no_second_one() {
    cut_at_the_put(Kind::CutAfter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_answer_was_lost_and_that_ended_since_is_not_started_anew() {
    let mut estate = land(1);
    for place in 0..RESOURCES {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let stage = Stage::start(estate).await;
    // Neither the answer to the PUT nor the look-up gets through until the task has long ended.
    let faults = stage.azure.faults();
    let lost = Rule::new("lost", Service::ResourceManager, Which::First(1), Kind::CutAfter);
    faults.add(lost.method("PUT").path_contains("/remediations/"));
    let blind = Rule::new("blind", Service::ResourceManager, Which::Always, Kind::Status(503));
    faults.add(blind.method("GET").path_contains("/remediations/pr-"));
    stage.deliver(events).await;
    until("the task has ended", || stage.manager.tasks().first().is_some_and(|task| task.state.is_terminal())).await;
    until("the worker has asked for it in vain", || faults.hits("blind") > 0).await;
    faults.remove("blind");
    stage.settled(RESOURCES).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, RESOURCES));
    each_in_one_task(&stage);
    stage.at_rest().await;
}
