//! Every task carries the name of its installation, and state that is a copy of another installation's begins nothing.

use std::time::Duration;

use serde_json::json;
use simulator::resource_manager::Tempo;

use crate::stage::{DEFINITION, LONGER_AND_LONGER, Stage, events, land, plot, record, tempo, until, until_met};

const DOCUMENT: &str = "installation.json";

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_named_after_the_installation_as_it_was_called_at_first() {
    let estate = land(1).with_record(record(0, 0, "Tag")).with_record(record(0, 1, "Tag"));
    let all = events(&estate);
    let mut stage = Stage::with(estate, &[("INSTALLATION_ID", "Prod7")]).await;
    stage.deliver(vec![all[0].clone()]).await;
    stage.settled(1).await;
    // Without the setting the stored name counts.
    stage.stop_worker().await;
    stage.start_worker(&[], 1).await;
    stage.deliver(vec![all[1].clone()]).await;
    stage.settled(2).await;
    let names: Vec<_> = stage.manager.tasks().into_iter().map(|task| task.name).collect();
    assert!(names.len() == 2 && names.iter().all(|name| name.starts_with("pr-prod7-")), "{names:?}");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_state_begins_nothing_until_a_person_says_that_it_is_meant() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let copied = json!({ "version": 1, "id": "other", "endpoint": "elsewhere.blob.core.windows.net:443" });
    stage.azure.blobs().put("state", DOCUMENT, copied.to_string()).unwrap();
    stage.start_worker(&[], 1).await;
    stage.deliver(all).await;
    let paused = || stage.logged("target_reconciled").iter().filter(|line| line["idle"] == "paused").count();
    until("it was looked at several times", || paused() > 2).await;
    assert_eq!((stage.manager.tasks().len(), stage.count("waiting")), (0, 1));
    assert_eq!(stage.logged("installation_differs").len(), 1, "told once");
    assert!(stage.azure.blobs().delete("state", DOCUMENT));
    stage.settled(1).await;
    assert_eq!(stage.count("fixed"), 1);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_installations_over_one_subscription_keep_out_of_each_others_way() {
    until_met("the second looks while the task of the first runs", LONGER_AND_LONGER, one_beside_the_other).await;
}

/// Whether the second looked while the first's task ran, which takes so many seconds. Both have an assignment over one resource.
async fn one_beside_the_other(seconds: u64) -> bool {
    let estate = plot(land(1), 0, "Other", DEFINITION);
    let estate = estate.with_record(record(0, 0, "Tag")).with_record(record(0, 0, "Other"));
    let (all, home) = (events(&estate), estate.home_tenant.clone());
    let mut first = Stage::without_worker(estate).await;
    let long = Tempo { deployment: Duration::from_secs(seconds), ..tempo() };
    let _ = first.manager.clone().with_tempo(long);
    let mut second = first.beside(home).await;
    first.start_worker(&[("INSTALLATION_ID", "first")], 1).await;
    second.start_worker(&[("INSTALLATION_ID", "second")], 1).await;
    first.deliver(vec![all[0].clone()]).await;
    until("the task of the first is open", || !first.manager.tasks().is_empty()).await;
    second.deliver(vec![all[1].clone()]).await;
    first.settled(1).await;
    second.settled(1).await;
    assert_eq!((first.count("fixed"), second.count("fixed")), (1, 1));
    let names: Vec<_> = first.manager.tasks().into_iter().map(|task| task.name).collect();
    assert!(names.len() == 2 && names[0].starts_with("pr-first-") && names[1].starts_with("pr-second-"), "{names:?}");
    let found = second.logged("target_reconciled").iter().any(|look| look["idle"] == "blocked");
    // It asserts that no resource was in two tasks at once.
    first.at_rest().await;
    second.at_rest().await;
    found
}
