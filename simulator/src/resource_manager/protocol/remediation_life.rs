//! The life of a remediation task as a client follows it.

use super::local::{INSIGHTS, LANDING, Local, ROOT, assignment, at, start, storage_account, tempo};
use crate::{
    estate::{ArmId, ComplianceState, EventKind, RecordKey, sample},
    resource_manager::{CallerKind, ProvisioningState, TaskRequest, Tempo},
};
use serde_json::json;
use std::time::Duration;

fn tls_task(name: &str) -> String {
    format!("{LANDING}{INSIGHTS}/remediations/{name}")
}

fn state(local: &Local, number: usize, assigned: &str, reference: Option<&str>) -> Option<ComplianceState> {
    let key = RecordKey::new(storage_account(number), assigned, reference);
    local.manager.records().into_iter().find(|record| record.key == key).and_then(|record| record.state)
}

#[tokio::test]
async fn a_task_goes_from_accepted_to_succeeded_as_recorded() {
    let local = Local::sample().await;
    let tls = assignment(LANDING, "Enforce-TLS");
    let put = local
        .put(
            &tls_task("Fix-TLS"),
            json!({
                "policyAssignmentId": tls, "resourceCount": 3, "parallelDeployments": 2,
                "failureThreshold": { "percentage": 0.4 }
            }),
        )
        .await;
    assert_eq!(put.status, 201);
    assert_eq!(
        put.body,
        json!({
            "properties": {
                "policyAssignmentId": tls.to_lowercase(),
                "provisioningState": "Accepted",
                "createdOn": at(0),
                "lastUpdatedOn": at(0),
                "deploymentStatus": { "totalDeployments": 0, "successfulDeployments": 0, "failedDeployments": 0 },
                "resourceDiscoveryMode": "ExistingNonCompliant",
                "correlationId": "5af4b330-51c2-45e8-a75a-c8d86d20d999",
                "resourceCount": 3,
                "parallelDeployments": 2,
                "failureThreshold": { "percentage": 0.400000006 }
            },
            "id": tls_task("Fix-TLS").to_lowercase(),
            "name": "Fix-TLS",
            "type": "Microsoft.PolicyInsights/remediations",
            "systemData": {
                "createdBy": "00000000-0000-0000-0000-000000000000",
                "createdByType": "Application",
                "createdAt": at(0),
                "lastModifiedBy": "00000000-0000-0000-0000-000000000000",
                "lastModifiedByType": "Application",
                "lastModifiedAt": at(0)
            }
        })
    );
    local.pass(10);
    let running = local.get(&tls_task("fix-tls")).await.body;
    assert_eq!(running["properties"]["provisioningState"], "Running");
    assert_eq!(running["properties"]["deploymentStatus"]["totalDeployments"], 3);
    assert_eq!(running["name"], "Fix-TLS", "the name keeps the casing of its creation");
    let deployments = local.post(&format!("{}/listDeployments", tls_task("Fix-TLS"))).await;
    assert_eq!(deployments.values().len(), 2, "two at a time");
    assert_eq!(deployments.values()[0]["status"], "Running");
    assert_eq!(state(&local, 0, &tls, None), Some(ComplianceState::NonCompliant));
    local.pass(20);
    assert_eq!(state(&local, 0, &tls, None), Some(ComplianceState::Compliant), "the oldest goes first");
    assert_eq!(state(&local, 3, &tls, None), Some(ComplianceState::NonCompliant));
    local.pass(20);
    let done = local.get(&tls_task("Fix-TLS")).await.body;
    assert_eq!(done["properties"]["provisioningState"], "Succeeded");
    assert_eq!(
        done["properties"]["deploymentStatus"],
        json!({ "totalDeployments": 3, "successfulDeployments": 3, "failedDeployments": 0 })
    );
    assert_eq!(done["properties"]["lastUpdatedOn"], at(50));
    let deployments = local.post(&format!("{}/listDeployments", tls_task("Fix-TLS"))).await;
    let first = &deployments.values()[0];
    assert_eq!(first["remediatedResourceId"], storage_account(0).to_lowercase());
    assert_eq!((&first["status"], &first["resourceLocation"]), (&json!("Succeeded"), &json!("westeurope")));
    assert_eq!((&first["createdOn"], &first["lastUpdatedOn"]), (&json!(at(10)), &json!(at(30))));
    let id = first["deploymentId"].as_str().expect("an id");
    assert!(
        id.starts_with(&format!(
            "{}/resourcegroups/app-prod/providers/microsoft.resources/deployments/policydeployment_",
            LANDING
        )),
        "{id}"
    );
    assert_eq!(deployments.body.get("nextLink"), None);
}

