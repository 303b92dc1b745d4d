//! People pause everything, or one assignment: nothing of it is begun in any instance, what is seen waits, and it goes on when they
//! end that. A damaged document pauses everything.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::resource_manager::Tempo;

use crate::commands::run_on;
use crate::stage::{DEFINITION, Expected, Stage, assignment, events, land, plot, record, tempo, until};

const CONTROLS: &str = "controls.json";

/// Writes what is paused, as a person's command does.
fn write(stage: &Stage, body: &Value) {
    stage.azure.blobs().put("state", CONTROLS, body.to_string()).unwrap();
}

fn paused(of: Value) -> Value {
    json!({ "version": 1, "pauses": [{ "of": of, "reason": "freeze", "by": "someone", "at": "2026-11-21T07:00:00Z" }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_what_is_paused_is_begun_until_the_pause_is_ended() {
    let estate = plot(land(1), 0, "Other", DEFINITION);
    let mut estate = estate.with_record(record(0, 0, "Tag"));
    estate = estate.with_record(record(0, 1, "Other"));
    let events = events(&estate);
    let stage = Stage::without_worker(estate).await;
    write(&stage, &paused(json!({ "assignment": "tag" })));
    let mut stage = stage;
    stage.start_worker(&[], 2).await;
    stage.deliver(events).await;
    until("the other assignment is served", || stage.count("fixed") == 1).await;
    let rests = |stage: &Stage| {
        let passes = stage.logged("target_reconciled").into_iter();
        passes.filter(|pass| pass["idle"] == "paused").count()
    };
    until("the paused one waits", || rests(&stage) >= 3).await;
    assert_eq!((stage.manager.tasks().len(), stage.count("waiting")), (1, 1));
    let told = stage.logged("pause_begun");
    assert!(told.iter().all(|told| told["reason"] == "freeze" && told["by"] == "someone"), "{told:#?}");
    assert_eq!(told[0]["of"], "assignment tag");
    let waiting = stage.state_of(&assignment(0, "Tag"), &crate::stage::account(0, 0));
    assert_eq!(waiting["is"], "waiting");
    assert_eq!(run_on(&stage, &["resume", "--reason", "thaw"]).await.code, Some(0));
    stage.settled(2).await;
    assert_eq!(stage.count("fixed"), 2);
    until("the log says who ended it and why", || !stage.logged("pause_ended").is_empty()).await;
    let told = &stage.logged("pause_ended")[0];
    assert!(told["of"] == "assignment tag" && told["reason"] == "thaw" && told["by"].is_string(), "{told}");
    stage.at_rest_with(Expected::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_may_cancel_what_runs_and_its_resources_go_on_afterwards() {
    let mut estate = land(1);
    for place in 0..10 {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    // Half a minute, one after the other.
    let _ = stage.manager.clone().with_tempo(Tempo { deployment: Duration::from_secs(3), ..tempo() });
    stage.start_worker(&[("PARALLEL_DEPLOYMENTS", "1")], 1).await;
    stage.deliver(events).await;
    until("a task runs", || !stage.logged("task_created").is_empty()).await;
    let mut body = paused(json!({}));
    body["pauses"][0]["cancelTasks"] = json!(true);
    write(&stage, &body);
    until("it is asked to end", || !stage.logged("task_canceled").is_empty()).await;
    until("its resources wait", || stage.count("inTask") == 0 && stage.count("waiting") >= 5).await;
    assert_eq!(stage.count("parked"), 0, "no person canceled it");
    let _ = stage.manager.clone().with_tempo(tempo());
    write(&stage, &json!({ "version": 1, "pauses": [] }));
    stage.settled(10).await;
    assert_eq!(stage.count("fixed"), 10);
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_nobody_can_read_pauses_everything() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let events = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    write(&stage, &json!("damaged"));
    stage.start_worker(&[], 1).await;
    stage.deliver(events).await;
    until("it waits", || stage.logged("target_reconciled").iter().any(|pass| pass["idle"] == "paused")).await;
    assert!(stage.logged("controls_unusable").len() == 1 && stage.manager.tasks().is_empty());
    write(&stage, &json!({ "version": 1, "pauses": [] }));
    stage.settled(1).await;
    stage.at_rest().await;
}
