//! What a person can ask of `simulate`, and that what it prints works as it is printed.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use serde_json::Value;

use crate::stage::{Simulation, events, land, record, until};

/// The first of six ports in a row on which nobody listens.
fn six_ports() -> u16 {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let start = 4_000 + u16::try_from(std::process::id() % 5_000).unwrap();
    (start..9_990).find(|first| (*first..first + 6).all(is_free)).expect("some ports are free")
}

/// The lines of a log file that tell of an event.
pub(crate) fn logged(file: &Path, event: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["event"] == event).collect()
}

/// The words of a command, as a shell makes them.
fn words(command: &str) -> Vec<String> {
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{command}");
    let said = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Does what the printed command does.
pub(crate) async fn sent(command: &str) {
    let words = words(command);
    let after = |name: &str| words[1 + words.iter().position(|word| word == name).unwrap()].clone();
    assert_eq!(words[..2], ["-X", "POST"], "{words:?}");
    let mut request = reqwest::Client::new().post(after("POST")).body(after("--data-binary"));
    for header in words.iter().zip(words.iter().skip(1)).filter(|(name, _)| *name == "-H").map(|(_, header)| header) {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    assert_eq!(request.send().await.unwrap().status().as_u16(), 202, "{command}");
}

#[tokio::test(flavor = "multi_thread")]
async fn simulate_is_what_was_asked_for_and_its_command_works_as_printed() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (folder.path().join("events.json"), folder.path().join("worker.log"));
    std::fs::write(&file, Value::Array(events(&estate)).to_string()).unwrap();
    let (first, file, log_file) = (six_ports(), file.display().to_string(), log.display().to_string());
    let port = first.to_string();
    let arguments =
        ["--port", &port, "--events", &file, "--set", "MAX_ATTEMPTS=3", "--instances", "2", "--log", &log_file];
    let simulation = Simulation::with(&arguments).await;
    assert_eq!(simulation.place("resourceManager"), format!("https://localhost:{first}"));
    assert_eq!(simulation.place("functions"), format!("http://127.0.0.1:{}", first + 4));
    assert_eq!(simulation.place("entra"), format!("https://localhost:{}", first + 5));
    until("both workers have told that they started", || logged(&log, "started").len() == 2).await;
    for started in logged(&log, "started") {
        assert_eq!(started["mode"], "act");
        assert!(started["changed"].to_string().contains("MAX_ATTEMPTS=3"), "{started}");
    }
    let beside = Path::new(&simulation.place("caFile")).with_file_name("events.json");
    assert_eq!(simulation.place("events"), beside.display().to_string());
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(beside).unwrap()).unwrap();
    assert_eq!(kept.as_array().map(Vec::len), Some(1));
    sent(&simulation.place("curl")).await;
    until("the resource of the event is fixed", || logged(&log, "resource_fixed").len() == 1).await;
    until("the short log tells it, too", || simulation.stderr().contains("resource_fixed")).await;
    let told = simulation.stderr();
    assert!(told.lines().any(|line| line.contains("INFO  started  ")), "{told}");
    simulation.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_estate_that_was_simulated_can_be_simulated_again_in_another_mode() {
    let first = Simulation::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (kept, log) = (folder.path().join("estate.json"), folder.path().join("worker.log"));
    std::fs::copy(first.place("estate"), &kept).unwrap();
    first.terminate().await;
    let (kept, log_file) = (kept.display().to_string(), log.display().to_string());
    let second = Simulation::with(&["--estate", &kept, "--mode", "plan", "--log", &log_file]).await;
    sent(&second.place("curl")).await;
    until("a plan is told", || logged(&log, "plan").len() == 1).await;
    assert!(logged(&log, "task_created").is_empty());
    second.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_simulated_with_its_answers_and_its_settings() {
    let scenario =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/one-subscription/provider-not-registered.json");
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("worker.log");
    let (scenario, log_file) = (scenario.display().to_string(), log.display().to_string());
    let simulation = Simulation::with(&["--scenario", &scenario, "--log", &log_file]).await;
    until("the worker has told that it started", || logged(&log, "started").len() == 1).await;
    assert!(logged(&log, "started")[0]["changed"].to_string().contains("MAX_ATTEMPTS=4"));
    sent(&simulation.place("curl")).await;
    until("the task is refused", || !logged(&log, "task_refused").is_empty()).await;
    let words = logged(&log, "task_refused")[0]["error"].to_string();
    assert!(words.contains("MissingSubscriptionRegistration"), "{words}");
    simulation.terminate().await;
}
