//! An event that comes often is one piece of work: Event Grid delivers at least once.

use simulator::resource_manager::ProvisioningState;

use crate::stage::{Stage, account, assignment, event, land, record};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_fifty_times_is_one_task() {
    let estate = land(1).with_record(record(0, 1, "Tag"));
    let event = event(&estate, &estate.records[0]);
    let stage = Stage::start(estate).await;
    let mut again = stage.deliver(vec![event.clone(); 25]).await;
    stage.settled(1).await;
    assert!(stage.complies(&assignment(0, "Tag"), &account(0, 1)));
    // Its id is still known to the broker; past that window `redelivery` tells what happens.
    again += stage.deliver(vec![event; 25]).await;
    stage.settled(1).await;
    let tasks = stage.manager.tasks();
    assert_eq!(tasks.len(), 1, "{tasks:#?}");
    assert_eq!((tasks[0].state, tasks[0].successful, tasks[0].failed), (ProvisioningState::Succeeded, 1, 0));
    assert_eq!(stage.calls("createTask"), 1);
    let queued = stage.logged("event_queued").len();
    assert!((50..=50 + again).contains(&queued), "{queued} were queued, {again} delivered once more");
    stage.told("resource_fixed", 1).await;
    stage.at_rest().await;
}