#[tokio::test]
async fn a_put_over_a_finished_task_restarts_it() {
    let local = Local::sample().await;
    let tls = assignment(LANDING, "Enforce-TLS");
    local.put(&tls_task("Again"), json!({ "policyAssignmentId": tls })).await;
    local.pass(60);
    let again = local.put(&tls_task("AGAIN"), json!({ "policyAssignmentId": tls })).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.body["name"], "Again");
    assert_eq!(again.body["properties"]["provisioningState"], "Accepted");
    assert_eq!(again.body["properties"]["createdOn"], at(60));
    assert_eq!(again.body["systemData"]["createdAt"], at(0), "systemData is kept");
    assert_eq!(again.body["systemData"]["lastModifiedAt"], at(60));
    local.pass(10);
    let done = local.get(&tls_task("Again")).await.body;
    assert_eq!(done["properties"]["provisioningState"], "Succeeded");
    assert_eq!(done["properties"]["deploymentStatus"]["totalDeployments"], 0, "compliant resources are not touched");
    let tasks = local.manager.tasks();
    assert_eq!((tasks.len(), tasks[0].is_gone, tasks[1].is_gone), (2, true, false));
    assert_eq!((tasks[0].successful, tasks[1].successful), (8, 0));
    assert_eq!(local.get(&format!("{LANDING}{INSIGHTS}/remediations")).await.values().len(), 1);
}

#[tokio::test]
async fn cancel_and_delete_follow_their_rules() {
    let local = Local::sample().await;
    let tls = assignment(LANDING, "Enforce-TLS");
    let path = tls_task("Stop");
    local.put(&path, json!({ "policyAssignmentId": tls, "parallelDeployments": 2 })).await;
    let again = local.put(&path, json!({ "policyAssignmentId": tls })).await;
    assert_eq!(again.error(), (400, "InvalidUpdateRemediationRequest"));
    let kept = local.call("DELETE", &path, None).await;
    assert_eq!(kept.error(), (400, "InvalidDeleteRemediationRequest"));
    assert_eq!(
        kept.body["error"]["message"],
        "The request to delete remediation 'Stop' is invalid. The remediation must be in a terminal provisioning state \
         (Succeeded, Canceled, Failed) before it can be deleted."
    );
    local.pass(15);
    let cancelled = local.post(&format!("{LANDING}/{INSIGHTS}/remediations/stop/cancel")).await;
    assert_eq!((cancelled.status, &cancelled.body["properties"]["provisioningState"]), (200, &json!("Cancelling")));
    assert_eq!(cancelled.body["name"], "Stop");
    assert_eq!(local.post(&format!("{path}/cancel")).await.status, 200, "a cancel may be repeated");
    local.pass(15);
    let ended = local.get(&path).await.body;
    assert_eq!(ended["properties"]["provisioningState"], "Canceled");
    assert_eq!(
        ended["properties"]["deploymentStatus"],
        json!({ "totalDeployments": 8, "successfulDeployments": 2, "failedDeployments": 0 })
    );
    assert_eq!(local.post(&format!("{path}/cancel")).await.error(), (400, "InvalidCancelRemediationRequest"));
    local.pass(1000);
    let fixed = local
        .manager
        .records()
        .iter()
        .filter(|one| one.key.assignment == ArmId::new(&tls))
        .filter(|one| one.state == Some(ComplianceState::Compliant))
        .count();
    assert_eq!(fixed, 2, "what had not begun never happens");
    let deleted = local.call("DELETE", &path, None).await;
    assert_eq!((deleted.status, &deleted.body["name"]), (200, &json!("Stop")));
    assert_eq!(local.call("DELETE", &path, None).await.status, 204);
    assert_eq!(local.get(&path).await.error(), (404, "RemediationNotFound"));
    assert_eq!(local.post(&format!("{path}/cancel")).await.error(), (404, "RemediationNotFound"));
    assert_eq!(local.manager.accepted_writes().len(), 5);
    assert_eq!(local.manager.refused_writes().len(), 4);
}

