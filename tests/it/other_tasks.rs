//! Tasks that a person opened are respected: two deployments to one resource at a time would lose changes.

use std::time::Duration;

use simulator::estate::ArmId;
use simulator::resource_manager::{ResourceManager, TaskRequest, TaskView};

use crate::stage::{
    DEFINITION, LONGER_AND_LONGER, Stage, account, assignment, events, land, plot, record, subscription, until,
    until_met,
};

fn scope() -> String {
    format!("/subscriptions/{}", subscription(0))
}

fn ours(manager: &ResourceManager) -> Vec<TaskView> {
    manager.tasks().into_iter().filter(|task| task.name.starts_with("pr-")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_persons_task_on_the_same_assignment_none_is_opened_and_what_it_left_is_fixed_after_it() {
    until_met("the worker finds the person's task running", LONGER_AND_LONGER, a_person_was_first).await;
}

/// Whether the worker looked while the person's task ran, which takes so many seconds.
async fn a_person_was_first(seconds: u64) -> bool {
    let mut estate = land(1);
    for place in 0..12 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let stage = Stage::start(estate).await;
    // It takes eight of twelve, one after the other.
    let mut request = TaskRequest::new(assignment(0, "Tag"), None);
    request.resource_ids = Some((0..8).map(|place| ArmId::new(account(0, place))).collect());
    stage.person_opens("by-hand", [(scope(), request)], Duration::from_secs(seconds) / 8).await;
    stage.deliver(events).await;
    stage.settled(12).await;
    assert_eq!(stage.unfit(), 0);
    let ended = stage.manager.tasks().into_iter().find(|task| task.name == "by-hand").unwrap();
    assert_eq!(ended.successful, 8);
    assert!(stage.manager.peak_active_per_target().values().all(|peak| *peak == 1));
    let left: Vec<ArmId> = ours(&stage.manager).into_iter().flat_map(|task| task.resources).collect();
    assert_eq!(left.len(), 4, "what the person's task fixed is not in one of ours: {left:#?}");
    let found = stage.logged("target_reconciled").iter().any(|look| look["idle"] == "blocked");
    stage.at_rest().await;
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_task_of_another_assignment_delays_only_the_resource_that_it_names() {
    until_met("the others are fixed while the person's task runs", LONGER_AND_LONGER, a_person_names_one_of_ours).await;
}

/// Whether the others were fixed while the person's task ran, which takes so many seconds.
async fn a_person_names_one_of_ours(seconds: u64) -> bool {
    let mut estate = plot(land(1), 0, "Other", DEFINITION);
    for place in 0..4 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    // The person's task has much to do: ours must be through with the rest long before.
    for place in 100..112 {
        estate = estate.with_record(record(0, place, "Other"));
    }
    estate = estate.with_record(record(0, 0, "Other"));
    let events = events(&estate).into_iter().take(4).collect();
    let stage = Stage::start(estate).await;
    let mut request = TaskRequest::new(assignment(0, "Other"), None);
    let named = (100..112).chain([0]).map(|place| ArmId::new(account(0, place)));
    request.resource_ids = Some(named.collect());
    stage.person_opens("by-hand", [(scope(), request)], Duration::from_secs(seconds) / 13).await;
    stage.deliver(events).await;
    let fixed = |place| stage.complies(&assignment(0, "Tag"), &account(0, place));
    until("the three others are fixed", || (1..4).all(fixed)).await;
    let is_early = !fixed(0);
    let theirs = stage.manager.tasks().into_iter().find(|task| task.name == "by-hand").unwrap();
    if theirs.state.is_terminal() {
        return false;
    }
    assert!(is_early, "it is in the person's task");
    stage.settled(4).await;
    assert!(fixed(0));
    assert_eq!(ours(&stage.manager).len(), 2);
    assert!(stage.manager.overlaps().is_empty(), "{:#?}", stage.manager.overlaps());
    stage.at_rest().await;
    true
}
