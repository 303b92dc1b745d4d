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
        ("GET", format!("{}x{task}", storage_account(0)), (404, "ParentResourceNotFound")),
        ("GET", format!("{}x", storage_account(0)), (404, "ResourceNotFound")),
        ("GET", format!("{LANDING}{task}"), (404, "RemediationNotFound")),
        ("GET", format!("{ROOT}-none{task}"), (404, "ManagementGroupNotFound")),
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
}

#[tokio::test]
async fn what_is_not_there_is_named_in_the_services_words() {
    let local = Local::sample().await;
    let task = format!("{INSIGHTS}/remediations/Fix");
    let absent = format!("{}x", storage_account(0));
    for (method, path, words) in [
        ("GET", format!("{LANDING}{task}"), "The remediation with name 'Fix' does not exist.".to_owned()),
        ("POST", format!("{LANDING}{task}/cancel"), "The remediation with name 'Fix' does not exist.".to_owned()),
        (
            "PUT",
            format!("{absent}{task}"),
            format!(
                "Failed to perform 'write' on resource(s) of type 'remediations', because the parent resource '{absent}' could \
                 not be found."
            ),
        ),
        ("GET", format!("{ROOT}-none{task}"), "The management group 'contoso-none' cannot be found.".to_owned()),
        ("GET", format!("{LANDING}/resourceGroups/none{task}"), "Resource group 'none' could not be found.".to_owned()),
    ] {
        let answer = local.call(method, &path, None).await;
        assert_eq!((answer.status, &answer.body["error"]["message"]), (404, &json!(words)), "{method} {path}");
    }
}

