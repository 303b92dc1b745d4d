//! What a batch run or a scan finds passes the same question as what events tell of: mode, pauses, first steps and pace hold it.

use serde_json::{Value, json};
use simulator::estate::Estate;

use crate::commands::run_on;
use crate::stage::{Stage, assignment, land, record, subscription, until};

fn of(number: usize) -> String {
    format!("/subscriptions/{}", subscription(number))
}

/// A target of very many, which is handed over as a whole, and one that is listed.
fn estate() -> Estate {
    let all = (0..40).map(|place| (0, place)).chain((0..3).map(|place| (1, place)));
    all.fold(land(2), |estate, (number, place)| estate.with_record(record(number, place, "Tag")))
}

fn rests(stage: &Stage, number: usize, why: &str) -> usize {
    let id = assignment(number, "Tag").to_lowercase();
    let of = |pass: &Value| pass["assignment"] == id && pass["idle"] == why;
    stage.logged("target_reconciled").iter().filter(|pass| of(pass)).count()
}

/// Resources in tasks, by subscription.
fn begun(stage: &Stage) -> [u64; 2] {
    let put = |number: usize| {
        let id = subscription(number);
        let of = stage.logged("task_created").into_iter().filter(move |put| put["subscription"] == *id);
        of.filter_map(|put| put["resources"].as_u64()).sum()
    };
    [put(0), put(1)]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_and_scans_find_is_held_by_steps_paces_and_pauses_as_all_else_is() {
    let mut stage = Stage::without_worker(estate()).await;
    let scan = of(1);
    let settings = [
        ("ESCALATE_ABOVE", "20"),
        ("FIRST_STEPS", "1,3"),
        ("STEP_SOAK", "4s"),
        ("MAX_RESOURCES_PER_DAY", "6"),
        ("SWEEP_SCOPES", &scan),
        ("SWEEP_SCAN_INTERVAL", "1d"),
        ("OPENING_GRACE", "20s"),
        ("CHECK_INTERVAL_MAX", "2s"),
    ];
    stage.start_worker(&settings, 1).await;
    assert_eq!(run_on(&stage, &["pause", "--scope", &scan, "--reason", "freeze"]).await.code, Some(0));
    stage.enqueue("batch-runs", [json!({ "version": 1, "runId": "large", "scopes": [of(0)] }).to_string()]);
    stage.host().fire("sweep").await.unwrap().unwrap();
    until("both have ended", || stage.logged("run_ended").len() >= 2).await;
    until("one waits for its step", || rests(&stage, 0, "firstSteps") >= 1).await;
    until("and then for room", || rests(&stage, 0, "paceReached") >= 1 && stage.count("fixed") == 6).await;
    until("the other is paused", || rests(&stage, 1, "paused") >= 1).await;
    assert_eq!(begun(&stage), [6, 0], "a task for all of the scope would have taken all");
    assert_eq!(run_on(&stage, &["resume", "--scope", &scan]).await.code, Some(0));
    // It has a pace of its own; the first steps are those of the name, and over.
    until("the other goes on", || stage.count("fixed") == 9).await;
    assert_eq!(begun(&stage), [6, 3]);
    stage.stop_worker().await;
}
