//! Resource Manager may say that a task is not there although it runs: right after its creation, or while a subscription is out of
//! its sight. Only a task that stays away, and that the list does not name, was deleted.

use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::resource_manager::Tempo;

use crate::stage::{DEFINITION, Stage, events, land, plot, record, until};

/// While the task of one target is not found in this way, another target comes for the same resource.
async fn both_in_turn(which: Which, kind: Kind) {
    let estate =
        plot(land(1), 0, "Other", DEFINITION).with_record(record(0, 0, "Tag")).with_record(record(0, 0, "Other"));
    let all = events(&estate);
    let stage = Stage::start(estate).await;
    let long = Tempo { accepted: Duration::from_secs(1), deployment: Duration::from_secs(3), ..Tempo::quick() };
    let _ = stage.manager.clone().with_tempo(long);
    let late = Rule::new("not there", Service::ResourceManager, which, kind);
    stage.azure.faults().add(late.method("GET").path_contains("/remediations/pr-"));
    stage.deliver(vec![all[0].clone()]).await;
    until("the task was asked for", || stage.azure.faults().hits("not there") > 0).await;
    stage.deliver(vec![all[1].clone()]).await;
    if matches!(which, Which::Always) {
        until("it was asked for again and again", || stage.azure.faults().hits("not there") > 3).await;
        stage.azure.faults().remove("not there");
    }
    stage.settled(2).await;
    assert_eq!(stage.count("fixed"), 2);
    assert!(stage.manager.overlaps().is_empty(), "two tasks of this worker at one resource");
    assert!(stage.logged("task_ended").iter().all(|line| line["state"] != "Deleted"));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_not_found_once_is_not_taken_for_gone() {
    both_in_turn(Which::First(1), Kind::Status(404)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_is_out_of_sight_says_nothing_of_its_tasks() {
    let body = r#"{"error":{"code":"SubscriptionNotFound","message":"The subscription could not be found."}}"#;
    both_in_turn(Which::Always, Kind::Answer { status: 404, body }).await;
}
