//! What only looks: it needs no more than a running installation, and changes nothing.

use crate::commands::run;
use crate::stage::Simulation;

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_of_an_installation_in_which_nothing_happened_yet() {
    let simulation = Simulation::start().await;
    let ended = run(&simulation, &["status", "--simulated", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let status = ended.json();
    assert_eq!((&status["version"], &status["kind"], &status["mode"]), (&1.into(), &"status".into(), &"act".into()));
    assert_eq!((&status["targets"], &status["parked"]), (&0.into(), &0.into()));
    let queues: Vec<&str> =
        status["queues"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(queues, ["batch-runs", "noncompliant-resources", "policy-events", "wake-ups"]);
    assert!(status["queues"][3]["deadLettered"] == 0 && status["queues"][3]["scheduled"] == 0, "{status}");
    let doctor = run(&simulation, &["doctor", "--simulated"]).await;
    assert!(doctor.stdout.contains("queue wake-ups holds 0, 0 scheduled and 0 dead letters"), "{}", doctor.stdout);
    let ended = run(&simulation, &["status", "--simulated"]).await;
    assert!(ended.stdout.contains("in a task") && !ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
    // Without any installation it says what is missing and how to name it.
    let ended = run(&simulation, &["status"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("--env-file") && ended.stderr.contains("ServiceBus__"), "{}", ended.stderr);
    simulation.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_are_what_the_shell_takes() {
    let ended = tokio::process::Command::new(env!("CARGO_BIN_EXE_policy-remediator"))
        .args(["completions", "bash"])
        .output()
        .await
        .unwrap();
    let script = String::from_utf8(ended.stdout).unwrap();
    assert!(script.contains("policy-remediator") && script.contains("--simulated"));
    let read = std::process::Command::new("bash").args(["-n", "-c", &script]).status().unwrap();
    assert!(read.success());
}
