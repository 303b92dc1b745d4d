//! What makes a client's life hard when that is wanted: resources that drift back, and calls that are one too many.

use super::local::{INSIGHTS, LANDING, Local, assignment, start, storage_account, tempo};
use crate::{
    estate::{ArmId, ComplianceState, RecordKey, sample},
    resource_manager::{Allowance, Drift, Regions, Tempo},
};
use serde_json::json;
use std::time::Duration;

fn task(name: &str) -> String {
    format!("{LANDING}{INSIGHTS}/remediations/{name}")
}

fn state(local: &Local, number: usize, assigned: &str) -> Option<ComplianceState> {
    let key = RecordKey::new(storage_account(number), assigned, None);
    local.manager.records().into_iter().find(|record| record.key == key).and_then(|record| record.state)
}

#[tokio::test]
async fn what_drifts_back_is_non_compliant_again_says_so_once_and_can_be_fixed() {
    let drift = Drift { share: 1.0, after: Duration::from_secs(100), most: 1, seed: 1 };
    let local = Local::start(sample(start()), tempo(), |manager| manager.with_drift(drift)).await;
    let tls = assignment(LANDING, "Enforce-TLS");
    let only = json!({ "policyAssignmentId": tls, "filters": { "resourceIds": [storage_account(0)] } });
    local.put(&task("first"), only.clone()).await;
    local.pass(40);
    assert_eq!(state(&local, 0, &tls), Some(ComplianceState::Compliant));
    assert!(local.manager.drifts().is_empty());
    local.pass(100);
    assert_eq!(state(&local, 0, &tls), Some(ComplianceState::NonCompliant));
    let events = local.manager.drifts();
    assert_eq!((events.len(), &events[0].key.resource), (1, &ArmId::new(storage_account(0))));
    assert_eq!(events[0].event_grid()["data"]["complianceState"], "NonCompliant");
    assert!(local.manager.drifts().is_empty(), "each is told once");
    local.put(&task("second"), only).await;
    local.pass(1000);
    assert_eq!(state(&local, 0, &tls), Some(ComplianceState::Compliant), "once at most");
    let drifted: usize = local.manager.records().iter().map(|record| record.drifted).sum();
    assert_eq!(drifted, 1);
}

#[tokio::test]
async fn a_fix_is_told_once_by_an_event_when_policy_states_show_it() {
    let lagging = Tempo { states_lag: Duration::from_secs(60), ..tempo() };
    let local = Local::start(sample(start()), lagging, |manager| manager).await;
    let tls = assignment(LANDING, "Enforce-TLS");
    let only = json!({ "policyAssignmentId": tls, "filters": { "resourceIds": [storage_account(0)] } });
    assert!(!local.manager.has_fixes_to_tell());
    local.put(&task("first"), only).await;
    local.pass(40);
    assert_eq!(state(&local, 0, &tls), Some(ComplianceState::Compliant));
    assert!(local.manager.fixes().is_empty() && local.manager.has_fixes_to_tell(), "no evaluation has found it yet");
    local.pass(60);
    let events = local.manager.fixes();
    assert_eq!((events.len(), &events[0].key.resource), (1, &ArmId::new(storage_account(0))));
    let event = events[0].event_grid();
    assert_eq!(
        (&event["data"]["complianceState"], &event["eventType"]),
        (&json!("Compliant"), &json!("Microsoft.PolicyInsights.PolicyStateChanged"))
    );
    assert!(local.manager.fixes().is_empty() && !local.manager.has_fixes_to_tell(), "each is told once");
}

