//! A customer's subscription that is delegated through Lighthouse, as the managing tenant meets it.

use super::*;
use crate::{
    estate::{Assignment, Definition, Initiative},
    rights::{Access, Authorization, Delegation, Lag, RoleAssignment},
};
use serde_json::json;
use std::time::Duration;

const GROUP: &str = "/providers/Microsoft.Management/managementGroups/fabrikam";
const DELEGATION: &str = "d1000000-0000-4000-8000-000000000001";

/// The customer has a group with an initiative and an assignment; we may work there and grant one role.
fn estate(lag: Lag) -> Estate {
    let definition = Definition::new(format!("{GROUP}{AUTHORIZATION}/policyDefinitions/d"), "DeployIfNotExists");
    let initiative = Initiative::new(format!("{GROUP}{AUTHORIZATION}/policySetDefinitions/i"))
        .with_member("one", definition.id.clone());
    let assignment = Assignment::new(CUSTOMER, "a", initiative.id.clone()).with_system_identity(
        IDENTITY,
        CUSTOMER_TENANT,
        "westeurope",
    );
    let delegation = Delegation::new(DELEGATION, "Remediation", CUSTOMER, HOME)
        .with(Authorization::new(WORKER, "Worker", POLICY_CONTRIBUTOR))
        .with(Authorization::to_grant(WORKER, "Worker", &[LOG_ANALYTICS]));
    let access = Access::enforced()
        .with_lag(lag)
        .with_delegation(delegation)
        .with_grant(RoleAssignment::new(CUSTOMER, READER, IDENTITY))
        .with_grant(RoleAssignment::new(GROUP, READER, IDENTITY));
    let mut estate = land().with_foreign_group("fabrikam", None, CUSTOMER_TENANT);
    estate.subscriptions[1].parent = Some("fabrikam".to_owned());
    estate.with_definition(definition).with_initiative(initiative).with_assignment(assignment).with_access(access)
}

fn grant(role: &str, holder: Option<String>) -> Option<Value> {
    let mut properties =
        json!({ "roleDefinitionId": role, "principalId": IDENTITY, "principalType": "ServicePrincipal" });
    if let Some(holder) = holder {
        properties["delegatedManagedIdentityResourceId"] = json!(holder);
    }
    Some(json!({ "properties": properties }))
}

fn holder(name: &str) -> Option<String> {
    Some(format!("{CUSTOMER}{AUTHORIZATION}/policyAssignments/{name}"))
}

fn name(number: u32) -> String {
    format!("{CUSTOMER}{AUTHORIZATION}/roleAssignments/a0000000-0000-4000-8000-{number:012}")
}

#[tokio::test]
async fn the_subscription_tells_its_tenant_and_who_manages_it() {
    let local = Guarded::start(estate(Lag::default())).await;
    let subscription = local.get(&worker(), &format!("{CUSTOMER}?api-version=2022-12-01")).await.body;
    assert_eq!(subscription["tenantId"], CUSTOMER_TENANT);
    assert_eq!(subscription["managedByTenants"], json!([{ "tenantId": HOME }]));
    let stranger = somebody("c0000000-0000-4000-8000-000000000003", WORKER, false);
    let refused = local.get(&stranger, &format!("{CUSTOMER}?api-version=2022-12-01")).await;
    assert_eq!(refused.error(), (401, "InvalidAuthenticationTokenTenant"));
}

#[tokio::test]
async fn definitions_are_read_through_the_subscriptions_lists_only() {
    let local = Guarded::start(estate(Lag::default())).await;
    for kind in ["policySetDefinitions/i", "policyDefinitions/d"] {
        let refused = local.get(&worker(), &format!("{GROUP}{AUTHORIZATION}/{kind}")).await;
        assert_eq!(refused.error(), (403, "AuthorizationFailed"), "{kind}");
        let list = kind.split('/').next().unwrap_or_default();
        let path = format!("{CUSTOMER}{AUTHORIZATION}/{list}{}", filter("policyType eq 'Custom'"));
        assert_eq!(local.get(&worker(), &path).await.values().len(), 1, "{kind}");
    }
    let own = local.get(&worker(), &format!("{GROUP}?api-version=2021-04-01")).await;
    assert_eq!(own.status, 403, "nobody of home has a foot in the customer's groups");
}

#[tokio::test]
async fn role_assignments_show_only_with_the_customers_tenant() {
    let local = Guarded::start(estate(Lag::default())).await;
    let list = format!("{CUSTOMER}{AUTHORIZATION}/roleAssignments");
    let tenant = format!("tenantId={CUSTOMER_TENANT}");
    let assigned = filter(&format!("assignedTo('{IDENTITY}')"));
    for (query, count) in [
        (String::new(), 0),
        (format!("?tenantId={HOME}"), 0),
        (format!("?{tenant}"), 1),
        (format!("{assigned}&{tenant}"), 0),
        (format!("{}&{tenant}", filter(&format!("principalId eq '{IDENTITY}'"))), 1),
    ] {
        let found = local.get(&worker(), &format!("{list}{query}")).await;
        assert_eq!(found.values().len(), count, "{query}: {}", found.body);
    }
    let id = local.get(&worker(), &format!("{list}?{tenant}")).await.values()[0]["id"].as_str().map(str::to_owned);
    let id = id.expect("an id");
    assert_eq!(local.get(&worker(), &id).await.error(), (404, "RoleAssignmentNotFound"));
    assert_eq!(local.get(&worker(), &format!("{id}?{tenant}")).await.status, 200);
}

