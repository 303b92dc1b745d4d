//! Evaluations on demand: the long-running operation, and what it does to states and to failures for want of an evaluation.

use super::local::{INSIGHTS, LANDING, Local, ROOT, assignment, start, storage_account, tempo};
use crate::estate::{Estate, Failure, sample};
use serde_json::{Value, json};

const GROUP: &str = "/resourceGroups/App-Prod";

/// The sample, where a resource fails once for want of an evaluation.
fn estate() -> Estate {
    let mut estate = sample(start());
    let tls = assignment(LANDING, "Enforce-TLS");
    let is_it = |key: &crate::estate::RecordKey| {
        key.resource.as_str() == storage_account(0) && key.assignment.as_str().eq_ignore_ascii_case(&tls)
    };
    for record in estate.records.iter_mut().filter(|record| is_it(&record.key)) {
        *record = record.clone().failing(1, Failure::no_evaluation_result());
    }
    estate
}

async fn trigger(local: &Local, scope: &str) -> String {
    let answer =
        local.post(&format!("{scope}{INSIGHTS}/policyStates/latest/triggerEvaluation?api-version=2019-10-01")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (202, "30"), "{scope}");
    let place = answer.header("location").strip_prefix(&format!("https://{}", local.host)).expect("its own host");
    assert!(place.starts_with(&format!("{LANDING}{INSIGHTS}/asyncOperationResults/")), "{place}");
    place.to_owned()
}

async fn time_of_state(local: &Local) -> Value {
    let filter =
        format!("resourceId%20eq%20'{}'%20and%20policyAssignmentName%20eq%20'Enforce-TLS'", storage_account(0));
    local.post(&format!("{LANDING}{INSIGHTS}/policyStates/latest/queryResults?$filter={filter}")).await.values()[0]["timestamp"]
        .clone()
}

#[tokio::test]
async fn an_evaluation_goes_on_until_it_is_done_and_then_the_states_of_its_scope_are_new() {
    for scope in [LANDING.to_owned(), format!("{LANDING}{GROUP}")] {
        let local = Local::start(estate(), tempo(), |manager| manager).await;
        let before = time_of_state(&local).await;
        let place = trigger(&local, &scope).await;
        local.pass(599);
        let running = local.get(&place).await;
        assert_eq!((running.status, running.header("retry-after")), (202, "30"));
        assert!(running.header("location").ends_with(&place), "{}", running.header("location"));
        assert_eq!(time_of_state(&local).await, before);
        local.pass(1);
        let done = local.get(&place).await;
        assert_eq!((done.status, &done.body["status"]), (200, &json!("Succeeded")));
        assert_ne!(time_of_state(&local).await, before);
    }
}

#[tokio::test]
async fn what_failed_for_want_of_an_evaluation_works_after_one_that_began_later() {
    let local = Local::start(estate(), tempo(), |manager| manager).await;
    let remediate = |name: &'static str| {
        let local = &local;
        async move {
            let path = format!("{LANDING}{INSIGHTS}/remediations/{name}");
            let tls = assignment(LANDING, "Enforce-TLS");
            let resources = json!({ "resourceIds": [storage_account(0)] });
            local.put(&path, json!({ "policyAssignmentId": tls, "filters": resources })).await;
            local.pass(31);
            local.get(&path).await.body["properties"]["provisioningState"].clone()
        }
    };
    let early = trigger(&local, LANDING).await;
    assert_eq!(remediate("one").await, "Failed");
    local.pass(600);
    assert_eq!(local.get(&early).await.status, 200);
    assert_eq!(remediate("two").await, "Failed", "it began before the failure");
    trigger(&local, &format!("{LANDING}/resourceGroups/App-Prod")).await;
    assert_eq!(remediate("three").await, "Failed", "it is not done");
    local.pass(600);
    // It began before the last failure.
    trigger(&local, LANDING).await;
    local.pass(600);
    assert_eq!(remediate("four").await, "Succeeded");
}

#[tokio::test]
async fn only_subscriptions_and_groups_are_evaluated_and_an_unknown_operation_is_not_found() {
    let local = Local::sample().await;
    for scope in [ROOT.to_owned(), storage_account(0)] {
        let answer = local.post(&format!("{scope}{INSIGHTS}/policyStates/latest/triggerEvaluation")).await;
        assert_eq!(answer.error(), (404, "NotFound"), "{scope}");
    }
    let unknown = local.get(&format!("{LANDING}{INSIGHTS}/asyncOperationResults/none")).await;
    assert_eq!(unknown.status, 404);
}
