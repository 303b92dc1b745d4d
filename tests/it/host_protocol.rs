//! What the Functions host, and a person in a shell, see of the binary before any work is done.

use std::process::{Command, Output};

use serde_json::Value;

use crate::stage::{Stage, land};

fn run(environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.env_clear().envs(environment.iter().copied()).output().unwrap()
}

const GOOD: [(&str, &str); 3] = [
    ("FUNCTIONS_CUSTOMHANDLER_PORT", "0"),
    ("ServiceBus__fullyQualifiedNamespace", "ns.servicebus.windows.net"),
    ("STATE_BLOB_ENDPOINT", "https://account.blob.core.windows.net"),
];

#[test]
fn without_a_host_the_binary_prints_its_help() {
    let ended = run(&[]);
    assert_eq!(ended.status.code(), Some(0));
    let help = String::from_utf8(ended.stdout).unwrap();
    assert!(help.contains("Usage:") && help.contains("FUNCTIONS_CUSTOMHANDLER_PORT"), "{help}");
    assert!(ended.stderr.is_empty());
}

#[test]
fn a_wrong_setting_stops_the_start_with_one_line_that_names_it_its_value_and_what_is_allowed() {
    for (name, value, allowed) in [
        ("REMEDIATION_MODE", "go", "plan, approve or act"),
        ("SETTLE_DELAY", "ten minutes please", "a duration such as"),
        ("MAX_ATTEMPTS", "0", "from 1 to 100"),
        ("RESOURCE_MANAGER_ENDPOINT", "http://localhost:1", "https"),
        ("AZURE_CLOUD", "mars", "china"),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "eight", "a port"),
    ] {
        let settings: Vec<_> = GOOD.into_iter().filter(|(known, _)| *known != name).chain([(name, value)]).collect();
        let ended = run(&settings);
        assert_eq!(ended.status.code(), Some(1), "{name}: never 0, which the host takes for meant");
        assert!(ended.stdout.is_empty(), "{name}: {}", String::from_utf8_lossy(&ended.stdout));
        let words = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(words.trim_end().lines().count(), 1, "{words}");
        let line: Value = serde_json::from_str(&words).unwrap();
        let reason = line["reason"].as_str().unwrap();
        assert!(reason.contains(name) && reason.contains(value) && reason.contains(allowed), "{name}: {reason}");
        assert_eq!((&line["event"], &line["level"]), (&"start_failed".into(), &"ERROR".into()));
    }
}

#[test]
fn a_missing_setting_stops_the_start_with_its_name() {
    let ended = run(&GOOD[..2]);
    assert_eq!(ended.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&ended.stderr).unwrap();
    assert!(line["reason"].as_str().unwrap().contains("STATE_BLOB_ENDPOINT is not set"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_json_and_never_empty() {
    // A failing call of a queue's function is held for all of its budget.
    let stage = Stage::with(land(1), &[("INVOCATION_BUDGET", "1s")]).await;
    let calls = [
        ("GET", "/", "", 200),
        ("GET", "/nothing", "", 404),
        ("POST", "/", "{}", 405),
        ("GET", "/collect", "", 405),
        ("DELETE", "/remediate", "", 405),
        ("POST", "/collect", "no json", 500),
        ("POST", "/remediate", "{}", 500),
        ("POST", "/receive-event", r#"{"Data":{}}"#, 500),
        ("POST", "/receive-event", r#"{"Data":{"event":{}},"Metadata":{}}"#, 200),
        ("POST", "/sweep", r#"{"Data":{"timer":{}},"Metadata":{}}"#, 200),
    ];
    for (method, path, body, expected) in calls {
        let (status, kind, text) = stage.ask(method, path, body).await;
        let told = format!("{method} {path} {body}: {status} {kind:?} {text:?}");
        assert_eq!(status, expected, "{told}");
        assert!(kind.starts_with("application/json"), "{told}");
        assert!(serde_json::from_str::<Value>(&text).is_ok_and(|answer| answer.is_object()), "{told}");
    }
    // The event without members was malformed.
    assert_eq!(stage.rejected().len(), 1);
    let expected = crate::stage::Expected { rejected: 1, ..Default::default() };
    stage.at_rest_with(expected).await;
}