#[tokio::test]
async fn a_grant_names_the_holder_and_only_roles_of_the_template() {
    let local = Guarded::start(estate(Lag::default())).await;
    let put = async |body| local.by(&worker(), "PUT", &name(1), body).await;
    for body in [grant(LOG_ANALYTICS, None), grant(CONTRIBUTOR, holder("a")), grant(OWNER, holder("a"))] {
        let refused = put(body).await;
        assert_eq!(refused.error(), (403, "AuthorizationFailed"));
        assert!(message(&refused).contains("ABAC condition that is not fulfilled"), "{}", message(&refused));
    }
    for wrong in [holder("none"), Some(format!("{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments/a"))] {
        assert_eq!(put(grant(LOG_ANALYTICS, wrong)).await.error(), (403, "LinkedAuthorizationFailed"));
    }
    let made = put(grant(LOG_ANALYTICS, holder("a"))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["properties"]["delegatedManagedIdentityResourceId"], holder("a").expect("one"));
    let again = local.by(&worker(), "PUT", &name(2), grant(LOG_ANALYTICS, holder("a"))).await;
    assert_eq!(again.error(), (409, "RoleAssignmentExists"));
    assert_eq!(local.by(&worker(), "DELETE", &name(1), None).await.status, 204, "not without the tenant");
    let path = format!("{}?tenantId={CUSTOMER_TENANT}", name(1));
    assert_eq!(local.by(&worker(), "DELETE", &path, None).await.status, 200);
}

#[tokio::test]
async fn a_user_assigned_identity_is_its_own_holder() {
    let mut estate = estate(Lag::default());
    let identity =
        format!("{CUSTOMER}/resourceGroups/theirs/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u");
    let assignment = estate.assignments.remove(0);
    let estate =
        estate.with_assignment(assignment.with_user_identity(identity.as_str(), IDENTITY, "client", "westeurope"));
    let local = Guarded::start(estate).await;
    let put = async |holder| local.by(&worker(), "PUT", &name(1), grant(LOG_ANALYTICS, holder)).await;
    assert_eq!(put(holder("a")).await.error(), (403, "LinkedAuthorizationFailed"), "the assignment does not hold it");
    assert_eq!(put(Some(identity.clone())).await.status, 201);
}

#[tokio::test]
async fn a_new_identity_is_linked_late_across_tenants() {
    let lag = Lag { across_tenants: Duration::from_secs(120), ..Lag::default() };
    let local = Guarded::start(estate(lag)).await;
    local.manager.amends(|estate| estate.assignments[0].identity_since = Some(start()));
    let put = async || local.by(&worker(), "PUT", &name(1), grant(LOG_ANALYTICS, holder("a"))).await;
    assert_eq!(put().await.error(), (403, "LinkedAuthorizationFailed"));
    local.pass(120);
    assert_eq!(put().await.status, 201);
}

#[tokio::test]
async fn the_registration_tells_what_can_be_granted_and_can_be_given_up() {
    let local = Guarded::start(estate(Lag::default())).await;
    let list = format!("{CUSTOMER}/providers/Microsoft.ManagedServices/registrationAssignments");
    let version = "api-version=2022-10-01";
    let plain = local.get(&worker(), &format!("{list}?{version}")).await;
    assert_eq!(plain.values()[0]["properties"].get("registrationDefinition"), None);
    let expanded = local.get(&worker(), &format!("{list}?$expandRegistrationDefinition=true&{version}")).await;
    let definition = &expanded.values()[0]["properties"]["registrationDefinition"]["properties"];
    assert_eq!(definition["manageeTenantId"], CUSTOMER_TENANT);
    assert_eq!(definition["managedByTenantId"], HOME);
    assert_eq!(definition["authorizations"][1]["delegatedRoleDefinitionIds"], json!([LOG_ANALYTICS]));
    let one = format!("{list}/{DELEGATION}?{version}");
    assert_eq!(local.by(&worker(), "DELETE", &one, None).await.status, 403, "the template has no line for it");
    let owner = somebody(CUSTOMER_TENANT, "their-owner", true);
    local.manager.amends(|estate| estate.access.grants.push(RoleAssignment::new(CUSTOMER, OWNER, "their-owner")));
    assert_eq!(local.by(&owner, "DELETE", &one, None).await.status, 200);
    let gone = local.get(&worker(), &format!("{CUSTOMER}?api-version=2022-12-01")).await;
    assert_eq!(gone.error(), (401, "InvalidAuthenticationTokenTenant"));
}

#[tokio::test]
async fn a_delegation_of_a_group_ends_at_the_group() {
    let mut estate = estate(Lag::default());
    estate.access.delegations[0].scope = format!("{CUSTOMER}/resourceGroups/theirs").into();
    let local = Guarded::start(estate).await;
    let tasks = |scope: &str| format!("{scope}/providers/Microsoft.PolicyInsights/remediations");
    assert_eq!(local.get(&worker(), &tasks(&format!("{CUSTOMER}/resourceGroups/theirs"))).await.status, 200);
    assert_eq!(local.get(&worker(), &tasks(CUSTOMER)).await.error(), (403, "AuthorizationFailed"));
}
