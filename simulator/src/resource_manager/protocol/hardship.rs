//! What makes a client's life hard when that is wanted: resources that drift back, and calls that are one too many.

use super::local::{INSIGHTS, LANDING, Local, assignment, start, storage_account, tempo};
use crate::{
    estate::{ArmId, ComplianceState, RecordKey, sample},
    resource_manager::{Allowance, Drift},
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
async fn who_calls_too_often_is_told_when_to_come_back_if_that_is_wanted() {
    let allowance = Allowance { insights: 2, insights_refill: 0.5, refuses: true, ..Allowance::recorded() };
    let local = Local::start(sample(start()), tempo(), |manager| manager.with_allowance(allowance)).await;
    let list = format!("{LANDING}{INSIGHTS}/remediations");
    for left in ["1", "0"] {
        let answer = local.get(&list).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["x-ms-ratelimit-remaining-policy-insights-requests"], left);
    }
    let refused = local.put(&task("no"), json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS") })).await;
    assert_eq!(refused.error(), (429, "ResourceRequestsThrottled"));
    assert_eq!(refused.headers["retry-after"], "2");
    assert!(local.manager.tasks().is_empty());
    assert_eq!(local.manager.refused_writes().len(), 1);
    local.pass(2);
    assert_eq!(local.get(&list).await.status, 200);
}
