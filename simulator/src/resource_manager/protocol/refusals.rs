//! What is answered to calls that are wrong, and the headers that every answer carries.

use super::local::{INSIGHTS, LANDING, Local, ROOT, assignment, storage_account};
use serde_json::json;

#[tokio::test]
async fn wrong_calls_get_the_services_errors() {
    let local = Local::sample().await;
    let unknown = "/subscriptions/00000000-0000-0000-0000-00000000dead";
    let task = format!("{INSIGHTS}/remediations/n");
    let authorization = "/providers/Microsoft.Authorization";
    for (method, path, expected) in [
        ("GET", format!("{unknown}{task}"), (404, "SubscriptionNotFound")),
        ("PUT", format!("{unknown}{task}"), (404, "SubscriptionNotFound")),
        ("GET", format!("/subscriptions/banana{task}"), (400, "InvalidSubscriptionId")),
        ("GET", format!("{LANDING}/resourceGroups/none{task}"), (404, "ResourceGroupNotFound")),
        ("GET", format!("{}x{task}", storage_account(0)), (404, "ResourceNotFound")),
        ("GET", format!("{LANDING}{task}"), (404, "ResourceNotFound")),
        ("GET", format!("{ROOT}-none{task}"), (404, "NotFound")),
        ("GET", "/providers/Microsoft.Management/managementGroups/none".into(), (404, "NotFound")),
        ("PATCH", format!("{LANDING}{task}"), (405, "MethodNotAllowed")),
        ("GET", format!("{LANDING}{task}/cancel"), (405, "MethodNotAllowed")),
        ("GET", format!("{LANDING}{INSIGHTS}/policyStates/latest/queryResults"), (405, "MethodNotAllowed")),
        ("POST", format!("{LANDING}{INSIGHTS}/policyStates/newest/queryResults"), (404, "NotFound")),
        ("POST", format!("{LANDING}{INSIGHTS}/policyStates/default/summarize"), (404, "NotFound")),
        ("GET", format!("{LANDING}{INSIGHTS}/bananas"), (404, "InvalidResourceType")),
        ("GET", "/providers/Microsoft.Banana/x".into(), (404, "InvalidResourceNamespace")),
        ("GET", format!("{LANDING}{authorization}/policyAssignments/none"), (404, "PolicyAssignmentNotFound")),
        ("GET", format!("{authorization}/policyDefinitions/none"), (404, "PolicyDefinitionNotFound")),
        ("GET", format!("{LANDING}{authorization}/policySetDefinitions/none"), (404, "PolicySetDefinitionNotFound")),
        ("GET", unknown.into(), (404, "SubscriptionNotFound")),
        ("GET", "/".into(), (404, "NotFound")),
        ("GET", "/%00/%ff%fe".into(), (404, "NotFound")),
    ] {
        let answer = local.call(method, &path, None).await;
        assert_eq!(answer.error(), expected, "{method} {path}: {}", answer.body);
        assert!(answer.body["error"]["message"].as_str().is_some_and(|words| !words.is_empty()));
    }
    let versionless = local.raw("GET", &format!("{LANDING}{task}"), None).await;
    assert_eq!(versionless.error(), (400, "MissingApiVersionParameter"));
    for (version, status) in [
        ("2019-07-01", 404),
        ("2030-01-01-preview", 404),
        ("latest", 400),
        ("2024-10-1", 400),
        ("%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9", 400),
    ] {
        let answer = local.raw("GET", &format!("{LANDING}{task}?api-version={version}"), None).await;
        assert_eq!(answer.status, status, "{version}");
    }
}

#[tokio::test]
async fn wrong_tasks_are_refused() {
    let local = Local::sample().await;
    let baseline = assignment(ROOT, "Baseline");
    let path = |name: &str| format!("{LANDING}{INSIGHTS}/remediations/{name}");
    let empty = local.call("PUT", &path("n"), Some(String::new())).await;
    assert_eq!(empty.error(), (400, "InvalidRequestContent"));
    let no_reference = local.put(&path("n"), json!({ "policyAssignmentId": baseline })).await;
    assert_eq!(no_reference.error(), (400, "InvalidCreateRemediationRequest"));
    assert_eq!(
        no_reference.body["error"]["message"],
        format!(
            "The request to create remediation 'n' is invalid. The policy assignment '{}' assigns a policy set definition. \
             Remediations must specify a single policy definition reference ID within the policy set definition.",
            baseline.to_lowercase()
        )
    );
    let missing = local.put(&path("n"), json!({ "policyAssignmentId": assignment(LANDING, "none") })).await;
    assert_eq!(missing.error(), (404, "PolicyAssignmentNotFound"));
    let named = local.put(&path("a%2Fb"), json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS") })).await;
    assert_eq!(named.error(), (400, "InvalidCreateRemediationRequest"), "a slash in the name is decoded and refused");
    let blank = local.put(&path("a%20b"), json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS") })).await;
    assert_eq!((blank.status, &blank.body["name"]), (201, &json!("a b")));
    let evaluating = json!({ "policyAssignmentId": baseline, "policyDefinitionReferenceId": "inherit_tag", "resourceDiscoveryMode": "ReEvaluateCompliance" });
    let above = local.put(&format!("{ROOT}{INSIGHTS}/remediations/n"), evaluating.clone()).await;
    assert!(
        above.body["error"]["message"]
            .as_str()
            .expect("words")
            .ends_with(&format!("The requested scope was '{ROOT}'."))
    );
    assert_eq!(local.put(&path("re"), evaluating).await.status, 201);
    local.pass(12);
    assert_eq!(local.get(&path("re")).await.body["properties"]["provisioningState"], "Evaluating");
    let huge = "x".repeat(5 * 1024 * 1024);
    assert_eq!(local.call("PUT", &path("n"), Some(huge)).await.status, 413);
}

#[tokio::test]
async fn every_answer_carries_its_headers() {
    let local = Local::sample().await;
    let answer = local.get(&format!("{LANDING}{INSIGHTS}/remediations/none")).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("x-ms-correlation-request-id"), "5af4b330-51c2-45e8-a75a-c8d86d20d999");
    assert_eq!(answer.header("x-ms-client-request-id"), "client-1");
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert!(uuid::Uuid::try_parse(answer.header("x-ms-request-id")).is_ok());
    assert!(answer.header("x-ms-routing-request-id").starts_with("LOCAL:20240601T120000Z:"));
    assert_eq!(answer.header("x-ms-ratelimit-remaining-subscription-reads"), "1099");
    assert_eq!(answer.header("x-ms-ratelimit-remaining-policy-insights-requests"), "149");
    let query = local.post(&format!("{LANDING}{INSIGHTS}/policyStates/latest/queryResults")).await;
    assert_eq!(query.header("x-ms-ratelimit-remaining-subscription-reads"), "1098", "a query is a read");
    assert_eq!(query.header("x-ms-ratelimit-remaining-policy-insights-requests"), "148");
    let put = local.put(&format!("{LANDING}{INSIGHTS}/remediations/n"), json!({})).await;
    assert_eq!(put.header("x-ms-ratelimit-remaining-subscription-writes"), "799");
    let tenant = local.get("/subscriptions").await;
    assert_eq!(tenant.header("x-ms-ratelimit-remaining-tenant-reads"), "1099");
    let scan = local.post(&format!("{LANDING}{INSIGHTS}/policyStates/latest/triggerEvaluation")).await;
    assert_eq!((scan.status, scan.header("retry-after")), (202, "30"));
    assert!(scan.header("location").starts_with(&format!("https://{}/subscriptions/", local.host)));
}
