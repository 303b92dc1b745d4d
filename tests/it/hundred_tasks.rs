//! Azure runs a hundred tasks of one policy at a time and no more: the worker counts, and does not ask in vain.

use std::time::Duration;

use serde_json::Value;
use simulator::estate::{ComplianceRecord, RecordKey};
use simulator::resource_manager::{TaskRequest, TaskView};

use crate::stage::{DEFINITION, Stage, account, assignment, events, land, plot, record, subscription, until};

const MOST: usize = 100;
/// Resources of each of the tasks by hand, one after the other.
const EACH: usize = 60;
/// How long each takes: with the others much longer than the test, by itself no longer than somebody waits who has canceled.
const DEPLOYMENT: Duration = Duration::from_secs(3);

/// A resource group that only tasks by hand are about.
fn group(number: usize) -> String {
    format!("/subscriptions/{}/resourceGroups/Hand-{number}", subscription(0))
}

fn by_hand(stage: &Stage) -> Vec<TaskView> {
    stage.manager.tasks().into_iter().filter(|task| task.name == "by-hand").collect()
}

fn blocked(stage: &Stage) -> usize {
    let blocked = |look: &Value| look["idle"] == "blocked";
    stage.logged("target_reconciled").iter().filter(|look| blocked(look)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_hundred_tasks_of_its_policy_none_is_asked_for_and_with_one_less_it_goes_on() {
    // Another assignment of the same policy: what is full is the policy, not the assignment.
    let mut estate = plot(land(1), 0, "Other", DEFINITION);
    for place in 0..3 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    for number in 0..MOST {
        for place in 0..EACH {
            let name = format!("sthand{number}x{place}");
            let id = format!("{}/providers/Microsoft.Storage/storageAccounts/{name}", group(number));
            let key = RecordKey::new(id, assignment(0, "Other"), None);
            estate = estate.with_record(ComplianceRecord { key, ..record(0, place, "Other") });
        }
    }
    let stage = Stage::with(estate, &[("CHECK_INTERVAL_MAX", "250ms")]).await;
    let theirs = (0..MOST).map(|number| (group(number), TaskRequest::new(assignment(0, "Other"), None)));
    stage.person_opens("by-hand", theirs, DEPLOYMENT).await;
    stage.deliver(events).await;
    until("it found the policy full, and more than once", || blocked(&stage) > 2).await;
    let active = |stage: &Stage| by_hand(stage).iter().filter(|task| !task.state.is_terminal()).count();
    assert_eq!((active(&stage), stage.calls("createTask")), (MOST, 0));
    assert_eq!((stage.count("waiting"), stage.logged("task_opening").len()), (3, 0));

    stage.manager.person_cancels(&group(7), "by-hand").unwrap();
    let fixed = |place| stage.complies(&assignment(0, "Tag"), &account(0, place));
    until("ours are fixed", || (0..3).all(fixed)).await;
    assert_eq!(active(&stage), MOST - 1, "the others still run");
    assert_eq!((stage.calls("createTask"), stage.manager.refused_writes().len()), (1, 0), "no call was in vain");
    for number in (0..MOST).filter(|number| *number != 7) {
        stage.manager.person_cancels(&group(number), "by-hand").unwrap();
    }
    stage.settled(3).await;
    stage.at_rest().await;
}
