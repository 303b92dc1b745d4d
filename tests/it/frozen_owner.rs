//! An instance stands still between its claim and its request for the task, for longer than the opening is left to it. Another
//! takes the opening over; what the first one sends afterwards would start a finished task anew.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::resource_manager::WriteKind;
use tokio::process::Child;

use crate::stage::{Stage, events, land, record, until};

/// The processes that this very process has started.
fn workers() -> Vec<String> {
    let me = std::process::id().to_string();
    let parent = |pid: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit(')').next()?.split_whitespace().nth(1).map(str::to_owned)
    };
    let all =
        std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let pids = all.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    pids.filter(|pid| parent(pid).as_deref() == Some(me.as_str())).collect()
}

/// The environment of a process.
fn environment(pid: &str) -> Vec<(String, String)> {
    let text = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let pairs = text.split(|byte| *byte == 0).map(|pair| String::from_utf8_lossy(pair).into_owned());
    pairs.filter_map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

/// The worker on this stage's services: other tests have theirs at the same time.
fn worker_of(stage: &Stage) -> String {
    let storage = stage.azure.host_options().settings["STATE_BLOB_ENDPOINT"].clone();
    let is_of_stage = |pid: &String| environment(pid).iter().any(|(_, value)| *value == storage);
    workers().into_iter().find(is_of_stage).expect("a worker runs")
}

fn signal(name: &str, pid: &str) {
    assert!(Command::new("kill").args([name, pid]).status().unwrap().success());
}

/// A second worker process on the same services, called by the test itself.
async fn second_worker(first: &str) -> (Child, u16) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.env_clear().kill_on_drop(true).envs(environment(first));
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()).stdout(std::process::Stdio::null());
    let child = command.spawn().unwrap();
    while reqwest::get(format!("http://127.0.0.1:{port}/")).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (child, port)
}

async fn look(port: u16, document: &Value) {
    let wake_up = json!({ "version": 1, "target": document["target"], "generation": document["generation"] });
    let messages = json!([wake_up.to_string()]).to_string();
    let envelope = json!({ "Data": { "messages": messages }, "Metadata": { "DeliveryCountArray": "[1]" } });
    let request = reqwest::Client::new().post(format!("http://127.0.0.1:{port}/remediate")).body(envelope.to_string());
    let request = request.header("content-type", "application/json");
    assert!(request.send().await.unwrap().status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_stood_still_does_not_start_the_finished_task_anew() {
    let estate = land(1).with_record(record(0, 0, "Tag"));
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    stage.start_worker(&[("OPENING_GRACE", "3s")], 1).await;
    let first = worker_of(&stage);
    // The answer to the claim comes late, so there is time to stop the owner between its claim and its request.
    let late = Rule::new("late", Service::Blob, Which::First(1), Kind::Delay(Duration::from_secs(1)));
    stage.azure.faults().add(late.method("PUT").path_contains("subscriptions").body_contains("pr-"));
    stage.deliver(all).await;
    until("the claim is on its way", || stage.azure.faults().hits("late") == 1).await;
    signal("-STOP", &first);
    let (second, port) = second_worker(&first).await;
    let document = || stage.documents().into_values().next().unwrap();
    while !document()["active"].is_null() {
        look(port, &document()).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let puts = || stage.manager.accepted_writes().into_iter().filter(|write| write.kind == WriteKind::Put).count();
    assert_eq!(puts(), 1, "the second did the work");
    let looks = stage.logged("target_reconciled").len();
    signal("-CONT", &first);
    until("the first has gone on", || stage.logged("target_reconciled").len() > looks).await;
    assert_eq!(puts(), 1, "the finished task was started anew");
    drop(second);
}
