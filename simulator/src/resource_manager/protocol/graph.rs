//! Resource Graph over the wire: the queries of a scan, pages, scopes, the budget, and refusals.

use super::local::{Answer, INSIGHTS, LANDING, Local, SHARED, assignment, start, storage_account, tempo};
use crate::{
    estate::{Estate, sample},
    resource_manager::{Allowance, GraphLimits, ResourceManager},
};
use serde_json::{Value, json};

const PATH: &str = "/providers/Microsoft.ResourceGraph/resources";
const BY_TARGET: &str = "policyresources\
    | where type =~ 'microsoft.policyinsights/policystates'\
    | where properties.complianceState == 'NonCompliant'\
    | extend assignment = tolower(tostring(properties.policyAssignmentId)), reference = tostring(properties.policyDefinitionReferenceId)\
    | summarize n = count() by assignment, reference, subscriptionId, resourceGroup\
    | order by assignment asc, n desc";

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

async fn ask(local: &Local, body: Value) -> Answer {
    local.call("POST", &format!("{PATH}?api-version=2024-04-01"), Some(body.to_string())).await
}

fn rows(answer: &Answer) -> &[Value] {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["data"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn details(answer: &Answer) -> Vec<&str> {
    let details = answer.body["error"]["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    details.iter().filter_map(|one| one["code"].as_str()).collect()
}

async fn adjusted(estate: Estate, adjust: impl FnOnce(ResourceManager) -> ResourceManager) -> Local {
    Local::start(estate, tempo(), adjust).await
}

#[tokio::test]
async fn a_scan_counts_what_the_policy_states_count_and_delegated_subscriptions_too() {
    let local = Local::sample().await;
    let answer = ask(&local, json!({ "query": BY_TARGET })).await;
    let counts: Vec<(&str, u64)> = rows(&answer)
        .iter()
        .map(|row| (id(row["assignment"].as_str().unwrap_or_default()), row["n"].as_u64().unwrap_or_default()))
        .collect();
    assert_eq!(
        counts,
        [
            ("baseline", 6),
            ("baseline", 4),
            ("fabrikam-diagnostics", 1),
            ("audit-skus", 1),
            ("enforce-tls", 8),
            ("orphan-diagnostics", 1)
        ]
    );
    assert_eq!(
        (&answer.body["totalRecords"], &answer.body["count"], &answer.body["resultTruncated"], &answer.body["facets"]),
        (&json!(6), &json!(6), &json!("false"), &json!([]))
    );
    let filter = format!("where properties.policyAssignmentId =~ '{}'", assignment(LANDING, "Enforce-TLS"));
    let query = format!(
        "policyresources | {filter} | project id, name, type, tenantId, resourceGroup, subscriptionId, properties | limit 1"
    );
    let answer = ask(&local, json!({ "query": query, "subscriptions": [id(LANDING)] })).await;
    let row = &rows(&answer)[0];
    assert_eq!(
        (&row["type"], &row["resourceGroup"]),
        (&json!("microsoft.policyinsights/policystates"), &json!("app-prod"))
    );
    assert!(row["id"].as_str().is_some_and(|id| id.contains("/providers/microsoft.policyinsights/policystates/")));
    let listed = format!(
        "{LANDING}{INSIGHTS}/policyStates/latest/queryResults?$filter=policyAssignmentName%20eq%20'Enforce-TLS'%20and%20resourceId%20eq%20'{}'",
        row["properties"]["resourceId"].as_str().unwrap_or_default()
    );
    let state = local.post(&listed).await.values()[0].clone();
    for member in
        ["complianceState", "timestamp", "policyDefinitionAction", "policyDefinitionReferenceId", "managementGroupIds"]
    {
        assert_eq!(row["properties"][member], state[member], "{member}");
    }
}

#[tokio::test]
async fn rows_with_an_id_come_in_pages_and_others_are_cut_off() {
    let limits = GraphLimits { rows: 5, ..GraphLimits::default() };
    let local = adjusted(sample(start()), |manager| manager.with_graph_limits(limits)).await;
    let query =
        "policyresources | where properties.complianceState == 'NonCompliant' | project id, properties.resourceId";
    let mut body = json!({ "query": query, "options": { "$top": 4 } });
    let (mut found, mut calls) = (Vec::new(), 0);
    loop {
        let answer = ask(&local, body.clone()).await;
        calls += 1;
        assert_eq!((&answer.body["totalRecords"], &answer.body["resultTruncated"]), (&json!(21), &json!("false")));
        found.extend(rows(&answer).iter().filter_map(|row| row["id"].as_str().map(str::to_owned)));
        let Some(token) = answer.body.get("$skipToken") else { break };
        // The world moves on between the pages, which still fit together.
        local.pass(1);
        local.manager.person_deletes_resource(&storage_account(0).as_str().into());
        body = json!({ "query": query, "options": { "$skipToken": token } });
        if calls == 1 {
            let other =
                ask(&local, json!({ "query": "policyresources | project id", "options": { "$skipToken": token } }))
                    .await;
            assert_eq!((other.status, details(&other)), (400, vec!["InvalidSkipToken"]));
        }
    }
    assert!(found.is_sorted() && (found.len(), calls) == (21, 6), "{calls}: {found:?}");
    let cut =
        ask(&local, json!({ "query": "policyresources | summarize count() by tostring(properties.resourceId)" })).await;
    assert_eq!((rows(&cut).len(), &cut.body["resultTruncated"]), (5, &json!("true")));
    assert_eq!(cut.body.get("$skipToken"), None);
    let rest = json!({ "query": "policyresources | summarize n = count() by r = tostring(properties.resourceId) | order by r asc",
                       "options": { "$skip": 10 } });
    let rest = ask(&local, rest).await;
    assert_eq!((rows(&rest).len(), &rest.body["resultTruncated"]), (2, &json!("false")));
    let table = json!({ "query": "policyresources | count", "options": { "resultFormat": "table" } });
    let table = ask(&local, table).await;
    assert_eq!(table.body["data"]["columns"], json!([{ "name": "Count", "type": "integer" }]));
}

#[tokio::test]
async fn scopes_choose_subscriptions_and_groups_leave_delegated_ones_out() {
    let local = Local::sample().await;
    let query = "resourcecontainers | where type == 'microsoft.resources/subscriptions' | project id, name, properties | order by name asc";
    for (scope, expected) in [
        (json!({}), vec!["Fabrikam production", "Landing zone", "Shared services"]),
        (json!({ "subscriptions": [id(SHARED), "00000000-0000-4000-8000-000000000000"] }), vec!["Shared services"]),
        (json!({ "managementGroups": ["CONTOSO"] }), vec!["Landing zone", "Shared services"]),
        (json!({ "managementGroups": ["contoso-landing"] }), vec!["Landing zone"]),
    ] {
        let mut body = scope.clone();
        body["query"] = query.into();
        let answer = ask(&local, body).await;
        let names: Vec<&str> = rows(&answer).iter().filter_map(|row| row["name"].as_str()).collect();
        assert_eq!(names, expected, "{scope}");
    }
    let chain = ask(&local, json!({ "query": query, "subscriptions": [id(LANDING)] })).await;
    let chain = &rows(&chain)[0]["properties"]["managementGroupAncestorsChain"];
    assert_eq!((&chain[0]["name"], &chain[1]["name"]), (&json!("contoso-landing"), &json!("contoso")));
    for (scope, status, code) in [
        (
            json!({ "subscriptions": ["00000000-0000-4000-8000-000000000000"] }),
            400,
            "NoValidSubscriptionsInQueryRequest",
        ),
        (json!({ "managementGroups": ["none"] }), 403, "AccessDenied"),
        (json!({ "managementGroups": ["contoso"], "subscriptions": [id(LANDING)] }), 400, "InvalidScopes"),
    ] {
        let mut body = scope.clone();
        body["query"] = query.into();
        let answer = ask(&local, body).await;
        assert_eq!((answer.status, details(&answer)), (status, vec![code]), "{scope}");
    }
    let limits = GraphLimits { subscriptions: 2, ..GraphLimits::default() };
    let local = adjusted(sample(start()), |manager| manager.with_graph_limits(limits)).await;
    let refused = ask(&local, json!({ "query": query })).await;
    assert_eq!((refused.status, details(&refused)), (400, vec!["TooManySubscriptions"]));
    let cut = ask(&local, json!({ "query": query, "options": { "allowPartialScopes": true } })).await;
    assert_eq!((rows(&cut).len(), cut.header("x-ms-tenant-subscription-limit-hit")), (2, "true"));
}

#[tokio::test]
async fn a_principal_has_fifteen_queries_in_five_seconds() {
    let local = adjusted(sample(start()), |manager| manager.with_allowance(Allowance::recorded())).await;
    let body = json!({ "query": "policyresources | count" });
    for left in (0..15).rev() {
        let answer = ask(&local, body.clone()).await;
        let told = (answer.header("x-ms-user-quota-remaining"), answer.header("x-ms-user-quota-resets-after"));
        assert_eq!((answer.status, told), (200, (left.to_string().as_str(), "00:00:05")));
    }
    local.pass(3);
    let refused = ask(&local, body.clone()).await;
    assert_eq!((refused.error(), details(&refused)), ((429, "RateLimiting"), vec!["RateLimiting"]));
    assert_eq!(
        (refused.header("x-ms-user-quota-remaining"), refused.header("x-ms-user-quota-resets-after")),
        ("0", "00:00:02")
    );
    local.pass(2);
    assert_eq!(ask(&local, body).await.header("x-ms-user-quota-remaining"), "14");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_in_the_services_words() {
    let local = Local::sample().await;
    for (body, codes) in [
        (json!({ "query": "policyresources | where" }), vec!["InvalidQuery", "ParserFailure"]),
        (json!({ "query": "policyresources | join (resources) on id" }), vec!["InvalidQuery", "InvalidQueryLanguage"]),
        (
            json!({ "query": "policyresources | summarize count() by properties.x" }),
            vec!["InvalidQuery", "SemanticError"],
        ),
        (json!({ "query": "securityresources" }), vec!["DisallowedLogicalTableName"]),
        (json!({ "query": " " }), vec!["EmptyQuery"]),
        (json!({ "subscriptions": [] }), vec!["EmptyQuery"]),
        (json!({ "query": "policyresources", "options": { "$top": 1001 } }), vec!["InvalidPaging"]),
        (json!({ "query": "policyresources", "options": { "$top": "9" } }), vec!["InvalidRequestBody"]),
        (json!({ "query": "policyresources", "options": { "$skipToken": "x" } }), vec!["InvalidSkipToken"]),
    ] {
        let answer = ask(&local, body.clone()).await;
        assert_eq!((answer.error(), details(&answer)), ((400, "BadRequest"), codes), "{body}");
        let words = answer.body["error"]["message"].as_str().unwrap_or_default();
        assert!(words.starts_with("Please provide below info when asking for support: timestamp = "), "{words}");
        local.pass(5);
    }
    let versionless = local.raw("POST", PATH, Some(json!({ "query": "policyresources" }).to_string())).await;
    assert_eq!(versionless.error(), (400, "MissingApiVersionParameter"));
    let unknown = local.call("POST", &format!("{PATH}?api-version=2021-01-01"), None).await;
    assert_eq!(unknown.error(), (400, "NoRegisteredProviderFound"));
    assert_eq!(local.get(&format!("{PATH}?api-version=2024-04-01")).await.status, 405);
}
