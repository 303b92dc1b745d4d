//! `demo --keep`: what the demo did can be looked at, and goes when it is asked to.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use crate::simulate_options::logged;
use crate::stage::PATIENCE;

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
    serde_json::from_str(&line.expect("there is one more line")).unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_demo_did_can_be_looked_at_until_it_is_asked_to_end() {
    let (temporary, logs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = logs.path().join("worker.log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.args(["demo", "--json", "--keep", "--storm", "20", "--log"]).arg(&log);
    command.env("TMPDIR", temporary.path()).env("RUST_LOG", "debug");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let report = line(&mut lines).await;
    let places = line(&mut lines).await;
    assert!(report["fixed"].as_u64().unwrap() > 0, "{report}");
    assert!(places["resourceManager"].as_str().unwrap().starts_with("https://"), "{places}");
    // RUST_LOG of the person reaches the worker.
    assert!(!logged(&log, "arm_call").is_empty(), "each call is told");

    let mut look = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    look.args(["status", "--simulated", "--json"]).env("TMPDIR", temporary.path()).kill_on_drop(true);
    let looked = tokio::time::timeout(PATIENCE, look.output()).await.unwrap().unwrap();
    let words = String::from_utf8_lossy(&looked.stderr).into_owned();
    let status: Value = serde_json::from_slice(&looked.stdout).unwrap_or_else(|error| panic!("{error}: {words}"));
    assert_eq!(status["fixed"], report["fixed"], "{status} {report}");
    assert!(status["queues"].as_array().is_some_and(|queues| !queues.is_empty()), "{status}");

    let id = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(143));
    crate::stage::until("no worker is left", || workers(temporary.path()) == 0).await;
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "no folder is left");
}

/// Processes that run in a folder below this one.
fn workers(below: &std::path::Path) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(below)))
        .count()
}
