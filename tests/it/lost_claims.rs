//! Documents are lost, moved away or restored while a task of this worker runs. The list of tasks tells what they do not, so no
//! other task touches its resources, and its own target follows it to its end.

use std::time::Duration;

use serde_json::Value;
use simulator::estate::{ComplianceState, RecordKey};
use simulator::resource_manager::{Tempo, WriteKind};

use crate::stage::{
    DEFINITION, LONGER_AND_LONGER, Stage, account, assignment, events, land, plot, record, subscription, until,
    until_met,
};

/// The task of the first target runs; the second has the same resource.
async fn running(seconds: u64) -> (Stage, Vec<Value>) {
    let estate =
        plot(land(1), 0, "Other", DEFINITION).with_record(record(0, 0, "Tag")).with_record(record(0, 0, "Other"));
    let all = events(&estate);
    let stage = Stage::start(estate).await;
    let long = Tempo { accepted: Duration::from_secs(1), deployment: Duration::from_secs(seconds), ..Tempo::quick() };
    let _ = stage.manager.clone().with_tempo(long);
    stage.deliver(vec![all[0].clone()]).await;
    until("the task is open", || stage.logged("task_open").len() == 1).await;
    (stage, all)
}

async fn the_other_waits_for_it(stage: Stage, all: &[Value]) {
    stage.deliver(vec![all[1].clone()]).await;
    let other = || stage.state_of(&assignment(0, "Other"), &account(0, 0));
    until("the other is fixed", || other()["is"] == "fixed").await;
    assert!(stage.manager.overlaps().is_empty(), "two tasks of this worker at one resource");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_task_is_respected_after_the_subscription_document_was_moved_away() {
    let (stage, all) = running(4).await;
    let subscription = stage.azure.blobs().list("state", "subscriptions/").remove(0);
    assert!(stage.azure.blobs().delete("state", &subscription.name));
    the_other_waits_for_it(stage, &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_task_is_respected_after_its_targets_document_was_moved_away() {
    let (stage, all) = running(4).await;
    let (name, _) = stage.documents().into_iter().next().unwrap();
    assert!(stage.azure.blobs().delete("state", &name));
    the_other_waits_for_it(stage, &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_task_is_respected_after_all_documents_of_its_subscription_were_moved_away() {
    let (stage, all) = running(4).await;
    for prefix in ["subscriptions/", "targets/"] {
        for blob in stage.azure.blobs().list("state", prefix) {
            assert!(stage.azure.blobs().delete("state", &blob.name));
        }
    }
    the_other_waits_for_it(stage, &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_task_is_respected_after_the_subscription_document_was_restored() {
    let (stage, all) = running(4).await;
    let name = stage.azure.blobs().list("state", "subscriptions/").remove(0).name;
    let subscription = subscription(0);
    let backup = serde_json::json!({ "version": 1, "subscription": subscription, "claims": {} });
    stage.azure.blobs().put("state", &name, backup.to_string()).unwrap();
    the_other_waits_for_it(stage, &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_its_targets_document_does_not_name_is_followed_to_its_end() {
    until_met("the task runs when its target is seen again", LONGER_AND_LONGER, followed).await;
}

/// Whether the task, which takes so many seconds, ran still when its target was looked at again.
async fn followed(seconds: u64) -> bool {
    let (stage, _) = running(seconds).await;
    let (name, document) = stage.documents().into_iter().next().unwrap();
    let task = document["active"]["name"].clone();
    assert!(stage.azure.blobs().delete("state", &name));
    let key = RecordKey::new(account(0, 0), assignment(0, "Tag"), None);
    let seen = stage.manager.evaluation_finds(&key, ComplianceState::NonCompliant).unwrap();
    stage.deliver(vec![seen.event_grid()]).await;
    stage.settled(1).await;
    assert!(stage.complies(&assignment(0, "Tag"), &account(0, 0)));
    assert_eq!(stage.manager.tasks().len(), 1, "no other task was needed");
    let is_followed = stage.logged("task_ended").iter().any(|line| line["task"] == task);
    stage.at_rest().await;
    is_followed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_not_used_again_after_a_restore_of_the_state() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let stage = Stage::with(estate, &[("SETTLE_DELAY", "63s")]).await;
    stage.deliver(all).await;
    until("it waits", || stage.count("waiting") == 1).await;
    let (name, backup) = stage.documents().into_iter().next().unwrap();
    stage.settled(1).await;
    assert_eq!(stage.manager.tasks().len(), 1);
    // The backup of a day ago comes back; the broker has forgotten its ids by then.
    stage.azure.broker().shift(Duration::from_secs(25 * 3600));
    stage.azure.blobs().put("state", &name, backup.to_string()).unwrap();
    let key = RecordKey::new(account(0, 0), assignment(0, "Tag"), None);
    stage.manager.evaluation_finds(&key, ComplianceState::NonCompliant).unwrap();
    let wake_up = serde_json::json!({ "version": 1, "target": backup["target"], "generation": backup["generation"] });
    let puts = || {
        let writes = stage.manager.accepted_writes();
        writes
            .into_iter()
            .filter(|write| write.kind == WriteKind::Put)
            .map(|write| write.task.name().to_owned())
            .collect::<Vec<_>>()
    };
    stage.enqueue("wake-ups", [wake_up.to_string()]);
    until("a second task was asked for", || puts().len() == 2).await;
    assert_ne!(puts()[0], puts()[1], "the finished task of that name was started anew");
    stage.at_rest().await;
}
