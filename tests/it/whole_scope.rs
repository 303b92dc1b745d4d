//! Very many resources wait: one task for the whole scope takes the place of many waves, and keeps every other task out of it;
//! but only when nothing comes along that must not.

use std::time::Duration;

use serde_json::Value;
use simulator::estate::{Estate, Failure};
use simulator::resource_manager::TaskView;
use time::OffsetDateTime;

use crate::stage::{
    DEFINITION, LONGER_AND_LONGER, Stage, account, assignment, events, land, plot, record, until, until_met,
};

/// Waiting resources, more than `ESCALATE_ABOVE` and more than a page of deployments.
const COUNT: usize = 130;
const IN_TIME: &str = "all events are in before the first resource is due";

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

/// A stage on which all resources fall due together, so many seconds after the start.
async fn stage(estate: Estate, seconds: u64, more: &[(&str, &str)]) -> Stage {
    // All evaluations were a minute ago.
    let settle = format!("{}s", 60 + seconds);
    let settings = [("ESCALATE_ABOVE", "100"), ("SETTLE_DELAY", &settle), ("COALESCE_WINDOW", "2s")];
    Stage::with(estate, &[&settings, more].concat()).await
}

/// Delivers the events, and says whether all were in before the first resource was due.
async fn all_are_in_time(stage: &Stage, events: Vec<Value>, seconds: u64) -> bool {
    let count = events.len();
    let first = stage.manager.estate().records.iter().map(|record| record.evaluated_at).min().unwrap();
    stage.deliver(events).await;
    until("all are known", || stage.entries().len() >= count).await;
    OffsetDateTime::now_utc() < first + Duration::from_secs(60 + seconds)
}

fn of(stage: &Stage, name: &str) -> Vec<TaskView> {
    let assignment = assignment(0, name).into();
    stage.manager.tasks().into_iter().filter(|task| task.assignment == assignment).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_task_takes_all_and_what_failed_goes_by_waves_while_others_keep_out() {
    until_met(IN_TIME, LONGER_AND_LONGER, one_task_takes_all).await;
}

async fn one_task_takes_all(seconds: u64) -> bool {
    let estate = plot(estate(), 0, "Other", DEFINITION).with_record(record(0, 500, "Other"));
    let mut events = events(&estate);
    let other = events.pop().into_iter().collect();
    let stage = stage(estate, seconds, &[]).await;
    if !all_are_in_time(&stage, events, seconds).await {
        return false;
    }
    until("the task for the whole scope runs", || !of(&stage, "Tag").is_empty()).await;
    // Where the question of the whole scope ran out of time, waves go first.
    if of(&stage, "Tag")[0].names_resources {
        return false;
    }
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
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_that_nobody_told_of_keeps_it_to_waves() {
    until_met(IN_TIME, LONGER_AND_LONGER, nobody_told_of_one).await;
}

async fn nobody_told_of_one(seconds: u64) -> bool {
    let estate = estate();
    let events = events(&estate).into_iter().skip(1).collect();
    let stage = stage(estate, seconds, &[]).await;
    if !all_are_in_time(&stage, events, seconds).await {
        return false;
    }
    stage.settled(COUNT - 1).await;
    assert!(of(&stage, "Tag").iter().all(|task| task.named.is_some()));
    assert!(!stage.complies(&assignment(0, "Tag"), &account(0, 0)), "it was touched though nobody told of it");
    stage.at_rest().await;
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn where_something_could_be_excluded_waves_must_do() {
    until_met(IN_TIME, LONGER_AND_LONGER, something_could_be_excluded).await;
}

async fn something_could_be_excluded(seconds: u64) -> bool {
    let estate = estate();
    let events = events(&estate);
    let stage = stage(estate, seconds, &[("EXCLUDE_SCOPES", "*/resourcegroups/app-2")]).await;
    if !all_are_in_time(&stage, events, seconds).await {
        return false;
    }
    stage.settled(COUNT).await;
    let touched: Vec<_> = of(&stage, "Tag").into_iter().flat_map(|task| task.resources).collect();
    assert!(touched.iter().all(|resource| !resource.lower().contains("/app-2/")), "{touched:#?}");
    assert_eq!(stage.count("skipped"), COUNT / 3);
    stage.at_rest().await;
    true
}
