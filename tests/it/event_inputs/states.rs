//! Policy states beside events: what they tell of effects is taken, and what is no such file is named.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::stage::{events, land, record};

const ASSIGNMENT: &str =
    "/subscriptions/35ee058e-5fa0-414c-8145-000000000000/providers/microsoft.authorization/policyassignments/tag";

async fn demo(folder: &std::path::Path, states: &[u8]) -> (Option<i32>, Value, String) {
    std::fs::write(folder.join("states.json"), states).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.args(["demo", "--json", "--events", "events.json", "--states", "states.json"]).current_dir(folder);
    let ended = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let report = serde_json::from_slice(&ended.stdout).unwrap_or_default();
    (ended.status.code(), report, String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_states_beside_events_tell_the_effect_in_whatever_form_they_come() {
    let mut estate = land(1);
    estate.records = (0..3).map(|place| record(0, place, "Tag")).collect();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("events.json"), json!(events(&estate)).to_string()).unwrap();
    let row = |effect: &str| {
        json!({
            "resourceId": estate.records[0].key.resource.as_str(), "policyAssignmentId": ASSIGNMENT,
            "complianceState": "NonCompliant", "policyDefinitionAction": effect,
        })
    };
    let utf_16: Vec<u8> = "\u{feff}"
        .chars()
        .chain(json!([row("audit")]).to_string().chars())
        .map(|c| c as u16)
        .flat_map(u16::to_le_bytes)
        .collect();
    for (states, fixed) in [
        (json!([row("modify")]).to_string().into_bytes(), 3),
        (json!({ "data": [{ "properties": row("Audit") }] }).to_string().into_bytes(), 0),
        (utf_16, 0),
    ] {
        let (code, report, errors) = demo(folder.path(), &states).await;
        assert_eq!((code, &report["fixed"]), (Some(0), &json!(fixed)), "{errors} {report:#}");
        assert!(report["assumed"].as_str().unwrap().contains("the effect that policy states tell"), "{report:#}");
    }
    let (code, _, errors) = demo(folder.path(), b"[]").await;
    assert!(code == Some(1) && errors.contains("states.json holds no policy states"), "{errors}");
}
