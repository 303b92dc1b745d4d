//! What clients ask of a subscription before they come to policy: its regions, groups, resources, providers, deployments and locks.

use super::local::{INSIGHTS, LANDING, Local, SHARED, assignment, start, storage_account, tempo};
use crate::{
    estate::{Estate, sample},
    rights::{Access, LockLevel},
    service_bus::{Broker, Message},
};
use serde_json::{Value, json};

const PUT: &str = "/remediations/";
/// Of Resource Manager itself.
const VERSION: &str = "?api-version=2022-12-01";

async fn with(estate: Estate) -> Local {
    Local::start(estate, tempo(), |manager| manager).await
}

fn names(values: &[Value]) -> Vec<&str> {
    values.iter().filter_map(|one| one["name"].as_str()).collect()
}

#[tokio::test]
async fn a_subscription_has_regions_and_those_of_what_is_in_it_are_among_them() {
    let local =
        with(sample(start()).with_resource(format!("{LANDING}/resourceGroups/g/providers/A.b/c/d"), "atlantis")).await;
    let found = local.get(&format!("{LANDING}/locations")).await;
    let listed = names(found.values());
    for name in ["eastus", "westeurope", "northeurope", "atlantis"] {
        assert_eq!(listed.iter().filter(|one| **one == name).count(), 1, "{listed:?}");
    }
    let europe = found.values().iter().find(|one| one["name"] == "westeurope").expect("West Europe");
    assert_eq!(europe["id"], format!("{LANDING}/locations/westeurope"));
    assert_eq!(europe["metadata"]["pairedRegion"][0]["name"], "northeurope");
    let unknown = local.get("/subscriptions/00000000-0000-0000-0000-000000000009/locations").await;
    assert_eq!(unknown.error(), (404, "SubscriptionNotFound"));
}

#[tokio::test]
async fn groups_and_what_is_in_them_are_listed_as_each_is_shown() {
    let local = Local::sample().await;
    let groups = local.get(&format!("{LANDING}/resourcegroups")).await;
    assert_eq!(names(groups.values()), ["App-Prod"]);
    for group in groups.values() {
        let id = group["id"].as_str().expect("an id");
        assert_eq!(local.get(id).await.body, *group);
        assert_eq!(local.call("HEAD", id, None).await.status, 204);
        assert_eq!(local.call("HEAD", &format!("{id}-not"), None).await.status, 404);
    }
    let all = local.get(&format!("{LANDING}/resources")).await;
    let inside = local.get(&format!("{LANDING}/resourceGroups/app-prod/resources")).await;
    assert_eq!((all.values().len(), inside.body == all.body), (8, true));
    for one in all.values() {
        assert_eq!(local.get(one["id"].as_str().expect("an id")).await.body, *one);
    }
    let filtered = |text: &str| format!("{LANDING}/resources?$filter={}", text.replace(' ', "%20"));
    for (filter, count) in [
        ("resourceType eq 'microsoft.storage/STORAGEACCOUNTS'", 8),
        ("resourceType eq 'Microsoft.KeyVault/vaults'", 0),
        ("location eq 'westeurope' and name ne 'stContoso00'", 3),
        ("resourceGroup ne 'App-Prod'", 0),
    ] {
        assert_eq!(local.get(&filtered(filter)).await.values().len(), count, "{filter}");
    }
    let expanded = local.get(&format!("{LANDING}/resources?$expand=createdTime,provisioningState")).await;
    assert!(expanded.values().iter().all(|one| one["provisioningState"] == "Succeeded"));
    assert_eq!(local.get(&filtered("tagName eq 'x'")).await.status, 400);
    let (mut seen, mut next) = (0, format!("{LANDING}/resources?$top=3"));
    loop {
        let page = local.get(&next).await;
        assert!(page.values().len() <= 3);
        seen += page.values().len();
        let Some(link) = page.body["nextLink"].as_str() else { break };
        next = link.split_once(&local.host).expect("the host").1.to_owned();
    }
    assert_eq!(seen, 8, "a number of entries is that of a page");
}

