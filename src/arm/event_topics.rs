//! The system topics of Event Grid and what listens to them, for whoever asks how an installation is.
//! Source: the service's OpenAPI description, Microsoft.EventGrid 2025-02-15.

use azure_core::http::Method;
use serde_json::Value;

use remediation::fact::{CallKind, EventDestination, EventListener, EventTopic};
use remediation::id::{ArmId, Scope, SubscriptionId, fold};

use super::call::{Call, QuotaScope};
use super::lenient::{Item, Members, text};
use super::page::Page;

const API_VERSION: &str = "2025-02-15";
/// The topics that policy state changes come from.
const TOPIC_TYPE: &str = "Microsoft.PolicyInsights.PolicyStates";

/// Lists the system topics of a subscription.
#[must_use]
pub fn list_topics(subscription: &SubscriptionId) -> Call<Page<ListedTopic>> {
    let quota = QuotaScope::Subscription(subscription.clone());
    let scope = Scope::subscription_wide(subscription.clone());
    let tail = ["providers", "Microsoft.EventGrid", "systemTopics"];
    Call::new(CallKind::ListTopics, quota, Method::Get, scope.as_str(), &tail, API_VERSION)
}

/// Lists what listens to a topic of a subscription.
#[must_use]
pub fn list_listeners(subscription: &SubscriptionId, topic: &ArmId) -> Call<Page<EventListener>> {
    let quota = QuotaScope::Subscription(subscription.clone());
    Call::new(CallKind::ListListeners, quota, Method::Get, topic.as_str(), &["eventSubscriptions"], API_VERSION)
}

/// A system topic; none where its events are of something else.
#[derive(Debug, Clone)]
pub struct ListedTopic(pub Option<EventTopic>);

impl Item for ListedTopic {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let id = members.id("id");
        let mut properties = members.object("properties");
        let kind = properties.word("topicType").unwrap_or_default();
        if !kind.eq_ignore_ascii_case(TOPIC_TYPE) {
            return Some(Self(None));
        }
        let source = properties.id("source");
        let Some((id, source)) = id.zip(source) else {
            members.miss("id and properties.source");
            return None;
        };
        Some(Self(Some(EventTopic { id, source, listeners: Vec::new() })))
    }
}

impl Item for EventListener {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let Some(name) = members.text("name") else {
            members.miss("name");
            return None;
        };
        let mut properties = members.object("properties");
        let state = properties.word("provisioningState").unwrap_or_default();
        let expires = properties.text("expirationTimeUtc");
        let by_identity = properties.given("deliveryWithResourceIdentity").and_then(|it| it.get("destination"));
        let destination = destination(by_identity.or_else(|| properties.given("destination")));
        let keeps_dead_letters = properties.given("deadLetterDestination").is_some()
            || properties.given("deadLetterWithResourceIdentity").is_some();
        let types = properties.given("filter").and_then(|filter| filter.get("includedEventTypes"));
        let types = types.and_then(Value::as_array).map(|types| types.iter().filter_map(text).collect());
        Some(Self { name, state, destination, types, keeps_dead_letters, expires })
    }
}

fn destination(given: Option<&Value>) -> EventDestination {
    let member = |of: &Value, name: &str| of.get(name).and_then(text).unwrap_or_default();
    let Some(given) = given else { return EventDestination::Other(String::new()) };
    let (kind, properties) = (member(given, "endpointType"), given.get("properties").unwrap_or(&Value::Null));
    let id = fold(&member(properties, "resourceId"));
    match kind.to_ascii_lowercase().as_str() {
        "servicebusqueue" => EventDestination::Queue(id),
        "azurefunction" => EventDestination::Function(id),
        "webhook" => EventDestination::WebHook(member(properties, "endpointBaseUrl")),
        _ => EventDestination::Other(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::read_item;
    use serde_json::json;

    #[test]
    fn a_listener_is_read_with_either_way_of_delivery() {
        let queue = json!({ "endpointType": "ServiceBusQueue", "properties": { "resourceId": "/S/X/queues/Q" } });
        let by_identity = json!({ "name": "a", "properties": {
            "provisioningState": "Succeeded", "destination": null,
            "deliveryWithResourceIdentity": { "identity": { "type": "SystemAssigned" }, "destination": queue },
            "deadLetterWithResourceIdentity": { "deadLetterDestination": {} },
            "filter": { "includedEventTypes": ["A", "B"] }, "expirationTimeUtc": null } });
        let read: EventListener = read_item(&by_identity).unwrap();
        assert_eq!(read.destination, EventDestination::Queue("/s/x/queues/q".to_owned()));
        assert_eq!((read.types.unwrap().len(), read.keeps_dead_letters, read.expires), (2, true, None));
        let hook = json!({ "endpointType": "WebHook", "properties": { "endpointBaseUrl": "https://x" } });
        let plain: EventListener = read_item(&json!({ "name": "b", "properties": { "destination": hook } })).unwrap();
        assert_eq!(plain.destination, EventDestination::WebHook("https://x".to_owned()));
        assert!(plain.types.is_none() && !plain.keeps_dead_letters && plain.state.is_empty());
    }

    #[test]
    fn topics_of_something_else_are_passed_over() {
        let topic =
            |kind: &str| json!({ "id": "/T", "properties": { "topicType": kind, "source": "/Subscriptions/S" } });
        assert!(read_item::<ListedTopic>(&topic("Microsoft.Storage.StorageAccounts")).unwrap().0.is_none());
        let ours = read_item::<ListedTopic>(&topic("microsoft.policyinsights.policystates")).unwrap().0.unwrap();
        assert_eq!((ours.id.as_str(), ours.source.as_str()), ("/t", "/subscriptions/s"));
    }
}
