//! People stop the worker and let it go on.

use serde_json::Value;

use crate::commands::{run, run_on};
use crate::stage::{Simulation, Stage, land};

const SCOPE: &str = "/subscriptions/35ee058e-5fa0-414c-8145-000000000000";

fn pauses(shown: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = shown["pauses"].as_array().unwrap_or_else(|| panic!("{shown}"));
    all.iter().map(|pause| (text(&pause["of"]["scope"]), text(&pause["reason"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_written_shown_and_ended_by_what_it_is_of() {
    let simulation = Simulation::start().await;
    let ended = run(&simulation, &["pause", "--simulated", "--json", "--reason", "freeze"]).await;
    // Before the worker's first pass, too.
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let arguments = ["pause", "--simulated", "--json", "--scope", SCOPE, "--for", "2h", "--cancel-tasks"];
    let ended = run(&simulation, &arguments).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let both = [(String::new(), "freeze".to_owned()), (SCOPE.to_owned(), String::new())];
    assert_eq!(pauses(&ended.json()), both);
    let pause = &ended.json()["pauses"][1];
    assert!(pause["by"].is_string() && pause["until"].is_string() && pause["cancelTasks"] == true, "{pause}");
    let shown = run(&simulation, &["controls", "show", "--simulated", "--json"]).await;
    assert_eq!((shown.code, pauses(&shown.json())), (Some(0), both.to_vec()));
    assert_eq!((&shown.json()["mode"], &shown.json()["windowIsOpen"]), (&"act".into(), &true.into()));
    let text = run(&simulation, &["controls", "show", "--simulated"]).await.stdout;
    assert!(text.contains("everything") && text.contains("freeze") && text.contains("tasks are canceled"), "{text}");
    let found = run(&simulation, &["doctor", "--simulated"]).await;
    assert!(found.code == Some(3) && found.stdout.contains("everything is paused since"), "{}", found.stdout);
    // One that is not there cannot be ended, and nothing else is.
    let ended = run(&simulation, &["resume", "--simulated", "--assignment", "nobody"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("no pause of just this"), "{}", ended.stderr);
    let ended = run(&simulation, &["resume", "--simulated", "--json", "--scope", SCOPE]).await;
    assert_eq!(pauses(&ended.json()), both[..1]);
    let ended = run(&simulation, &["resume", "--simulated"]).await;
    assert!(ended.code == Some(0) && ended.stdout.contains("nothing is paused"), "{}", ended.stdout);
    for wrong in [["--for", "soon"], ["--for", "0s"], ["--scope", "/providers/x"], ["--assignment", "{"]] {
        let ended = run(&simulation, &["pause", "--simulated", wrong[0], wrong[1]]).await;
        assert_eq!(ended.code, Some(2), "{wrong:?}: {}", ended.stderr);
    }
    simulation.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_pass_nothing_is_paused_and_after_it_lost_controls_need_somebody() {
    let stage = Stage::without_worker(land(1)).await;
    let commands = [&["status", "--json"][..], &["controls", "show", "--json"]];
    for command in commands {
        let new = run_on(&stage, command).await;
        assert_eq!(new.code, Some(0), "{command:?}: {} {}", new.stdout, new.stderr);
    }
    assert_eq!(run_on(&stage, commands[0]).await.json()["paused"], Value::Array(Vec::new()));
    let known = serde_json::json!({ "version": 1, "id": "known", "endpoint": "x.example:443" });
    stage.azure.blobs().put("state", "installation.json", known.to_string()).unwrap();
    for damaged in [false, true] {
        if damaged {
            stage.azure.blobs().put("state", "controls.json", "no document").unwrap();
        }
        for command in commands {
            let lost = run_on(&stage, command).await;
            assert_eq!(lost.code, Some(3), "{damaged}, {command:?}: {} {}", lost.stdout, lost.stderr);
        }
        let status = run_on(&stage, &["status"]).await;
        assert!(status.code == Some(3) && status.stdout.contains("everything is paused"), "{}", status.stdout);
        let found = run_on(&stage, &["doctor"]).await;
        assert!(found.stdout.contains("everything is paused"), "{}", found.stdout);
    }
    assert_eq!(run_on(&stage, &["resume"]).await.code, Some(0));
    assert_eq!(run_on(&stage, commands[0]).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_given_listed_and_taken_back() {
    let simulation = Simulation::start().await;
    let approve = ["approve", "--simulated", "--json", "--assignment", "Tag", "--scope", SCOPE, "--max", "5"];
    let given = run(&simulation, &[&approve[..], &["--for", "8h", "--grants", "--reason", "CHG-1"]].concat()).await;
    assert_eq!(given.code, Some(0), "{}", given.stderr);
    let approval = given.json()["approvals"][0].clone();
    assert_eq!((&approval["assignment"], &approval["max"], &approval["used"]), (&"tag".into(), &5.into(), &0.into()));
    assert!(approval["by"].is_string() && approval["grants"] == true && approval["reason"] == "CHG-1", "{approval}");
    let list = |all| ["approvals", "list", "--simulated", "--json", "--all"][..if all { 5 } else { 4 }].to_vec();
    assert_eq!(run(&simulation, &list(false)).await.json()["approvals"], given.json()["approvals"]);
    let id = approval["id"].as_str().unwrap().to_owned();
    let revoke = ["approvals", "revoke", "--simulated", &id, "--reason", "wrong"];
    let revoked = run(&simulation, &revoke).await;
    assert!(revoked.code == Some(0) && revoked.stdout.contains("taken back"), "{}", revoked.stderr);
    assert_eq!(run(&simulation, &list(false)).await.json()["approvals"], Value::Array(Vec::new()));
    let all = run(&simulation, &list(true)).await.json();
    assert_eq!(
        (&all["approvals"][0]["stands"], &all["approvals"][0]["revoked"]["reason"]),
        (&false.into(), &"wrong".into())
    );
    let nobody = run(&simulation, &["approvals", "revoke", "--simulated", "nobody"]).await;
    assert!(nobody.code == Some(1) && nobody.stderr.contains("no approval nobody"), "{}", nobody.stderr);
    let short = ["approve", "--simulated", "--assignment", "Tag", "--max", "1", "--for", "1h"];
    assert_eq!(run(&simulation, &short).await.code, Some(0));
    let found = run(&simulation, &["doctor", "--simulated"]).await.stdout;
    assert!(found.contains("ends in 59 min") || found.contains("ends in 60 min"), "{found}");
    for wrong in [["--assignment", "t*"], ["--max", "0"], ["--for", "0s"]] {
        let mut arguments = vec!["approve", "--simulated", wrong[0], wrong[1]];
        for (name, value) in [("--assignment", "t"), ("--max", "5"), ("--for", "1h")] {
            if name != wrong[0] {
                arguments.extend([name, value]);
            }
        }
        assert_eq!(run(&simulation, &arguments).await.code, Some(2), "{wrong:?}");
    }
    simulation.terminate().await;
}
