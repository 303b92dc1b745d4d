//! Every task carries the name of its installation, and state that is a copy of another installation's begins nothing.

use serde_json::json;

use crate::stage::{Stage, events, land, record, until};

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
