//! The worker where rights are enforced: what its deployment gives it is enough.

use crate::stage::{Stage, events, land, record, until};

const RESOURCES: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_deployment_are_enough() {
    let estate = (0..RESOURCES).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let burst = events(&estate);
    let stage = Stage::with_rights(estate, &[]).await;
    stage.deliver(burst).await;
    until("all is fixed", || stage.count("fixed") == RESOURCES).await;
    stage.settled(RESOURCES).await;
    assert_eq!(stage.manager.refused_calls(), []);
    let worker = stage.azure.identity().identities().system_assigned.clone().unwrap();
    let tasks = stage.manager.tasks();
    assert!(tasks.iter().all(|task| task.created_by.object_id == worker.object_id), "{tasks:?}");
    stage.at_rest().await;
}
