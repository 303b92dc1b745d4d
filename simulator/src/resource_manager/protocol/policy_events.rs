//! Queries over policy events, and the operations of the provider.

use super::local::{Answer, INSIGHTS, LANDING, Local, ROOT, assignment, at, storage_account};
use crate::estate::{ComplianceState, RecordKey};
use serde_json::{Value, json};

async fn query(local: &Local, scope: &str, options: &str) -> Answer {
    let path = format!("{scope}{INSIGHTS}/policyEvents/default/queryResults?api-version=2024-10-01{options}");
    local.post(&path).await
}

fn states(answer: &Answer) -> Vec<&Value> {
    answer.values().iter().map(|row| &row["complianceState"]).collect()
}

#[tokio::test]
async fn each_change_of_a_state_is_an_event_and_an_evaluation_that_finds_nothing_new_is_none() {
    let local = Local::sample().await;
    let (resource, tls) = (storage_account(0), assignment(LANDING, "Enforce-TLS"));
    let filter = format!("&$filter=policyAssignmentName%20eq%20'Enforce-TLS'%20and%20resourceId%20eq%20'{resource}'");
    let first = query(&local, LANDING, &filter).await;
    assert_eq!((first.status, states(&first)), (200, vec![&json!("NonCompliant")]), "{}", first.body);
    local.pass(60);
    let key = RecordKey::new(resource.as_str(), tls.as_str(), None);
    local.manager.evaluation_finds(&key, ComplianceState::NonCompliant).expect("the record");
    local.pass(60);
    local.manager.evaluation_finds(&key, ComplianceState::Compliant).expect("the record");
    for scope in [LANDING, ROOT, resource.as_str(), tls.as_str()] {
        let all = query(&local, scope, &filter).await;
        assert_eq!(states(&all), [&json!("Compliant"), &json!("NonCompliant")], "newest first, at {scope}");
        let newest = &all.values()[0];
        assert_eq!((&newest["timestamp"], &newest["isCompliant"]), (&json!(at(120)), &json!(true)));
        assert!(newest["tenantId"].as_str().is_some_and(|tenant| !tenant.is_empty()), "{newest}");
        assert_eq!(newest.get("complianceReasonCode"), None, "a column of states alone");
        let context = format!("https://{}{scope}{INSIGHTS}/policyEvents/$metadata#default", local.host);
        assert_eq!(all.body["@odata.context"], context);
    }
    let later = query(&local, LANDING, &format!("{filter}&$from={}", at(1))).await;
    assert_eq!(states(&later), [&json!("Compliant")]);
}

#[tokio::test]
async fn events_are_filtered_grouped_and_paged_as_states_are() {
    let local = Local::sample().await;
    let all = query(&local, LANDING, "").await.values().len();
    let grouped = query(&local, LANDING, "&$apply=groupby((complianceState),aggregate($count%20as%20n))").await;
    let counted: u64 = grouped.values().iter().map(|row| row["n"].as_u64().expect("a number")).sum();
    assert!(all > 10 && counted == all as u64, "{all} {}", grouped.body);
    assert_eq!(query(&local, LANDING, "&$top=3").await.values().len(), 3);
    for options in ["&$filter=complianceReasonCode%20eq%20''", "&$select=policyDefinitionVersion"] {
        assert_eq!(query(&local, LANDING, options).await.status, 400, "{options}");
    }
    let other = format!("{LANDING}{INSIGHTS}/policyEvents/latest/queryResults?api-version=2024-10-01");
    assert_eq!(local.post(&other).await.status, 404, "there is one set of them");
}

#[tokio::test]
async fn the_provider_lists_what_it_can_be_asked_for() {
    let local = Local::sample().await;
    let listed = local.get(&format!("{INSIGHTS}/operations?api-version=2024-10-01")).await;
    assert_eq!(listed.body["@odata.count"], listed.values().len());
    for action in ["policyEvents/queryResults/action", "remediations/write", "policyStates/triggerEvaluation/action"] {
        let name = json!(format!("Microsoft.PolicyInsights/{action}"));
        assert!(
            listed.values().iter().any(|one| one["name"] == name && one["display"]["operation"].is_string()),
            "{action}"
        );
    }
}
