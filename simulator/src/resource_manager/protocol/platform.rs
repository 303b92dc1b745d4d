//! System topics and a function app, as they are shown.

use super::local::{LANDING, Local, SHARED};
use crate::resource_manager::{FunctionApp, Listener, ShownFunction, SystemTopic};
use serde_json::json;

#[tokio::test]
async fn a_topic_is_listed_in_its_subscription_with_what_listens_to_it() {
    let local = Local::sample().await;
    let topics = |scope: &str| format!("{scope}/providers/Microsoft.EventGrid/systemTopics?api-version=2025-02-15");
    assert_eq!(local.get(&topics(LANDING)).await.body["value"], json!([]));
    let id = format!("{LANDING}/resourceGroups/g/providers/Microsoft.EventGrid/systemTopics/policy-states");
    let queue = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n/queues/policy-events";
    let listener = |name: &str, destination: &str, dead_letters| Listener {
        name: name.to_owned(),
        destination: destination.to_owned(),
        types: vec!["Microsoft.PolicyInsights.PolicyStateChanged".to_owned()],
        dead_letters,
        is_made: true,
    };
    local.manager.shows_topics(vec![SystemTopic {
        id: id.clone(),
        source: LANDING.to_owned(),
        listeners: vec![listener("q", queue, Some("/account".to_owned())), listener("f", "/app/functions/x", None)],
    }]);
    let listed = local.get(&topics(LANDING)).await;
    assert_eq!((&listed.values()[0]["id"], &listed.values()[0]["properties"]["source"]), (&json!(id), &json!(LANDING)));
    assert_eq!(local.get(&topics(SHARED)).await.body["value"], json!([]), "it is another's");
    let listeners = local.get(&format!("{id}/eventSubscriptions?api-version=2025-02-15")).await;
    let [by_identity, plain] = listeners.values() else { panic!("{}", listeners.body) };
    let delivered = &by_identity["properties"]["deliveryWithResourceIdentity"]["destination"];
    assert_eq!(
        (&delivered["endpointType"], &delivered["properties"]["resourceId"]),
        (&json!("ServiceBusQueue"), &json!(queue))
    );
    assert!(by_identity["properties"]["deadLetterWithResourceIdentity"].is_object());
    assert_eq!(plain["properties"]["destination"]["endpointType"], "AzureFunction");
    let other =
        format!("{LANDING}/resourceGroups/g/providers/Microsoft.EventGrid/systemTopics/other/eventSubscriptions");
    assert_eq!(local.get(&other).await.error(), (404, "ResourceNotFound"));
}

#[tokio::test]
async fn an_app_has_functions_and_a_host_that_says_what_is_wrong() {
    let local = Local::sample().await;
    let id = format!("{LANDING}/resourceGroups/g/providers/Microsoft.Web/sites/app");
    let at = |rest: &str| format!("{id}/{rest}?api-version=2022-03-01");
    assert_eq!(local.get(&at("functions")).await.error(), (404, "ResourceNotFound"));
    let function = |name: &str, errors: &[&str]| ShownFunction {
        name: name.to_owned(),
        is_disabled: name == "off",
        errors: errors.iter().map(|error| (*error).to_owned()).collect(),
    };
    let functions = vec![function("collect", &["no queue"]), function("off", &[])];
    let app = FunctionApp { id: id.clone(), functions, errors: Vec::new() };
    local.manager.shows_app(app.clone());
    let listed = local.get(&at("functions")).await;
    assert_eq!(
        (&listed.values()[0]["name"], &listed.values()[1]["properties"]["isDisabled"]),
        (&json!("app/collect"), &json!(true))
    );
    assert_eq!(local.get(&at("hostruntime/admin/host/status")).await.body["state"], "Running");
    let state = local.get(&at("hostruntime/admin/functions/Collect/status")).await;
    assert_eq!(state.body["errors"], json!(["no queue"]));
    local.manager.shows_app(FunctionApp { errors: vec!["no storage".to_owned()], ..app });
    let host = local.get(&at("hostruntime/admin/host/status")).await;
    assert_eq!((&host.body["state"], &host.body["errors"]), (&json!("Error"), &json!(["no storage"])));
}
