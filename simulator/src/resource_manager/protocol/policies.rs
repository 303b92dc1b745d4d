//! Assignments, definitions, subscriptions and management groups over the wire.

use super::local::{Answer, LANDING, Local, ROOT, SHARED, assignment, storage_account};
use serde_json::{Value, json};

const AUTHORIZATION: &str = "/providers/Microsoft.Authorization";

fn names(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.values().iter().filter_map(|one| one["name"].as_str()).collect()
}

#[tokio::test]
async fn lists_of_assignments_include_what_is_inherited() {
    let local = Local::sample().await;
    let mine = ["Baseline", "Enforce-TLS", "Orphan-Diagnostics", "Audit-Skus"];
    let baseline = format!("?$filter=policyDefinitionId%20eq%20'{ROOT}{AUTHORIZATION}/policySetDefinitions/baseline'");
    for (scope, query, expected) in [
        (LANDING, "", &mine[..]),
        (&LANDING.to_uppercase(), "", &mine),
        (&format!("{LANDING}/resourceGroups/App-Prod"), "", &mine),
        (&storage_account(0), "", &mine),
        (SHARED, "", &["Baseline"]),
        (ROOT, "", &mine),
        (ROOT, "?$filter=atScope()", &["Baseline"]),
        (LANDING, "?$filter=atExactScope()", &mine[1..]),
        (LANDING, "?$filter=atScopeAndBelow()", &mine[1..]),
        (LANDING, "?$filter=atscope()", &mine),
        (LANDING, baseline.as_str(), &["Baseline"]),
        (LANDING, "?$top=2", &mine[..2]),
    ] {
        let answer = local.get(&format!("{scope}{AUTHORIZATION}/policyAssignments{query}")).await;
        assert_eq!(names(&answer), expected, "{scope} {query}");
    }
    let wrong = local.get(&format!("{LANDING}{AUTHORIZATION}/policyAssignments?$filter=banana()")).await;
    assert_eq!(wrong.error(), (400, "InvalidFilterInQueryString"));
}

#[tokio::test]
async fn the_list_of_exemptions_is_empty() {
    let local = Local::sample().await;
    let path = format!("{LANDING}{AUTHORIZATION}/policyExemptions?api-version=2022-07-01-preview");
    assert_eq!(local.get(&path).await.body, json!({ "value": [] }));
}

#[tokio::test]
async fn an_assignment_tells_who_it_acts_as() {
    let local = Local::sample().await;
    let system = local.get(&assignment(ROOT, "baseline")).await.body;
    assert_eq!(system["identity"]["type"], "SystemAssigned");
    assert_eq!(system["properties"]["notScopes"], json!([format!("{LANDING}/resourceGroups/sandbox")]));
    assert_eq!(system["properties"]["scope"], ROOT);
    let customer = "/subscriptions/291bba3f-e0a5-47bc-a099-3bdcb2a50a05";
    let user = local.get(&assignment(customer, "Fabrikam-Diagnostics")).await.body;
    assert_eq!((&user["identity"]["type"], &user["location"]), (&json!("UserAssigned"), &json!("westeurope")));
    let (id, identity) =
        user["identity"]["userAssignedIdentities"].as_object().and_then(|all| all.iter().next()).expect("one");
    assert!(id.ends_with("/userAssignedIdentities/policy") && identity["principalId"].is_string());
    let none = local.get(&assignment(LANDING, "Orphan-Diagnostics")).await.body;
    assert_eq!((none.get("identity"), none.get("location")), (None, None));
}