#[tokio::test]
async fn an_api_version_that_a_type_never_had_is_refused_with_those_that_it_has() {
    let local = Local::sample().await;
    let task = format!("{LANDING}{INSIGHTS}/remediations/n");
    let assignments = format!("{LANDING}/providers/Microsoft.Authorization/policyAssignments");
    let groups = "/providers/Microsoft.Management/managementGroups".to_owned();
    let rights = |kind: &str| format!("{LANDING}/providers/Microsoft.Authorization/{kind}");
    let roles = rights("roleAssignments");
    let registrations = |kind: &str| format!("{LANDING}/providers/Microsoft.ManagedServices/registration{kind}");
    for (path, version, status, code, words) in [
        (&task, "2019-07-01", 404, "RemediationNotFound", "does not exist"),
        (&task, "2024-10-01", 404, "RemediationNotFound", "does not exist"),
        (
            &task,
            "2030-01-01-preview",
            400,
            "NoRegisteredProviderFound",
            "API version '2030-01-01-preview' for type 'remediations'. The supported api-versions are '2018-07-01-preview, \
             2019-07-01, 2021-10-01, 2024-10-01'.",
        ),
        (
            &task,
            "latest",
            400,
            "InvalidApiVersionParameter",
            "The supported versions are '2018-07-01-preview,2019-07-01,",
        ),
        (&task, "2024-10-1", 400, "InvalidApiVersionParameter", "'2024-10-1' is invalid"),
        (&task, "%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9", 400, "InvalidApiVersionParameter", "'éééééé' is invalid"),
        (
            &assignments,
            "2021-10-01",
            404,
            "InvalidResourceType",
            "in the namespace 'Microsoft.Authorization' for api version",
        ),
        (&roles, "2018-06-01", 404, "InvalidResourceType", "'2014-04-01-preview,2014-07-01-preview,"),
        (
            &roles,
            "dummyapi",
            404,
            "InvalidResourceType",
            "for api version 'dummyapi'. The supported api-versions are '2014",
        ),
        // One that another type of the same provider has.
        (&rights("roleDefinitions"), "2020-10-01-preview", 404, "InvalidResourceType", "2018-07-01,2022-04-01"),
        (
            &rights("denyAssignments"),
            "2015-07-01",
            404,
            "InvalidResourceType",
            "'2018-07-01-preview,2020-03-01-preview,",
        ),
        (&rights("permissions"), "2021-04-01-preview", 404, "InvalidResourceType", "type 'permissions'"),
        (&rights("locks"), "2022-04-01", 404, "InvalidResourceType", "'2015-01-01,2015-05-01-preview,"),
        (
            &rights("policySetDefinitions/x/versions"),
            "2021-06-01",
            404,
            "InvalidResourceType",
            "The supported api-versions are '2023-04-01,2024-05-01,",
        ),
        (
            &registrations("Definitions"),
            "2022-04-01",
            400,
            "NoRegisteredProviderFound",
            "for type 'registrationDefinitions'. The supported api-versions are '2018-06-01-preview, ",
        ),
        (&registrations("Assignments/x"), "2019-12-01-preview", 400, "NoRegisteredProviderFound", "2022-10-01'."),
        (&groups, "2024-10-01", 404, "InvalidResourceType", "The supported api-versions are '2023-04-01,2021-04-01,"),
        (
            &LANDING.to_owned(),
            "2021-10-01",
            400,
            "InvalidApiVersionParameter",
            "The supported versions are '2025-04-01,",
        ),
    ] {
        let answer = local.raw("GET", &format!("{path}?api-version={version}"), None).await;
        assert_eq!(answer.error(), (status, code), "{path} {version}");
        let message = answer.body["error"]["message"].as_str().expect("words");
        assert!(message.contains(words), "{path} {version}: {message}");
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
    const LEFT: &str = "x-ms-ratelimit-remaining-policy-insights-requests";
    let local = Local::sample().await;
    let correlation = "5af4b330-51c2-45e8-a75a-c8d86d20d999";
    let answer = local.get(&format!("{LANDING}{INSIGHTS}/remediations/none")).await;
    assert_eq!(answer.status, 404);
    for (name, value) in [
        ("x-ms-correlation-request-id", correlation),
        ("x-ms-request-id", correlation),
        ("x-ms-client-request-id", "client-1"),
        ("content-type", "application/json"),
        ("cache-control", "no-store, no-cache"),
        ("x-ms-ratelimit-remaining-subscription-reads", "1099"),
        (LEFT, ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(answer.header("x-ms-routing-request-id").starts_with("LOCAL:20240601T120000Z:"));
    let list = local.get(&format!("{LANDING}{INSIGHTS}/remediations")).await;
    assert_eq!(
        (list.header("content-type"), list.header("cache-control")),
        ("application/json; charset=utf-8", "no-cache")
    );
    assert_eq!(list.header(LEFT), "148", "the call before counted, too");
    assert_eq!(list.header("x-ms-request-id"), correlation);
    let query = local.post(&format!("{LANDING}{INSIGHTS}/policyStates/latest/queryResults")).await;
    assert_eq!(query.header("x-ms-ratelimit-remaining-subscription-reads"), "1097", "a query is a read");
    assert_eq!(query.header(LEFT), "149", "and has a budget of its own");
    let put = local.put(&format!("{LANDING}{INSIGHTS}/remediations/n"), json!({})).await;
    assert_eq!(put.header("x-ms-ratelimit-remaining-subscription-writes"), "799");
    let unknown = local.get("/subscriptions/00000000-0000-0000-0000-00000000dead").await;
    let seen = (unknown.status, unknown.header("content-type"), unknown.header("cache-control"));
    assert_eq!(seen, (404, "application/json; charset=utf-8", "no-cache"), "Resource Manager's own errors");
    assert!(uuid::Uuid::try_parse(unknown.header("x-ms-request-id")).is_ok_and(|id| id.to_string() != correlation));
    let tenant = local.get("/subscriptions").await;
    assert_eq!(tenant.header("x-ms-ratelimit-remaining-tenant-reads"), "1099");
    let scan = local.post(&format!("{LANDING}{INSIGHTS}/policyStates/latest/triggerEvaluation")).await;
    assert_eq!((scan.status, scan.header("retry-after")), (202, "30"));
    assert_eq!(scan.header("x-ms-ratelimit-remaining-subscription-resource-requests"), "9");
    assert!(scan.header("location").starts_with(&format!("https://{}/subscriptions/", local.host)));
}

/// Words of the reader that the simulator uses.
const OF_THE_READER: [&str; 7] =
    ["missing field", ", expected", "at line", "unknown variant", "invalid type", "`", "policy_assignment_id"];

#[tokio::test]
async fn no_body_is_refused_in_words_of_the_reader_that_the_simulator_uses() {
    let local = Local::sample().await;
    let authorization = format!("{LANDING}/providers/Microsoft.Authorization");
    let id = "c0ffee00-0000-4000-8000-000000000009";
    let places = [
        ("PUT", format!("{LANDING}{INSIGHTS}/remediations/n?api-version=2024-10-01")),
        ("PUT", format!("{authorization}/policyAssignments/n?api-version=2024-05-01")),
        ("PUT", format!("{authorization}/policyDefinitions/n?api-version=2024-05-01")),
        ("PUT", format!("{authorization}/policySetDefinitions/n?api-version=2024-05-01")),
        ("PUT", format!("{authorization}/policyExemptions/n?api-version=2022-07-01-preview")),
        ("PUT", format!("{authorization}/roleAssignments/{id}?api-version=2022-04-01")),
        ("PUT", format!("{authorization}/roleDefinitions/{id}?api-version=2022-04-01")),
        ("POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01".to_owned()),
    ];
    let bodies = [
        "",
        "{",
        "[1,",
        "{'a':1}",
        "[]",
        "7",
        "{}",
        "{\"properties\":7,\"query\":7}",
        "{\"properties\":{},\"query\":[]}",
        "{\"properties\":{\"policyAssignmentId\":7,\"policyDefinitionId\":7,\"roleName\":7,\"exemptionCategory\":\"x\"},\"query\":{}}",
    ];
    for (method, path) in &places {
        for body in bodies {
            let answer = local.raw(method, path, Some(body.to_owned())).await;
            assert_eq!(answer.status, 400, "{method} {path} {body}: {}", answer.body);
            let told = answer.body.to_string();
            for word in OF_THE_READER {
                assert!(!told.contains(word), "{method} {path} {body}: {told}");
            }
        }
    }
}