#[tokio::test]
async fn deployments_end_by_their_script() {
    let local = Local::sample().await;
    let baseline = assignment(ROOT, "Baseline");
    let body = json!({ "policyAssignmentId": baseline, "policyDefinitionReferenceId": "deploy_DIAGNOSTICS" });
    let mut seen = Vec::new();
    for attempt in 0..3 {
        let path = tls_task(&format!("try-{attempt}"));
        let put = local.put(&path, body.clone()).await;
        assert_eq!(put.status, 201, "{}", put.body);
        assert_eq!(put.body["properties"]["policyDefinitionReferenceId"], "deploy_diagnostics");
        local.pass(31);
        let task = local.get(&path).await.body;
        let counts = &task["properties"]["deploymentStatus"];
        let number = |name: &str| counts[name].as_u64().expect("a number");
        seen.push((
            task["properties"]["provisioningState"].as_str().expect("a state").to_owned(),
            number("totalDeployments"),
            number("successfulDeployments"),
            number("failedDeployments"),
        ));
        let deployments = local.post(&format!("{path}/listDeployments")).await;
        let failed: Vec<_> = deployments.values().iter().filter(|one| one["status"] == "Failed").collect();
        assert_eq!(failed.len() as u64, number("failedDeployments"));
        assert!(failed.iter().all(|one| one["error"]["code"].is_string() && one["error"]["message"].is_string()));
        if attempt == 0 {
            assert_eq!(failed[0]["error"]["code"], "DeploymentFailed");
            assert_eq!(failed[0]["error"]["details"][0]["code"], "AnotherOperationInProgress");
        }
    }
    // Of the landing zone's eight, one is compliant and one exempt; one fails twice; number 5 is in the other subscription.
    assert_eq!(seen, [("Failed".into(), 6, 5, 1), ("Failed".into(), 1, 0, 1), ("Succeeded".into(), 1, 1, 0)]);
}

#[tokio::test]
async fn what_cannot_be_remediated_does_nothing_or_fails() {
    let local = Local::sample().await;
    let audit = local
        .put(
            &tls_task("audit"),
            json!({ "policyAssignmentId": assignment(LANDING, "Audit-Skus"), "policyDefinitionReferenceId": "any" }),
        )
        .await;
    assert_eq!((audit.status, &audit.body["properties"]["provisioningState"]), (201, &json!("Succeeded")));
    let of_nothing =
        json!({ "policyAssignmentId": assignment(ROOT, "Baseline"), "policyDefinitionReferenceId": "none" });
    let unknown = local.put(&tls_task("unknown"), of_nothing).await;
    assert_eq!((unknown.status, &unknown.body["properties"]["provisioningState"]), (201, &json!("Succeeded")));
    assert_eq!(
        unknown.body["properties"]["deploymentStatus"],
        json!({ "totalDeployments": 0, "successfulDeployments": 0, "failedDeployments": 0 })
    );
    let orphan = assignment(LANDING, "Orphan-Diagnostics");
    local.put(&tls_task("orphan"), json!({ "policyAssignmentId": orphan })).await;
    local.pass(40);
    assert_eq!(local.get(&tls_task("orphan")).await.body["properties"]["provisioningState"], "Failed");
    let deployments = local.post(&format!("{}/listDeployments", tls_task("orphan"))).await;
    let message = deployments.values()[0]["error"]["message"].as_str().expect("a message").to_owned();
    assert!(message.starts_with(&format!("Evaluation of DeployIfNotExists policy was unsuccessful. The policy assignment '{orphan}' resource identity does not have the necessary permissions to create deployment '")), "{message}");
    assert_eq!(state(&local, 0, &orphan, None), Some(ComplianceState::NonCompliant));
    local.manager.amends(|estate| {
        for one in &mut estate.assignments {
            *one = one.clone().with_system_identity("p", "t", "eastus");
        }
    });
    local.put(&tls_task("orphan"), json!({ "policyAssignmentId": orphan })).await;
    local.pass(40);
    assert_eq!(state(&local, 0, &orphan, None), Some(ComplianceState::Compliant));
}

#[tokio::test]
async fn filters_choose_and_unknown_resources_are_passed_over() {
    let local = Local::sample().await;
    let tls = assignment(LANDING, "Enforce-TLS");
    let absent = format!("{LANDING}/resourceGroups/App-Prod/providers/Microsoft.Storage/storageAccounts/none");
    let put = local
        .put(&tls_task("some"), json!({ "policyAssignmentId": tls, "filters": { "resourceIds": [storage_account(1), storage_account(3).to_uppercase(), absent] } }))
        .await;
    assert_eq!(put.body["properties"]["filters"]["resourceIds"][0], storage_account(1).to_lowercase());
    local.pass(40);
    let tasks = local.manager.tasks();
    assert_eq!(tasks[0].resources, [ArmId::new(storage_account(1)), ArmId::new(storage_account(3))]);
    assert!(tasks[0].names_resources && tasks[0].state == ProvisioningState::Succeeded);
    local
        .put(&tls_task("west"), json!({ "policyAssignmentId": tls, "filters": { "locations": ["West Europe"] } }))
        .await;
    local.pass(40);
    assert_eq!(local.manager.tasks()[1].resources.len(), 4);
}

