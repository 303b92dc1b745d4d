//! People change policy with `az`: assignments, definitions and exemptions are made and deleted, and tasks see it.

use super::*;
use crate::{
    estate::{ComplianceRecord, Definition, RecordKey},
    rights::{Access, RoleAssignment},
};
use serde_json::json;

fn resource() -> String {
    format!("{SUBSCRIPTION}/resourceGroups/one/providers/Microsoft.Storage/storageAccounts/stone")
}

fn policy(kind: &str, name: &str) -> String {
    format!("{SUBSCRIPTION}{AUTHORIZATION}/{kind}/{name}")
}

fn estate() -> Estate {
    let definition = Definition::new(policy("policyDefinitions", "tag"), "Modify").with_role(CONTRIBUTOR);
    let key = RecordKey::new(resource(), policy("policyAssignments", "tags"), None);
    land()
        .with_definition(definition)
        .with_record(ComplianceRecord::non_compliant(key, start()))
        .with_access(Access::enforced().with_grant(RoleAssignment::new(SUBSCRIPTION, OWNER, "admin")))
}

fn assignment(more: Value) -> Option<Value> {
    let mut body = json!({
        "location": "westeurope",
        "identity": { "type": "SystemAssigned" },
        "properties": { "policyDefinitionId": policy("policyDefinitions", "tag") }
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        if let Some(properties) = value.as_object().filter(|_| name == "properties") {
            for (name, value) in properties {
                body["properties"][name] = value.clone();
            }
        } else {
            body[name] = value.clone();
        }
    }
    Some(body)
}

#[tokio::test]
async fn an_assignment_is_made_and_its_identity_dies_with_it() {
    let local = Guarded::start(estate()).await;
    let admin = somebody(HOME, "admin", true);
    let path = policy("policyAssignments", "tags");
    let put = async |body| local.by(&admin, "PUT", &path, body).await;
    for (body, expected) in [
        (assignment(json!({ "identity": { "type": "None" } })), (400, "ResourceIdentityRequired")),
        (assignment(json!({ "location": null })), (400, "LocationRequired")),
        (assignment(json!({ "properties": { "policyDefinitionId": "/d" } })), (404, "PolicyDefinitionNotFound")),
        (assignment(json!({ "properties": { "enforcementMode": "Perhaps" } })), (400, "InvalidRequestContent")),
        (None, (400, "InvalidRequestContent")),
    ] {
        assert_eq!(put(body).await.error(), expected);
    }
    let selectors = json!([{ "name": "west", "selectors": [{ "kind": "resourceLocation", "in": ["westeurope"] }] }]);
    let overrides = json!([{ "kind": "policyEffect", "value": "Disabled", "selectors": [{ "kind": "resourceLocation", "notIn": ["westeurope"] }] }]);
    let made = put(assignment(json!({ "properties": {
        "displayName": "Tags",
        "parameters": { "effect": { "value": "Modify" } },
        "notScopes": [format!("{SUBSCRIPTION}/resourceGroups/two")],
        "enforcementMode": "DoNotEnforce",
        "resourceSelectors": selectors,
        "overrides": overrides
    } })))
    .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let properties = &made.body["properties"];
    assert_eq!((&properties["resourceSelectors"], &properties["overrides"]), (&selectors, &overrides));
    assert_eq!(properties["parameters"], json!({ "effect": { "value": "Modify" } }));
    assert_eq!(properties["enforcementMode"], "DoNotEnforce");
    let principal = |body: &Value| body["identity"]["principalId"].as_str().map(str::to_owned);
    let kept = put(assignment(json!({}))).await;
    assert_eq!(principal(&kept.body), principal(&made.body));
    assert_eq!(local.by(&admin, "DELETE", &path, None).await.status, 200);
    assert_eq!(local.by(&admin, "DELETE", &path, None).await.status, 204);
    assert_eq!(local.get(&admin, &path).await.error(), (404, "PolicyAssignmentNotFound"));
    local.pass(1);
    let anew = put(assignment(json!({}))).await;
    assert_ne!(principal(&anew.body), principal(&made.body));
    let user = json!({ "type": "UserAssigned", "userAssignedIdentities": { format!("{SUBSCRIPTION}/resourceGroups/one/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"): {} } });
    let changed = put(assignment(json!({ "identity": user }))).await;
    let identities = changed.body["identity"]["userAssignedIdentities"].as_object().expect("identities");
    assert!(identities.values().all(|one| one["principalId"].is_string() && one["clientId"].is_string()));
}

#[tokio::test]
async fn an_exemption_makes_the_state_exempt_until_it_ends() {
    let local = Guarded::start(estate()).await;
    let admin = somebody(HOME, "admin", true);
    assert_eq!(local.by(&admin, "PUT", &policy("policyAssignments", "tags"), assignment(json!({}))).await.status, 201);
    let path = format!("{}{AUTHORIZATION}/policyExemptions/e?api-version=2022-07-01-preview", resource());
    let body = json!({ "properties": {
        "policyAssignmentId": policy("policyAssignments", "tags"),
        "exemptionCategory": "Waiver",
        "expiresOn": super::super::local::at(60)
    } });
    let states = format!("{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults");
    let state = async || local.by(&admin, "POST", &states, None).await.values()[0]["complianceState"].clone();
    assert_eq!(state().await, "NonCompliant");
    assert_eq!(local.by(&admin, "PUT", &path, Some(body.clone())).await.status, 201);
    assert_eq!(local.by(&admin, "PUT", &path, Some(body.clone())).await.status, 200);
    assert_eq!(state().await, "Exempt");
    let list = format!("{SUBSCRIPTION}{AUTHORIZATION}/policyExemptions?api-version=2022-07-01-preview");
    for (query, count) in [
        ("", 1),
        ("&$filter=atScope()", 0),
        ("&$filter=excludeExpired()", 1),
        (&format!("&$filter=policyAssignmentId%20eq%20'{}'", policy("policyAssignments", "TAGS")), 1),
    ] {
        assert_eq!(local.get(&admin, &format!("{list}{query}")).await.values().len(), count, "{query}");
    }
    local.pass(60);
    assert_eq!(state().await, "NonCompliant");
    assert_eq!(local.get(&admin, &format!("{list}&$filter=excludeExpired()")).await.values().len(), 0);
    assert_eq!(local.by(&admin, "DELETE", &path, None).await.status, 200);
    assert_eq!(local.by(&admin, "DELETE", &path, None).await.status, 204);
    let helper = somebody(HOME, "helper", true);
    local.manager.amends(|estate| {
        estate.access.grants.push(RoleAssignment::new(resource(), POLICY_CONTRIBUTOR, "helper"));
    });
    let refused = local.by(&helper, "PUT", &path, Some(body)).await;
    assert!(message(&refused).contains("policyAssignments/exempt/action"), "{}", refused.body);
}

#[tokio::test]
async fn definitions_are_written_and_not_deleted_while_in_use() {
    let local = Guarded::start(estate()).await;
    let admin = somebody(HOME, "admin", true);
    let (single, set) = (policy("policyDefinitions", "new"), policy("policySetDefinitions", "set"));
    let rule = json!({
        "if": { "field": "type", "equals": "Microsoft.KeyVault/vaults" },
        "then": { "effect": "[parameters('effect')]", "details": { "roleDefinitionIds": [CONTRIBUTOR] } }
    });
    let effect = json!({ "type": "String", "defaultValue": "Modify", "allowedValues": ["Modify", "Disabled"] });
    let body =
        json!({ "properties": { "displayName": "New", "policyRule": rule, "parameters": { "effect": effect } } });
    let made = local.by(&admin, "PUT", &single, Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["properties"]["policyRule"], rule);
    assert_eq!(made.body["properties"]["parameters"]["effect"], effect);
    let member = json!({ "policyDefinitionId": single, "policyDefinitionReferenceId": "One", "parameters": {} });
    let body = json!({ "properties": { "policyDefinitions": [member] } });
    assert_eq!(local.by(&admin, "PUT", &set, Some(body)).await.status, 201);
    assert_eq!(local.by(&admin, "DELETE", &single, None).await.error(), (400, "PolicyDefinitionInUse"));
    assert_eq!(local.by(&admin, "DELETE", &set, None).await.status, 200);
    assert_eq!(local.by(&admin, "DELETE", &single, None).await.status, 200);
    let built_in = format!("{AUTHORIZATION}/policyDefinitions/x");
    assert_eq!(local.by(&admin, "PUT", &built_in, Some(json!({}))).await.status, 403, "nobody writes at the tenant");
}