#[tokio::test]
async fn a_provider_that_is_not_registered_shows_so_and_is_refused_until_it_is() {
    // The last subscription added is the one without it.
    let id = "c0ffee00-0000-4000-8000-000000000001";
    let mut estate = sample(start());
    estate = estate.with_subscription(id, "New", None).without_provider("microsoft.policyinsights");
    let (local, new) = (with(estate).await, format!("/subscriptions/{id}"));
    let state = async |subscription: &str, namespace: &str| {
        local.get(&format!("{subscription}/providers/{namespace}{VERSION}")).await.body["registrationState"].clone()
    };
    assert_eq!(state(&new, "Microsoft.PolicyInsights").await, "NotRegistered");
    assert_eq!(state(LANDING, "Microsoft.PolicyInsights").await, "Registered");
    assert_eq!(state(&new, "Microsoft.Storage").await, "Registered");
    let body = json!({ "policyAssignmentId": assignment(LANDING, "Enforce-TLS") });
    let refused = (409, "MissingSubscriptionRegistration");
    assert_eq!(local.put(&format!("{new}{INSIGHTS}{PUT}n"), body.clone()).await.error(), refused);
    assert_eq!(local.get(&format!("{new}{INSIGHTS}/remediations")).await.error(), refused);
    assert_eq!(local.query_states("2024-10-01", &new, &[]).await.error(), refused);
    assert_eq!(local.query_states("2024-10-01", LANDING, &[]).await.status, 200);
    let made = local.post(&format!("{new}/providers/Microsoft.PolicyInsights/register{VERSION}")).await;
    assert_eq!((made.status, &made.body["registrationState"]), (200, &json!("Registered")));
    assert_eq!(local.get(&format!("{new}{INSIGHTS}/remediations")).await.status, 200);
    let taken_back = local.post(&format!("{LANDING}/providers/Microsoft.PolicyInsights/unregister{VERSION}")).await;
    assert_eq!(taken_back.body["registrationState"], "NotRegistered");
    assert_eq!(local.get(&format!("{LANDING}{INSIGHTS}/remediations")).await.error(), refused);
    // What needs no registration cannot lose it.
    local.post(&format!("{LANDING}/providers/Microsoft.Authorization/unregister{VERSION}")).await;
    assert_eq!(state(LANDING, "Microsoft.Authorization").await, "Registered");
    assert_eq!(
        local.get(&format!("{LANDING}/providers/Microsoft.Banana{VERSION}")).await.error(),
        (404, "InvalidResourceNamespace")
    );
}

