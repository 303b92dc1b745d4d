//! Queries over policy states, and their summary.

use super::local::{Answer, INSIGHTS, LANDING, Local, ROOT, SHARED, assignment, at, start, storage_account, tempo};
use crate::{
    estate::{ComplianceState, RecordKey, sample},
    resource_manager::{PageSizes, Tempo},
};
use serde_json::{Value, json};
use std::time::Duration;

async fn query(local: &Local, scope: &str, options: &[(&str, &str)]) -> Answer {
    local.query_states("2019-10-01", scope, options).await
}

async fn count(local: &Local, scope: &str, filter: &str) -> usize {
    let options: &[(&str, &str)] = if filter.is_empty() { &[] } else { &[("$filter", filter)] };
    let answer = query(local, scope, options).await;
    assert_eq!(answer.status, 200, "{filter}: {}", answer.body);
    assert_eq!(answer.body["@odata.count"], answer.values().len());
    answer.values().len()
}

#[tokio::test]
async fn a_state_has_the_recorded_fields() {
    let local = Local::sample().await;
    let baseline = assignment(ROOT, "Baseline");
    let filter = format!("PolicyAssignmentId eq '{baseline}' and ResourceId eq '{}'", storage_account(3));
    let answer = query(&local, LANDING, &[("$filter", &filter)]).await;
    let host = &local.host;
    assert_eq!(answer.body["@odata.nextLink"], Value::Null);
    assert_eq!(
        answer.body["@odata.context"],
        format!("https://{host}{LANDING}{INSIGHTS}/policyStates/$metadata#latest")
    );
    assert_eq!(answer.values().len(), 1);
    let row = &answer.values()[0];
    for (field, value) in [
        ("@odata.id", json!(null)),
        ("timestamp", json!(at(-510))),
        ("resourceId", json!(storage_account(3).to_lowercase())),
        ("policyAssignmentId", json!(baseline.to_lowercase())),
        (
            "policyDefinitionId",
            json!(
                format!("{ROOT}/providers/microsoft.authorization/policydefinitions/deploy-diagnostics").to_lowercase()
            ),
        ),
        ("isCompliant", json!(false)),
        ("subscriptionId", json!("35ee058e-5fa0-414c-8145-3ebb8d09b6e2")),
        ("resourceType", json!("Microsoft.Storage/storageAccounts")),
        ("resourceLocation", json!("northeurope")),
        ("resourceGroup", json!("App-Prod")),
        ("resourceTags", json!("tbd")),
        ("policyAssignmentName", json!("Baseline")),
        ("policyAssignmentScope", json!(ROOT)),
        ("policyDefinitionAction", json!("deployifnotexists")),
        (
            "policySetDefinitionId",
            json!(format!("{ROOT}/providers/Microsoft.Authorization/policySetDefinitions/Baseline")),
        ),
        ("managementGroupIds", json!("contoso-landing,contoso,4bee2b8a-1bee-47c2-90e9-404241551135")),
        ("policyAssignmentParameters", json!("")),
        ("policyDefinitionGroupNames", json!([""])),
        ("policyDefinitionReferenceId", json!("deploy_diagnostics")),
        ("complianceState", json!("NonCompliant")),
        ("complianceReasonCode", json!("")),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
}

#[tokio::test]
async fn scopes_and_filters_choose() {
    let local = Local::sample().await;
    let builtin = "/providers/Microsoft.Authorization/policyDefinitions/f81e3117-0093-4b17-8a60-82363134f0eb";
    let diagnostics = format!("{ROOT}/providers/Microsoft.Authorization/policyDefinitions/Deploy-Diagnostics");
    for (scope, filter, expected) in [
        (ROOT, "", 22),
        (LANDING, "", 18),
        (SHARED, "", 4),
        (&format!("{LANDING}/resourcegroups/APP-prod"), "", 18),
        (&storage_account(0), "", 4),
        (&assignment(LANDING, "Enforce-TLS"), "", 8),
        (&format!("{LANDING}{builtin}"), "", 8),
        (LANDING, "ComplianceState eq 'noncompliant'", 16),
        (LANDING, "IsCompliant eq true", 2),
        (LANDING, "complianceState eq 'Compliant' or complianceState eq 'Exempt'", 2),
        (LANDING, "policyDefinitionAction eq 'modify'", 8),
        (LANDING, &format!("policyDefinitionId eq '{diagnostics}' and not (policyDefinitionReferenceId eq '')"), 8),
        (LANDING, &format!("timestamp ge {} and resourceLocation eq 'northeurope'", at(-450)), 4),
        (LANDING, "resourceId eq 'none'", 0),
    ] {
        assert_eq!(count(&local, scope, filter).await, expected, "{scope} {filter}");
    }
    for (option, value, code) in [
        ("$filter", "banana eq 'x'", "InvalidFilterInQueryString"),
        ("$filter", "complianceState eq", "InvalidFilterInQueryString"),
        ("$orderby", "banana", "InvalidQueryParameter"),
        ("$orderby", "timestamp up", "InvalidQueryParameter"),
        ("$select", "banana", "InvalidQueryParameter"),
        ("$from", "yesterday", "InvalidQueryParameter"),
        ("$from", "2040-01-01", "InvalidQueryParameter"),
        ("$top", "-3", "InvalidQueryParameter"),
        ("$skiptoken", "x", "InvalidQueryParameter"),
    ] {
        assert_eq!(query(&local, LANDING, &[(option, value)]).await.error(), (400, code), "{option}={value}");
    }
    let on_group = query(&local, &assignment(ROOT, "Baseline"), &[]).await;
    assert_eq!(on_group.error(), (404, "NotFound"), "an assignment of a management group has no such path");
}

#[tokio::test]
async fn order_columns_and_pages() {
    let pages = PageSizes { policy_states: 5, ..PageSizes::default() };
    let local = Local::start(sample(start()), tempo(), |manager| manager.with_page_sizes(pages)).await;
    let options = [("$orderby", "ResourceId asc, Timestamp"), ("$select", "resourceid, Timestamp,policyAssignmentId")];
    let mut answer = query(&local, LANDING, &options).await;
    let mut rows = Vec::new();
    let mut calls = 1;
    loop {
        rows.extend(answer.values().iter().cloned());
        let Some(next) = answer.body["@odata.nextLink"].as_str().map(str::to_owned) else { break };
        // The world moves between the pages, which still fit together.
        local.pass(7);
        let key = RecordKey::new(storage_account(0), assignment(LANDING, "Enforce-TLS"), None);
        local.manager.evaluation_finds(&key, ComplianceState::NonCompliant).expect("the record");
        answer = local.post(next.strip_prefix(&format!("https://{}", local.host)).expect("absolute")).await;
        calls += 1;
    }
    assert_eq!((rows.len(), calls), (18, 4));
    let ids: Vec<&str> = rows.iter().filter_map(|row| row["resourceId"].as_str()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    let keys: Vec<&String> = rows[0].as_object().expect("a row").keys().collect();
    assert_eq!(keys, ["@odata.id", "@odata.context", "resourceId", "timestamp", "policyAssignmentId"]);
    let times = query(&local, LANDING, &[("$orderby", "timestamp"), ("$top", "3")]).await;
    let times: Vec<&str> = times.values().iter().filter_map(|row| row["timestamp"].as_str()).collect();
    assert!(times.len() == 3 && times.is_sorted_by(|a, b| a >= b), "descending is the default: {times:?}");
}

#[tokio::test]
async fn a_remediation_shows_in_the_states_possibly_late() {
    for (lag, shown) in [(0, 2), (30, 1)] {
        let tempo = Tempo { states_lag: Duration::from_secs(lag), ..tempo() };
        let local = Local::start(sample(start()), tempo, |manager| manager).await;
        let tls = assignment(LANDING, "Enforce-TLS");
        let path = format!("{LANDING}{INSIGHTS}/remediations/n");
        local
            .put(&path, json!({ "policyAssignmentId": tls, "filters": { "resourceIds": [storage_account(0)] } }))
            .await;
        local.pass(31);
        assert_eq!(local.get(&path).await.body["properties"]["provisioningState"], "Succeeded");
        let filter = format!("resourceId eq '{}' and policyAssignmentId eq '{tls}'", storage_account(0));
        let answer = query(&local, LANDING, &[("$filter", &filter)]).await;
        let expected = if shown == 2 { ("Compliant", at(30)) } else { ("NonCompliant", at(-600)) };
        assert_eq!(answer.values()[0]["complianceState"], expected.0);
        assert_eq!(answer.values()[0]["timestamp"], expected.1);
        let all = local.post(&format!("{LANDING}{INSIGHTS}/policyStates/default/queryResults?$filter=resourceId%20eq%20'{}'%20and%20policyAssignmentName%20eq%20'enforce-tls'", storage_account(0))).await;
        assert_eq!(all.values().len(), shown, "`default` shows every state");
    }
}

#[tokio::test]
async fn every_resource_is_evaluated_once_a_day() {
    let local = Local::sample().await;
    let day = 24 * 60 * 60;
    local.pass(3 * day);
    let filter = format!("resourceId eq '{}' and policyAssignmentName eq 'Enforce-TLS'", storage_account(0));
    let answer = query(&local, LANDING, &[("$filter", &filter)]).await;
    assert_eq!(answer.values().len(), 1);
    assert_eq!(answer.values()[0]["timestamp"], at(3 * day - 600), "the last evaluation");
    let past = query(&local, LANDING, &[("$filter", &filter), ("$from", &at(-3600)), ("$to", &at(day))]).await;
    assert_eq!(past.values()[0]["timestamp"], at(day - 600));
    let before = query(&local, LANDING, &[("$from", &at(-7200)), ("$to", &at(-3600))]).await;
    assert_eq!(before.values().len(), 0);
    let path = format!("{LANDING}{INSIGHTS}/policyStates/default/queryResults");
    let all = local.post(&format!("{path}?$from={}&$filter={}", at(-3600), filter.replace(' ', "%20"))).await;
    assert_eq!(all.values().len(), 4);
}

#[tokio::test]
async fn the_summary_counts() {
    let local = Local::sample().await;
    let answer = local.post(&format!("{LANDING}{INSIGHTS}/policyStates/latest/summarize")).await;
    assert_eq!(answer.status, 200);
    let summary = &answer.values()[0];
    assert_eq!(summary["results"]["nonCompliantResources"], 8);
    assert_eq!(summary["results"]["nonCompliantPolicies"], 4);
    assert_eq!(summary["results"]["resourceDetails"], json!([{ "complianceState": "noncompliant", "count": 8 }]));
    let assignments = summary["policyAssignments"].as_array().expect("a list");
    assert_eq!(assignments.len(), 4);
    let baseline =
        assignments.iter().find(|one| one["policyAssignmentId"] == assignment(ROOT, "Baseline").to_lowercase());
    let baseline = baseline.expect("the initiative");
    assert_eq!(baseline["results"]["nonCompliantResources"], 6);
    assert_eq!(baseline["policyDefinitions"][0]["policyDefinitionReferenceId"], "deploy_diagnostics");
    assert_eq!(baseline["policyDefinitions"][0]["effect"], "deployifnotexists");
}
