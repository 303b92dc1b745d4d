//! A plan tells what `act` would do, and changes nothing.

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::commands::{Ended, ended};
use crate::stage::{account, assignment};

fn row(place: usize, name: &str, effect: &str, state: &str) -> Value {
    json!({
        "resourceId": account(0, place), "policyAssignmentId": assignment(0, name), "policyDefinitionReferenceId": "",
        "complianceState": state, "timestamp": "2026-11-21T06:00:00Z", "policyDefinitionAction": effect,
    })
}

/// Plans offline, in an environment of nothing but these settings.
async fn plan(states: &Value, settings: &[(&str, &str)], more: &[&str]) -> Ended {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), states.to_string()).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.args(["plan", "--states", file.path().to_str().unwrap()]).args(more).env_clear();
    ended(command.envs(settings.iter().copied())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_policy_states_is_enough_for_a_plan() {
    let mut rows: Vec<_> = (0..250).map(|place| row(place, "Tag", "deployIfNotExists", "NonCompliant")).collect();
    rows.extend((0..2).map(|place| row(place, "Skus", "audit", "NonCompliant")));
    rows.extend([row(300, "Tag", "deployIfNotExists", "Compliant"), json!({ "id": "no state" })]);
    let settings = [("EXCLUDE_SCOPES", "*/resourceGroups/app-2")];
    let planned = plan(&json!(rows), &settings, &["--json"]).await;
    assert_eq!(planned.code, Some(0), "{}", planned.stderr);
    let planned = planned.json();
    let target = |name: &str| {
        let name = assignment(0, name).to_lowercase();
        let all = planned["targets"].as_array().unwrap();
        all.iter().find(|target| target["assignment"] == name.as_str()).unwrap().clone()
    };
    let tag = target("Tag");
    let sizes: Vec<_> =
        tag["tasks"].as_array().unwrap().iter().map(|task| task["resources"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [100, 67], "a third lies in the excluded group: {tag}");
    assert_eq!(tag["skipped"]["scopeExcluded"].as_array().unwrap().len(), 83);
    let body = &tag["tasks"][0]["body"]["properties"];
    assert_eq!(body["filters"]["resourceIds"].as_array().unwrap().len(), 100, "as it would be sent: {body}");
    assert_eq!(body["resourceDiscoveryMode"], "ExistingNonCompliant");
    let skus = target("Skus");
    assert_eq!((&skus["tasks"], skus["skipped"]["notRemediable"].as_array().unwrap().len()), (&json!([]), 2));
    assert_eq!((&planned["totals"]["resources"], &planned["totals"]["writes"]), (&json!(167), &json!(2)));
    let notes = planned["notes"].to_string();
    assert!(notes.contains("Offline: 252") && notes.contains("1 things"), "{notes}");

    let only = plan(&json!(rows), &settings, &["--assignment", "Sk*"]).await;
    assert!(only.stdout.contains("2 notRemediable") && !only.stdout.contains("(tag"), "{}", only.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_resources_get_one_task_for_the_whole_scope_as_act_would_open_it() {
    let rows: Vec<_> = (0..40).map(|place| row(place, "Tag", "modify", "NonCompliant")).collect();
    // Where anything is counted there are waves.
    let uncounted = [("ESCALATE_ABOVE", "20"), ("FIRST_STEPS", "off"), ("MAX_RESOURCES_PER_DAY", "none")];
    let planned = plan(&json!({ "data": rows }), &uncounted, &["--json"]).await.json();
    let tasks = &planned["targets"][0]["tasks"];
    assert_eq!((tasks.as_array().unwrap().len(), &tasks[0]["kind"]), (1, &json!("wholeScope")), "{tasks}");
    assert_eq!(tasks[0]["body"]["properties"]["resourceCount"], 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_file_or_a_setting_is_said() {
    let nonsense = plan(&json!({ "error": "x" }), &[], &[]).await;
    assert!(nonsense.code == Some(1) && nonsense.stderr.contains("az policy state list"), "{}", nonsense.stderr);
    let rows = json!([row(0, "Tag", "modify", "NonCompliant")]);
    let wrong = plan(&rows, &[("MAX_ATTEMPTS", "many")], &[]).await;
    assert!(wrong.code == Some(1) && wrong.stderr.contains("MAX_ATTEMPTS"), "{}", wrong.stderr);
}
