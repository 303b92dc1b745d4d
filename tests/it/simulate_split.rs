//! `simulate` with a package of one's own, every function on workers of its own, and all exchanges written down.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use policy_remediator::functions::FUNCTIONS;
use serde_json::Value;

use crate::simulate_options::{logged, sent};
use crate::stage::{Simulation, stage_package, until};

/// How many workers each function has.
const EACH: usize = 2;

/// Puts a wrapper in the worker's place that tells of each start, and then is the worker.
fn tell_starts(package: &Path, starts: &Path) {
    let worker = package.join("worker");
    fs::rename(package.join("handler"), &worker).unwrap();
    let script = format!("#!/bin/sh\necho \"$$\" >>'{}'\nexec '{}' \"$@\"\n", starts.display(), worker.display());
    fs::write(package.join("handler"), script).unwrap();
    fs::set_permissions(package.join("handler"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// The JSON lines of a file that may be written to at this moment.
fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_function_of_a_package_has_workers_of_its_own_and_every_exchange_is_written_down() {
    let (package, folder) = (stage_package(), tempfile::tempdir().unwrap());
    let file = |name: &str| folder.path().join(name);
    let (starts, log, exchanges) = (file("starts"), file("worker.log"), file("exchanges.jsonl"));
    tell_starts(package.path(), &starts);
    let text = |path: &Path| path.display().to_string();
    let (split, each) = ("--split", EACH.to_string());
    let (package_folder, log_file, exchanges_file) = (text(package.path()), text(&log), text(&exchanges));
    let simulation = Simulation::with(&[
        split,
        "--instances",
        &each,
        "--package",
        &package_folder,
        "--log",
        &log_file,
        "--exchanges",
        &exchanges_file,
    ])
    .await;
    // One that is not split has as many workers as it was asked for, whatever there are of functions.
    let all = EACH * FUNCTIONS.len();
    until("each function has its workers", || logged(&log, "started").len() == all).await;
    let told = fs::read_to_string(&starts).unwrap();
    assert_eq!(told.lines().collect::<std::collections::BTreeSet<_>>().len(), all, "{told}");
    sent(&simulation.place("curl")).await;
    until("one function hands on to the next until the resource is fixed", || {
        !logged(&log, "resource_fixed").is_empty()
    })
    .await;
    let is_task = |exchange: &Value| {
        exchange["request"]["method"] == "PUT" && exchange["request"]["url"].to_string().contains("/remediations/")
    };
    let written = lines(&exchanges);
    let tasks: Vec<&Value> = written.iter().filter(|one| is_task(one)).collect();
    assert_eq!(tasks.len(), logged(&log, "task_created").len());
    for task in tasks {
        assert_eq!(task["response"]["status"], 201, "{task}");
        assert!(task["request"]["body"]["properties"]["policyAssignmentId"].is_string(), "{task}");
        assert_eq!(task["response"]["body"]["properties"]["provisioningState"], "Accepted", "{task}");
    }
    assert!(written.iter().any(|one| one["request"]["method"] == "GET"), "reads stand there, too");
    for one in &written {
        assert!(one["request"]["headers"].get("authorization").is_none(), "a token was written down: {one}");
    }
    simulation.terminate().await;
}