#[tokio::test]
async fn counters_may_lag_behind_the_state() {
    let tempo = Tempo { counters_lag: Duration::from_secs(60), ..tempo() };
    let local = Local::start(sample(start()), tempo, |manager| manager).await;
    local.put(&tls_task("lag"), json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS") })).await;
    local.pass(40);
    let early = local.get(&tls_task("lag")).await.body;
    assert_eq!(early["properties"]["provisioningState"], "Succeeded");
    assert_eq!(early["properties"]["deploymentStatus"]["successfulDeployments"], 0);
    local.pass(60);
    let late = local.get(&tls_task("lag")).await.body;
    assert_eq!(late["properties"]["deploymentStatus"]["successfulDeployments"], 8);
}

#[tokio::test]
async fn people_open_and_cancel_tasks_by_the_same_rules() {
    let local = Local::sample().await;
    let tls = assignment(LANDING, "Enforce-TLS");
    let request = TaskRequest::new(tls.as_str(), None);
    let opened = local.manager.person_opens(LANDING, "by-hand", request.clone()).expect("it is free");
    assert_eq!(opened.created_by.kind, CallerKind::User);
    let ours = local.put(&tls_task("ours"), json!({ "policyAssignmentId": tls })).await;
    assert_eq!(ours.error(), (400, "InvalidCreateRemediationRequest"));
    assert!(ours.body["error"]["message"].as_str().expect("words").contains("'by-hand' are already running"));
    assert_eq!(local.get(&tls_task("by-hand")).await.body["systemData"]["createdByType"], "User");
    local.manager.person_cancels(LANDING, "by-hand").expect("it is active");
    local.pass(3);
    assert_eq!(
        local.manager.person_cancels(LANDING, "by-hand").expect_err("ended").code,
        "InvalidCancelRemediationRequest"
    );
    assert_eq!(local.put(&tls_task("ours"), json!({ "policyAssignmentId": tls })).await.status, 201);
    let refused = local.manager.refused_writes();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].refused.as_deref(), Some("InvalidCreateRemediationRequest"));
}

#[tokio::test]
async fn meetings_of_tasks_are_noticed() {
    let local = Local::sample().await;
    local.put(&tls_task("a"), json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS"), "filters": { "resourceIds": [storage_account(0), storage_account(1)] } })).await;
    local.put(&tls_task("b"), json!({ "policyAssignmentId": assignment(ROOT, "Baseline"), "policyDefinitionReferenceId": "Deploy_Diagnostics", "filters": { "resourceIds": [storage_account(1)] } })).await;
    local.pass(15);
    let overlaps = local.manager.overlaps();
    assert_eq!(overlaps.len(), 1);
    assert_eq!(overlaps[0].resource, ArmId::new(storage_account(1)));
    assert!(!overlaps[0].same_target && overlaps[0].deployments_met);
    local.pass(60);
    local.put(&tls_task("c"), json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS"), "filters": { "resourceIds": [storage_account(1)] } })).await;
    local.pass(60);
    assert_eq!(local.manager.overlaps().len(), 1, "one after the other is no overlap");
    let peaks = local.manager.peak_active_per_target();
    assert_eq!(peaks.len(), 2);
    assert!(peaks.values().all(|peak| *peak == 1), "{peaks:?}");
}

#[tokio::test]
async fn the_world_may_change_under_a_task() {
    let local = Local::sample().await;
    let tls = assignment(LANDING, "Enforce-TLS");
    local
        .put(&tls_task("moving"), json!({ "policyAssignmentId": tls, "parallelDeployments": 1, "resourceCount": 3 }))
        .await;
    local.pass(5);
    let fixed = RecordKey::new(storage_account(0), tls.as_str(), None);
    let event = local.manager.evaluation_finds(&fixed, ComplianceState::Compliant).expect("the record");
    assert_eq!(event.cloud_event()["data"]["complianceState"], "Compliant");
    local.pass(10);
    let order: Vec<ArmId> = [1, 3, 4].map(|number| ArmId::new(storage_account(number))).into();
    assert_eq!(local.manager.tasks()[0].resources, order, "the fixed one is not taken");
    local.manager.person_deletes_resource(&ArmId::new(storage_account(3)));
    assert!(local.manager.event(&RecordKey::new(storage_account(3), tls.as_str(), None), EventKind::Deleted).is_none());
    local.pass(60);
    let deployments = local.post(&format!("{}/listDeployments", tls_task("moving"))).await;
    assert_eq!(deployments.values()[1]["error"]["code"], "RemediatedResourceNotFound");
    assert_eq!(local.get(&tls_task("moving")).await.body["properties"]["provisioningState"], "Failed");
    local.manager.evaluation_finds(&fixed, ComplianceState::NonCompliant).expect("the record");
    local.put(&tls_task("again"), json!({ "policyAssignmentId": tls })).await;
    local.pass(60);
    assert_eq!(state(&local, 0, &tls, None), Some(ComplianceState::Compliant), "what drifts is taken again");
}
