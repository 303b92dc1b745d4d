//! A pause of one assignment leaves the pace of the others as it was.

use serde_json::{Value, json};

use crate::commands::run_on;
use crate::stage::{DEFINITION, Stage, assignment, event, land, plot, record, until};

fn tasks_of(stage: &Stage, name: &str) -> usize {
    let is_of = |id: &str| id.to_lowercase().ends_with(&format!("/{}", name.to_lowercase()));
    stage.manager.tasks().iter().filter(|task| is_of(task.assignment.as_str())).count()
}

fn rests(stage: &Stage, name: &str, why: &str) -> usize {
    let of = |pass: &Value| pass["assignment"].as_str().is_some_and(|id| id.ends_with(&format!("/{name}")));
    stage.logged("target_reconciled").iter().filter(|pass| pass["idle"] == why && of(pass)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_one_assignment_leaves_the_pace_of_the_others_as_it_was() {
    let mut estate = plot(land(1), 0, "Other", DEFINITION);
    for place in 0..5 {
        estate = estate.with_record(record(0, place, "Tag"));
        estate = estate.with_record(record(0, 10 + place, "Other"));
    }
    let all: Vec<_> = estate.records.iter().map(|record| event(&estate, record)).collect();
    let mut stage = Stage::without_worker(estate).await;
    stage.start_worker(&[("MAX_RESOURCES_PER_HOUR", "3"), ("OPENING_GRACE", "20s")], 2).await;
    assert_eq!(run_on(&stage, &["resume"]).await.code, Some(0));
    assert_eq!(run_on(&stage, &["pause", "--assignment", "Tag"]).await.code, Some(0));
    stage.deliver(all).await;
    until("the other goes at its pace", || rests(&stage, "other", "paceReached") >= 1).await;
    until("the paused one waits", || rests(&stage, "tag", "paused") >= 2).await;
    assert_eq!((stage.count("fixed"), stage.count("waiting")), (3, 7), "the pace of the other is its own");
    assert_eq!(tasks_of(&stage, "Tag"), 0);
    let shown = run_on(&stage, &["controls", "show", "--json"]).await.json();
    let paces = shown["paces"].as_array().unwrap();
    let [pace] = paces.as_slice() else { panic!("what is paused takes nothing of its pace: {paces:?}") };
    assert_eq!((&pace["assignment"], &pace["hour"]), (&json!(assignment(0, "Other").to_lowercase()), &json!(3)));
    // What was paused has all of its own pace when it goes on.
    assert_eq!(run_on(&stage, &["resume"]).await.code, Some(0));
    until("it goes at its pace as well", || rests(&stage, "tag", "paceReached") >= 1).await;
    assert_eq!((stage.count("fixed"), stage.count("waiting")), (6, 4));
    stage.stop_worker().await;
}