#[tokio::test]
async fn a_fix_that_was_cancelled_never_drifts() {
    let drift = Drift { share: 1.0, after: Duration::from_secs(5), most: 9, seed: 1 };
    let local = Local::start(sample(start()), tempo(), |manager| manager.with_drift(drift)).await;
    let tls = assignment(LANDING, "Enforce-TLS");
    local.put(&task("stop"), json!({ "policyAssignmentId": tls, "parallelDeployments": 1 })).await;
    local.pass(15);
    local.post(&format!("{}/cancel", task("stop"))).await;
    local.pass(1000);
    let records = local.manager.records();
    let drifted: Vec<_> = records.iter().filter(|record| record.drifted > 0).collect();
    assert_eq!(drifted.len(), 1, "only the deployment that had begun: {drifted:#?}");
    assert_eq!(local.manager.drifts().len(), 1);
}

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_come_back() {
    let allowance = Allowance { remediations: 2, ..Allowance::recorded() };
    let local = Local::start(sample(start()), tempo(), |manager| manager.with_allowance(allowance)).await;
    let list = format!("{LANDING}{INSIGHTS}/remediations");
    for left in ["1", "0"] {
        let answer = local.get(&list).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ms-ratelimit-remaining-policy-insights-requests"), left);
        local.pass(15);
    }
    let refused = local.put(&task("no"), json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS") })).await;
    assert_eq!(refused.error(), (429, "ResourceRequestsThrottled"));
    assert_eq!(
        refused.body["error"]["message"],
        "Number of requests for Microsoft.PolicyInsights exceeded the limit of '2' for time interval '00:01:00'. Please try \
         again after '30' seconds."
    );
    assert_eq!((refused.header("retry-after"), refused.header("content-type")), ("30", "application/json"));
    assert!(!refused.headers.contains_key("x-ms-ratelimit-remaining-policy-insights-requests"));
    assert!(local.manager.tasks().is_empty());
    assert_eq!(local.manager.refused_writes().len(), 1);
    let states = local.post(&format!("{LANDING}{INSIGHTS}/policyStates/latest/queryResults")).await;
    assert_eq!(states.header("x-ms-ratelimit-remaining-policy-insights-requests"), "149", "queries have their own");
    local.pass(29);
    assert_eq!(local.get(&list).await.status, 429);
    local.pass(1);
    assert_eq!(local.get(&list).await.status, 200);
}

#[tokio::test]
async fn the_budgets_of_resource_manager_itself_are_used_up_too() {
    let allowance = Allowance { reads: 2, reads_refill: 0.5, ..Allowance::recorded() };
    let local = Local::start(sample(start()), tempo(), |manager| manager.with_allowance(allowance)).await;
    for left in ["1", "0"] {
        assert_eq!(local.get(LANDING).await.header("x-ms-ratelimit-remaining-subscription-reads"), left);
    }
    let refused = local.get(LANDING).await;
    assert_eq!(refused.error(), (429, "SubscriptionRequestsThrottled"));
    assert_eq!((refused.header("retry-after"), refused.header("cache-control")), ("2", "no-cache"));
    local.pass(2);
    assert_eq!(local.get(LANDING).await.status, 200);
}

#[tokio::test]
async fn a_list_shows_tasks_and_their_states_late() {
    let tempo = Tempo { lists_lag: Duration::from_secs(4), ..tempo() };
    let local = Local::start(sample(start()), tempo, |manager| manager).await;
    let list = format!("{LANDING}{INSIGHTS}/remediations");
    let listed = async || {
        let answer = local.get(&list).await;
        let state = |one: &serde_json::Value| one["properties"]["provisioningState"].as_str().map(str::to_owned);
        answer.values().iter().filter_map(state).collect::<Vec<_>>()
    };
    local.put(&task("one"), json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS") })).await;
    assert_eq!(local.get(&task("one")).await.status, 200, "who asks by name finds it at once");
    local.pass(3);
    assert!(listed().await.is_empty());
    local.pass(1);
    assert_eq!(listed().await, ["Accepted"]);
    local.pass(9);
    assert_eq!(local.get(&task("one")).await.body["properties"]["provisioningState"], "Running");
    assert_eq!(listed().await, ["Accepted"]);
    local.pass(100);
    assert_eq!(local.call("DELETE", &task("one"), None).await.status, 200);
    assert_eq!(listed().await, ["Succeeded"]);
    local.pass(4);
    assert!(listed().await.is_empty());
}

#[tokio::test]
async fn another_region_sees_what_was_written_a_little_later() {
    let regions = Regions { count: 2, lag: Duration::from_secs(5), seed: 1 };
    let local = Local::start(sample(start()), tempo(), |manager| manager.with_regions(regions)).await;
    let body = json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS") });
    let statuses = async || {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..20 {
            seen.insert(local.get(&task("one")).await.status);
        }
        seen.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(local.put(&task("one"), body.clone()).await.status, 201);
    assert_eq!(statuses().await, [200, 404], "one region has it, the other not yet");
    let again = local.put(&task("one"), body.clone()).await;
    assert_eq!(again.error(), (400, "InvalidUpdateRemediationRequest"), "who writes is told what is true");
    local.pass(5);
    assert_eq!(statuses().await, [200]);
    local.post(&format!("{}/cancel", task("one"))).await;
    local.pass(60);
    assert_eq!(local.call("DELETE", &task("one"), None).await.status, 200);
    assert_eq!(statuses().await, [200, 404], "and one has it still");
    local.pass(5);
    assert_eq!(statuses().await, [404]);
}
