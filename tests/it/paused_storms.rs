//! A storm that people pause in its middle: nothing is begun half a minute later, nothing is lost, and it goes on when they end that. A
//! pause of one assignment leaves the pace of the others as it was.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use crate::commands::run_on;
use crate::stage::{Expected, Stage, event, land, record, until};

/// Half a minute, in which each instance still believes what it has read.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

fn tasks_of(stage: &Stage, name: &str) -> Vec<OffsetDateTime> {
    let is_of = |id: &str| id.to_lowercase().ends_with(&format!("/{}", name.to_lowercase()));
    let tasks = stage.manager.tasks();
    tasks.iter().filter(|task| is_of(task.assignment.as_str())).map(|task| task.created_on).collect()
}

fn rests(stage: &Stage, name: &str, why: &str) -> usize {
    let of = |pass: &Value| pass["assignment"].as_str().is_some_and(|id| id.ends_with(&format!("/{name}")));
    stage.logged("target_reconciled").iter().filter(|pass| pass["idle"] == why && of(pass)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_that_is_paused_stops_within_half_a_minute_loses_nothing_and_goes_on() {
    const SUBSCRIPTIONS: usize = 36;
    const LEFT: usize = 6;
    let mut estate = land(SUBSCRIPTIONS);
    for number in 0..SUBSCRIPTIONS {
        estate = estate.with_record(record(number, 0, "Tag"));
    }
    let all: Vec<_> = estate.records.iter().map(|record| event(&estate, record)).collect();
    let (storm, rest) = all.split_at(SUBSCRIPTIONS - LEFT);
    let mut stage = Stage::without_worker(estate.clone()).await;
    stage.start_worker(&[], 2).await;
    stage.deliver(storm[..3].to_vec()).await;
    until("it is in its middle", || stage.count("fixed") == 3).await;
    let pause = run_on(&stage, &["pause", "--reason", "storm"]).await;
    assert_eq!(pause.code, Some(0), "{}", pause.stderr);
    let paused_at = OffsetDateTime::now_utc();
    // It goes on for as long as an instance believes what it has read before.
    for (number, event) in storm.iter().enumerate().skip(3) {
        stage.deliver(vec![event.clone()]).await;
        until("it is fixed or held", || stage.count("fixed") > number || rests(&stage, "tag", "paused") > 0).await;
        if rests(&stage, "tag", "paused") > 0 && OffsetDateTime::now_utc() > paused_at + HALF_A_MINUTE {
            break;
        }
    }
    until("no instance may go on", || OffsetDateTime::now_utc() > paused_at + HALF_A_MINUTE).await;
    let fixed = || stage.count("fixed");
    stage.deliver(rest.to_vec()).await;
    until("the rest waits, and nothing runs", || stage.count("waiting") >= LEFT && stage.count("inTask") == 0).await;
    let (before, done) = (rests(&stage, "tag", "paused"), fixed());
    until("they rest again and again", || rests(&stage, "tag", "paused") >= before + 3 * LEFT).await;
    let begun = tasks_of(&stage, "Tag");
    let last = *begun.iter().max().unwrap();
    assert!(last <= paused_at + HALF_A_MINUTE, "the last is of {last}, and it was paused at {paused_at}");
    assert_eq!((begun.len(), fixed()), (done, done), "nothing more is begun");
    assert_eq!((stage.count("parked"), stage.count("skipped")), (0, 0));
    assert_eq!(run_on(&stage, &["resume"]).await.code, Some(0));
    // Nothing was lost, that which came while all was paused neither.
    let seen = stage.entries().len();
    assert!(seen >= 3 + LEFT, "{seen}");
    stage.deliver(all).await;
    stage.settled(SUBSCRIPTIONS).await;
    assert_eq!(stage.count("fixed"), SUBSCRIPTIONS);
    assert!(tasks_of(&stage, "Tag").iter().filter(|at| **at > last).count() >= LEFT, "it went on");
    stage.at_rest_with(Expected::default()).await;
}
