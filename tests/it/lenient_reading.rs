//! One odd item in an answer costs only itself: everything else goes on, and a person is told once.

use serde_json::{Value, json};
use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

use policy_remediator::arm::{Page, read_item};
use remediation::fact::{Deployment, DeploymentStatus, ListedTask, TaskStatus};

use crate::stage::{DEFINITION, Stage, account, assignment, events, land, plot, record};

fn reads<T: serde::de::DeserializeOwned>(item: &Value) -> Result<T, String> {
    serde_json::from_value(item.clone()).map_err(|e| e.to_string())
}

#[test]
fn a_page_with_a_null_in_one_item_is_read() {
    let good = json!({ "remediatedResourceId": "/subscriptions/x", "status": "Succeeded" });
    let mut wrong = Vec::new();
    for odd in [
        json!({ "remediatedResourceId": null, "status": "Failed", "error": { "code": "X", "message": "y" } }),
        json!({ "remediatedResourceId": "/a", "status": null }),
        json!({ "remediatedResourceId": "/a", "status": "Failed", "error": { "code": null, "message": "y" } }),
        json!({ "remediatedResourceId": "/a", "status": "Failed", "error": { "code": "X", "message": null } }),
        json!({ "remediatedResourceId": "/a", "status": "Failed", "error": { "code": "X", "message": "y", "details": null } }),
    ] {
        let page = json!({ "value": [good, odd] });
        if let Err(words) = reads::<Page<Deployment>>(&page) {
            wrong.push(format!("deployments {odd}: {words}"));
        }
    }
    for odd in [
        json!({ "id": "/a", "name": "n", "properties": { "policyAssignmentId": null, "provisioningState": "Succeeded" } }),
        json!({ "id": "/a", "name": "n", "properties": { "policyAssignmentId": "/a", "provisioningState": null } }),
        json!({ "id": "/a", "name": "n" }),
    ] {
        if let Err(words) = reads::<Page<ListedTask>>(&json!({ "value": [odd] })) {
            wrong.push(format!("tasks {odd}: {words}"));
        }
    }
    for odd in [
        json!({ "id": "/a", "properties": { "policyDefinitionId": "/d", "notScopes": null } }),
        json!({ "id": "/a", "properties": { "policyDefinitionId": "/d" }, "identity": { "type": null } }),
        json!({ "id": "/a", "properties": { "policyDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/policySetDefinitions/50%off" } }),
    ] {
        if let Err(words) = reads::<Page<remediation::fact::Assignment>>(&json!({ "value": [odd] })) {
            wrong.push(format!("assignments {odd}: {words}"));
        }
    }
    let ended = json!({ "properties": { "provisioningState": "Succeeded", "policyAssignmentId": null } });
    if let Err(words) = read_item::<TaskStatus>(&ended) {
        wrong.push(format!("task: {words}"));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_detail_without_a_code_does_not_hide_the_code_outside() {
    let item = json!({ "remediatedResourceId": "/a", "status": "Failed",
        "error": { "code": "TooManyRequests", "message": "Too many.", "details": [{ "message": "Retry later." }] } });
    let deployment: Deployment = read_item(&item).unwrap();
    assert!(
        matches!(&deployment.status, DeploymentStatus::Failed { code, .. } if code == "TooManyRequests"),
        "{:?}",
        deployment.status
    );
}

const RESOURCES: usize = 6;

/// A text that lives as long as the test.
fn text(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_neighbours_in_every_list_hold_nobody_and_are_told_once() {
    let mut estate = plot(land(1), 0, "Other", DEFINITION);
    for place in 0..RESOURCES {
        estate = estate.with_record(record(0, place, "Tag"));
    }
    let events = events(&estate);
    let stage = Stage::start(estate).await;
    let replace = |name: &str, path: &str, from: String, to: &'static str| {
        let kind = Kind::Replace { from: text(from), to };
        let rule = Rule::new(name, Service::ResourceManager, Which::Always, kind);
        stage.azure.faults().add(rule.path_contains(path));
    };
    // A neighbour among the assignments has no id that can be read, whatever it is; its members look like no others.
    let other = assignment(0, "Other");
    replace("assignments", "/policyAssignments", format!("\"id\":\"{other}\""), "\"id\":7");
    // No list of deployments says which resource one of them was for.
    let one = account(0, 3).to_lowercase();
    replace("deployments", "/listDeployments", format!("\"{one}\""), "null");
    stage.deliver(events).await;
    stage.settled(RESOURCES).await;
    // What the list does not name is not taken for fixed: its state tells, before it would be tried again.
    assert_eq!((stage.unfit(), stage.count("fixed"), stage.count("skipped")), (0, RESOURCES - 1, 1));
    for rule in ["assignments", "deployments"] {
        assert!(stage.azure.faults().hits(rule) > 0, "{rule}");
    }
    let told = stage.logged("answer_misread");
    let of = |call: &str| told.iter().filter(|line| line["call"] == call).count();
    assert_eq!((of("listAssignments"), of("listDeployments"), told.len()), (1, 1, 2), "{told:#?}");
    stage.at_rest().await;
}