#[tokio::test]
async fn definitions_are_found_where_they_live_and_built_in_ones_everywhere() {
    let local = Local::sample().await;
    let tls = "policyDefinitions/f81e3117-0093-4b17-8a60-82363134f0eb";
    for scope in ["", LANDING, ROOT] {
        let found = local.get(&format!("{scope}{AUTHORIZATION}/{tls}")).await.body;
        assert_eq!(found["id"], format!("{AUTHORIZATION}/{tls}"));
        assert_eq!(found["properties"]["policyRule"]["then"]["effect"], "[parameters('effect')]");
        assert_eq!(found["properties"]["parameters"]["effect"]["defaultValue"], "Modify");
    }
    let custom = local.get(&format!("{ROOT}{AUTHORIZATION}/policyDefinitions/deploy-diagnostics")).await.body;
    assert_eq!(custom["properties"]["policyType"], "Custom");
    assert!(custom["properties"]["policyRule"]["then"]["details"]["roleDefinitionIds"][0].is_string());
    let set = local.get(&format!("{ROOT}{AUTHORIZATION}/policySetDefinitions/Baseline")).await.body;
    assert_eq!(set["properties"]["policyDefinitions"][0]["policyDefinitionReferenceId"], "Deploy_Diagnostics");
    for (path, expected) in [
        (format!("{AUTHORIZATION}/policyDefinitions"), 3),
        (format!("{LANDING}{AUTHORIZATION}/policyDefinitions"), 4),
        (format!("{ROOT}{AUTHORIZATION}/policyDefinitions?$filter=atExactScope()"), 1),
        (format!("{ROOT}{AUTHORIZATION}/policyDefinitions?$filter=atScopeAndBelow()"), 1),
        (format!("{LANDING}{AUTHORIZATION}/policyDefinitions?$filter=atScopeAndBelow()"), 0),
        (format!("{LANDING}{AUTHORIZATION}/policyDefinitions?$filter=policyType%20eq%20'BuiltIn'"), 3),
        (format!("{AUTHORIZATION}/policySetDefinitions"), 0),
        (format!("{LANDING}{AUTHORIZATION}/policySetDefinitions"), 1),
    ] {
        assert_eq!(local.get(&path).await.values().len(), expected, "{path}");
    }
}

#[tokio::test]
async fn the_hierarchy_can_be_read() {
    let local = Local::sample().await;
    let all = local.get("/subscriptions?api-version=2022-12-01").await;
    assert_eq!(all.values().len(), 3);
    let delegated = &all.values()[2];
    assert_ne!(delegated["tenantId"], all.values()[0]["tenantId"]);
    assert_eq!(delegated["managedByTenants"], json!([{ "tenantId": all.values()[0]["tenantId"] }]));
    assert_eq!(local.get(&LANDING.to_uppercase()).await.body["displayName"], "Landing zone");
    let root = local.get(&format!("{ROOT}?$expand=children&$recurse=true")).await.body;
    let children = root["properties"]["children"].as_array().expect("children");
    assert_eq!(
        children.iter().filter_map(|one| one["name"].as_str()).collect::<Vec<_>>(),
        ["contoso-landing", "c1164d71-0942-499f-bc2f-b6b7b0bae493"]
    );
    assert_eq!(children[0]["children"][0]["type"], "/subscriptions");
    let flat = local.get(&format!("{ROOT}?$expand=children")).await.body;
    assert_eq!(flat["properties"]["children"][0].get("children"), None);
    assert_eq!(local.get(ROOT).await.body["properties"].get("children"), None);
    let below = local.get(&format!("{ROOT}/descendants")).await;
    let kinds: Vec<&Value> = below.values().iter().map(|one| &one["type"]).collect();
    assert_eq!(kinds.len(), 3);
    assert_eq!(local.get("/providers/Microsoft.Management/managementGroups").await.values().len(), 2);
    let resource = local.get(&storage_account(0).to_lowercase()).await.body;
    assert_eq!((&resource["id"], &resource["location"]), (&json!(storage_account(0)), &json!("westeurope")));
    assert_eq!(local.get(&format!("{LANDING}/resourceGroups/App-Prod")).await.status, 200);
    assert_eq!(local.get("/tenants").await.values()[0]["tenantCategory"], "Home");
}
