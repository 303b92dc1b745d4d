//! Very many resources wait: one task for the whole scope takes the place of many waves, and keeps every other task out of it;
//! but only when nothing comes along that must not.

use simulator::estate::{Estate, Failure};
use simulator::resource_manager::TaskView;

use crate::stage::{DEFINITION, Stage, account, assignment, events, land, plot, record, until};

/// Waiting resources, more than `ESCALATE_ABOVE` and more than a page of deployments.
const COUNT: usize = 130;
/// All resources fall due together, some ten seconds after the start, when all events are in.
const SETTINGS: [(&str, &str); 3] = [("ESCALATE_ABOVE", "100"), ("SETTLE_DELAY", "70s"), ("COALESCE_WINDOW", "10s")];

fn estate() -> Estate {
    (0..COUNT).fold(land(1), |estate, place| {
        let record = record(0, place, "Tag");
        estate.with_record(match place {
            3 | 120 => record.failing(1, Failure::service_unavailable()),
            7 => record.always_failing(Failure::invalid_template_deployment()),
            _ => record,
        })
    })
}

fn of(stage: &Stage, name: &str) -> Vec<TaskView> {
    let assignment = assignment(0, name).into();
    stage.manager.tasks().into_iter().filter(|task| task.assignment == assignment).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_task_takes_all_and_what_failed_goes_by_waves_while_others_keep_out() {
    let estate = plot(estate(), 0, "Other", DEFINITION).with_record(record(0, 500, "Other"));
    let mut events = events(&estate);
    let other = events.pop().into_iter().collect();
    let stage = Stage::with(estate, &SETTINGS).await;
    stage.deliver(events).await;
    until("the task for the whole scope runs", || !of(&stage, "Tag").is_empty()).await;
    stage.deliver(other).await;
    until("the other target has its task", || {
        let theirs = of(&stage, "Other");
        let whole = &of(&stage, "Tag")[0];
        assert!(
            theirs.is_empty() || whole.state.is_terminal(),
            "two tasks in one scope: {theirs:#?} beside {whole:#?}"
        );
        !theirs.is_empty()
    })
    .await;
    stage.settled(COUNT + 1).await;
    assert_eq!((stage.count("fixed"), stage.count("parked")), (COUNT, 1));
    let tasks = of(&stage, "Tag");
    assert_eq!(tasks.len(), 2, "{tasks:#?}");
    assert!(tasks[0].named.is_none() && tasks[0].resources.len() == COUNT, "{:#?}", tasks[0]);
    // Only what failed for a reason that passes is tried again, and by name.
    assert_eq!(tasks[1].named.as_ref().map(Vec::len), Some(2), "{:#?}", tasks[1]);
    assert!(stage.manager.overlaps().is_empty());
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_that_nobody_told_of_keeps_it_to_waves() {
    let estate = estate();
    let events = events(&estate).into_iter().skip(1).collect();
    let stage = Stage::with(estate, &SETTINGS).await;
    stage.deliver(events).await;
    stage.settled(COUNT - 1).await;
    assert!(of(&stage, "Tag").iter().all(|task| task.named.is_some()));
    assert!(!stage.complies(&assignment(0, "Tag"), &account(0, 0)), "it was touched though nobody told of it");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_something_could_be_excluded_waves_must_do() {
    let estate = estate();
    let events = events(&estate);
    let exclude = ("EXCLUDE_SCOPES", "*/resourcegroups/app-2");
    let stage = Stage::with(estate, &[SETTINGS[0], SETTINGS[1], SETTINGS[2], exclude]).await;
    stage.deliver(events).await;
    stage.settled(COUNT).await;
    let touched: Vec<_> = of(&stage, "Tag").into_iter().flat_map(|task| task.resources).collect();
    assert!(touched.iter().all(|resource| !resource.lower().contains("/app-2/")), "{touched:#?}");
    assert_eq!(stage.count("skipped"), COUNT / 3);
    stage.at_rest().await;
}