#[tokio::test]
async fn providers_are_listed_with_types_whose_versions_are_taken() {
    let local = Local::sample().await;
    let general = local.get("/providers").await;
    assert!(general.values().iter().all(|one| one.get("registrationState").is_none()));
    let listed = local.get(&format!("{SHARED}/providers")).await;
    assert_eq!(listed.values().len(), general.values().len());
    for provider in listed.values() {
        let id = provider["id"].as_str().expect("an id");
        assert_eq!(local.get(&format!("{id}{VERSION}")).await.body, *provider);
    }
    for (namespace, kind) in [
        ("Microsoft.PolicyInsights", "remediations"),
        ("Microsoft.Authorization", "policyAssignments"),
        ("Microsoft.Authorization", "roleDefinitions"),
        ("Microsoft.Authorization", "denyAssignments"),
        ("Microsoft.Authorization", "locks"),
        ("Microsoft.ManagedServices", "registrationAssignments"),
        ("Microsoft.ManagedServices", "registrationDefinitions"),
    ] {
        let provider = listed.values().iter().find(|one| one["namespace"] == namespace).expect("it");
        let kinds = provider["resourceTypes"].as_array().expect("types");
        let found = kinds.iter().find(|one| one["resourceType"] == kind).expect("the type");
        let versions = found["apiVersions"].as_array().expect("versions");
        assert!(versions.len() > 1, "{kind}: {versions:?}");
        for version in versions.iter().map(|one| one.as_str().expect("text")) {
            let path = format!("{SHARED}/providers/{namespace}/{kind}?api-version={version}");
            assert_eq!(local.raw("GET", &path, None).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn what_a_task_deployed_is_found_as_a_deployment_with_its_error() {
    let local = Local::sample().await;
    let root = "/providers/Microsoft.Management/managementGroups/contoso";
    let task = format!("{LANDING}{INSIGHTS}{PUT}fix");
    let body = json!({
        "policyAssignmentId": assignment(root, "Baseline"),
        "policyDefinitionReferenceId": "Deploy_Diagnostics"
    });
    assert_eq!(local.put(&task, body).await.status, 201);
    let group = format!("{LANDING}/resourceGroups/App-Prod/providers/Microsoft.Resources/deployments");
    assert!(local.get(&group).await.values().is_empty(), "nothing has begun");
    local.pass(15);
    let running = local.get(&group).await;
    assert!(!running.values().is_empty());
    assert!(running.values().iter().all(|one| one["properties"]["provisioningState"] == "Running"));
    local.pass(600);
    let all = local.get(&group).await;
    let told = local.post(&format!("{task}/listDeployments")).await;
    assert_eq!(all.values().len(), told.values().len());
    for one in told.values() {
        let shown = local.get(one["deploymentId"].as_str().expect("an id")).await;
        assert_eq!(shown.body["properties"]["provisioningState"], one["status"], "{one}");
        assert_eq!(shown.body["properties"].get("error"), one.get("error"));
    }
    let failed = local.get(&format!("{group}?$filter=provisioningState%20eq%20'Failed'")).await;
    let count = told.values().iter().filter(|one| one["status"] == "Failed").count();
    assert_eq!((failed.values().len(), count > 0), (count, true));
    assert_eq!(local.get(&format!("{group}/nothing")).await.error(), (404, "DeploymentNotFound"));
}

#[tokio::test]
async fn locks_are_read_at_their_scope_and_from_above() {
    let group = format!("{LANDING}/resourceGroups/App-Prod");
    let access = Access::default()
        .with_lock(LANDING, LockLevel::CanNotDelete)
        .with_lock(storage_account(0), LockLevel::ReadOnly);
    let local = with(sample(start()).with_access(access)).await;
    let locks = |scope: &str, rest: &str| {
        format!("{scope}/providers/Microsoft.Authorization/locks?api-version=2020-05-01{rest}")
    };
    let levels =
        |values: &[Value]| -> Vec<Value> { values.iter().map(|one| one["properties"]["level"].clone()).collect() };
    let all = local.get(&locks(LANDING, "")).await;
    assert_eq!(levels(all.values()), ["CanNotDelete", "ReadOnly"]);
    assert_eq!(levels(local.get(&locks(&group, "")).await.values()), ["ReadOnly"]);
    assert_eq!(levels(local.get(&locks(LANDING, "&$filter=atScope()")).await.values()), ["CanNotDelete"]);
    assert_eq!(local.get(&locks(LANDING, "&$filter=x()")).await.status, 400);
    for lock in all.values() {
        let shown = local.get(&format!("{}?api-version=2020-05-01", lock["id"].as_str().expect("an id"))).await;
        assert_eq!(shown.body, *lock);
    }
}

#[tokio::test]
async fn queues_are_shown_with_what_is_in_them() {
    let local = Local::sample().await;
    let namespace = format!("{LANDING}/resourceGroups/bus/providers/Microsoft.ServiceBus/namespaces/local");
    let queues = |rest: &str| format!("{namespace}/queues{rest}?api-version=2024-01-01");
    assert_eq!(local.get(&queues("")).await.error(), (404, "ResourceNotFound"), "there is no namespace");
    let broker = Broker::with_worker_queues();
    local.manager.shows_queues(&namespace, &broker);
    broker.send("wake-ups", vec![Message::text("one"), Message::text("two")]).expect("the queue").expect("room");
    let all = local.get(&queues("")).await;
    assert_eq!(names(all.values()), ["batch-runs", "noncompliant-resources", "policy-events", "wake-ups"]);
    let counts = |one: &Value, name: &str| one["properties"]["countDetails"][name].clone();
    for one in all.values() {
        let held = if one["name"] == "wake-ups" { 2 } else { 0 };
        assert_eq!(counts(one, "activeMessageCount"), held, "{one}");
        assert_eq!(
            (&one["properties"]["messageCount"], counts(one, "deadLetterMessageCount")),
            (&json!(held), json!(0))
        );
        let shown = local.get(&queues(&format!("/{}", one["name"].as_str().expect("a name")))).await;
        assert_eq!(shown.body, *one);
    }
    assert_eq!(local.get(&queues("/nothing")).await.error(), (404, "NotFound"));
    let old = local.get(&queues("").replace("2024-01-01", "2016-01-01")).await;
    assert_eq!(old.error(), (400, "NoRegisteredProviderFound"));
}
