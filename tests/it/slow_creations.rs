//! The creation of a task waits for its answer no longer than half of `OPENING_GRACE`: then the task is looked up by its name, and
//! only asked for again when it is not there.

use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, events, land, record, until};

const RESOURCES: usize = 3;
/// Longer than any test: the service never begins.
const NEVER: Duration = Duration::from_secs(3_600);

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_creation_is_answered_slowly_is_left_after_half_of_the_grace_and_looked_up_before_it_is_asked_for_again()
 {
    let estate = (0..RESOURCES).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let events = events(&estate);
    let stage = Stage::with(estate, &[("OPENING_GRACE", "800ms"), ("BACKOFF_CAP", "1s")]).await;
    let slow = Rule::new("slow", Service::ResourceManager, Which::First(2), Kind::Delay(NEVER));
    stage.azure.faults().add(slow.method("PUT").path_contains("/remediations/pr-"));
    stage.deliver(events).await;
    stage.settled(RESOURCES).await;

    assert_eq!((stage.unfit(), stage.azure.faults().hits("slow")), (0, 2));
    let left = stage.told("task_unanswered", 2).await;
    for line in &left {
        // The words tell the limit, not what a busy machine made of it.
        let words = line["error"].as_str().unwrap();
        let limit = words.split("no answer within ").nth(1).and_then(|rest| rest.strip_suffix("ms")).unwrap();
        assert!(limit.parse::<f64>().unwrap() <= 400.0, "{words}");
    }
    // A request that is still on its way at the slow service is not in the ledger: of a task there are the PUT that was taken and,
    // before it, a look-up in vain for each that was left.
    for line in &left {
        let name = line["task"].as_str().unwrap();
        let calls = stage.azure.ledger().filter(|e| e.service == Service::ResourceManager && e.path.ends_with(name));
        let taken = calls.iter().find(|call| call.method == "PUT").map_or(u64::MAX, |call| call.sequence);
        let in_vain = calls.iter().filter(|e| e.method == "GET" && e.status == Some(404) && e.sequence < taken).count();
        let unanswered = left.iter().filter(|other| other["task"] == line["task"]).count();
        assert!(in_vain >= unanswered, "{name}: {calls:#?}");
    }
    let tasks = stage.manager.tasks();
    assert_eq!(tasks.iter().map(|task| task.resources.len()).sum::<usize>(), RESOURCES, "each in exactly one task");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_there_after_a_slow_answer_is_not_asked_for_a_second_time() {
    let estate = (0..RESOURCES).fold(land(1), |estate, place| estate.with_record(record(0, place, "Tag")));
    let events = events(&estate);
    // The service begins when the worker has left, and long before it looks the task up.
    let stage = Stage::with(estate, &[("OPENING_GRACE", "4s"), ("CHECK_INTERVAL_MAX", "5s")]).await;
    let slow = Rule::new("slow", Service::ResourceManager, Which::First(1), Kind::Delay(Duration::from_millis(2_400)));
    stage.azure.faults().add(slow.method("PUT").path_contains("/remediations/pr-"));
    stage.deliver(events).await;
    until("it is left", || !stage.logged("task_unanswered").is_empty()).await;
    stage.settled(RESOURCES).await;
    assert_eq!((stage.unfit(), stage.count("fixed")), (0, RESOURCES));
    let late = stage.logged("task_unanswered").remove(0)["task"].as_str().unwrap().to_owned();
    let puts = stage.azure.ledger().filter(|e| e.method == "PUT" && e.path.ends_with(&late));
    assert_eq!(puts.iter().map(|put| put.status).collect::<Vec<_>>(), [Some(201)], "asked for once");
    assert!(stage.calls("readTask") > 0, "an unknown fate is looked up");
    stage.at_rest().await;
}
