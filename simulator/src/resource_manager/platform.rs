//! What brings the work to a worker, as Resource Manager shows it: system topics of Event Grid with what listens to them (OpenAPI,
//! Microsoft.EventGrid 2025-02-15), and a function app with its functions and what its host says (Microsoft.Web, `WebApps_ListFunctions`;
//! Azure/azure-functions-host, `HostController` and `FunctionsController`). Read only: what delivers and what runs is elsewhere.

use super::shown_platform::{FunctionApp, Listener, ShownFunction, SystemTopic};
use super::{ResourceManager, error::ArmError, reply::Reply, request::Call, world::World};
use crate::estate::ArmId;
use serde_json::{Value, json};

/// A place below these resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The system topics of a subscription.
    Topics(String),
    /// What listens to a topic.
    Listeners(ArmId),
    /// The functions of an app.
    Functions(ArmId),
    /// What its host says of itself.
    Host(ArmId),
    /// What its host says of a function.
    Function(ArmId, String),
}

impl ResourceManager {
    /// Shows these system topics in place of those before.
    pub fn shows_topics(&self, topics: Vec<SystemTopic>) {
        self.with_world(self.now(), |world| world.topics = topics);
    }

    /// Shows a function app in place of the one before.
    pub fn shows_app(&self, app: FunctionApp) {
        self.with_world(self.now(), |world| world.app = Some(app));
    }
}

impl Shown {
    /// The place that the segments behind the name of a resource provider lead to.
    pub(super) fn find(namespace: &str, before: &[String], rest: &[String], all: &[String]) -> Option<Self> {
        let words: Vec<_> = rest.iter().map(|word| word.to_ascii_lowercase()).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let up_to = |left: usize| ArmId::new(all[..all.len() - left].join("/"));
        match (namespace, words.as_slice(), before) {
            ("microsoft.eventgrid", ["systemtopics"], [_, id]) => Some(Self::Topics(id.clone())),
            ("microsoft.eventgrid", ["systemtopics", _, "eventsubscriptions"], _) => Some(Self::Listeners(up_to(1))),
            ("microsoft.web", ["sites", _, "functions"], _) => Some(Self::Functions(up_to(1))),
            ("microsoft.web", ["sites", _, "hostruntime", "admin", "host", "status"], _) => Some(Self::Host(up_to(4))),
            ("microsoft.web", ["sites", _, "hostruntime", "admin", "functions", _, "status"], _) => {
                Some(Self::Function(up_to(5), rest[5].clone()))
            }
            _ => None,
        }
    }

    /// The action that it needs, and where.
    pub(super) fn need(&self) -> (&'static str, ArmId) {
        match self {
            Self::Topics(id) => ("Microsoft.EventGrid/systemTopics/read", ArmId::new(format!("/subscriptions/{id}"))),
            Self::Listeners(topic) => ("Microsoft.EventGrid/systemTopics/eventSubscriptions/read", topic.clone()),
            Self::Functions(app) => ("Microsoft.Web/sites/functions/read", app.clone()),
            // Unverified which of its actions the provider asks for.
            Self::Host(app) | Self::Function(app, _) => ("Microsoft.Web/sites/hostruntime/host/action", app.clone()),
        }
    }
}

impl World {
    pub(crate) fn show(&self, place: &Shown, call: &Call) -> Result<Reply, ArmError> {
        match place {
            Shown::Topics(id) => {
                self.estate.subscription(id).ok_or_else(|| ArmError::subscription_not_found(id))?;
                let is_there = |topic: &&SystemTopic| {
                    ArmId::new(&topic.id).subscription().is_some_and(|of| of.eq_ignore_ascii_case(id))
                };
                self.page(call, self.topics.iter().filter(is_there).map(topic_body).collect())
            }
            Shown::Listeners(id) => {
                let topic = self.topics.iter().find(|topic| ArmId::new(&topic.id) == *id).ok_or_else(|| missing(id))?;
                self.page(call, topic.listeners.iter().map(|one| listener_body(topic, one)).collect())
            }
            Shown::Functions(id) => {
                let app = self.app(id)?;
                self.page(call, app.functions.iter().map(|one| function_body(id, one)).collect())
            }
            Shown::Host(id) => Ok(Reply::ok(host_body(self.app(id)?))),
            Shown::Function(id, name) => {
                let app = self.app(id)?;
                let found = app.functions.iter().find(|one| one.name.eq_ignore_ascii_case(name));
                let found = found.ok_or_else(|| missing(&ArmId::new(format!("{id}/functions/{name}"))))?;
                Ok(Reply::ok(with_errors(json!({}), &found.errors)))
            }
        }
    }

    fn app(&self, id: &ArmId) -> Result<&FunctionApp, ArmError> {
        self.app.as_ref().filter(|app| ArmId::new(&app.id) == *id).ok_or_else(|| missing(id))
    }
}

fn missing(id: &ArmId) -> ArmError {
    ArmError::resource_not_found(&id.resource_type().unwrap_or_default(), id.name(), id.resource_group())
}

fn topic_body(topic: &SystemTopic) -> Value {
    json!({
        "id": topic.id,
        "name": ArmId::new(&topic.id).name(),
        "type": "Microsoft.EventGrid/systemTopics",
        "location": "global",
        "identity": { "type": "SystemAssigned" },
        "properties": {
            "provisioningState": "Succeeded",
            "source": topic.source,
            "topicType": "Microsoft.PolicyInsights.PolicyStates"
        }
    })
}

fn listener_body(topic: &SystemTopic, listener: &Listener) -> Value {
    let kind = if listener.destination.contains("/queues/") { "ServiceBusQueue" } else { "AzureFunction" };
    let destination = json!({ "endpointType": kind, "properties": { "resourceId": listener.destination } });
    let mut properties = json!({
        "topic": topic.id,
        "provisioningState": if listener.is_made { "Succeeded" } else { "Failed" },
        "filter": { "includedEventTypes": listener.types, "subjectBeginsWith": "", "subjectEndsWith": "" },
        "eventDeliverySchema": "CloudEventSchemaV1_0",
        "retryPolicy": { "maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440 }
    });
    let identity = json!({ "type": "SystemAssigned" });
    if kind == "ServiceBusQueue" {
        properties["deliveryWithResourceIdentity"] = json!({ "identity": identity, "destination": destination });
    } else {
        properties["destination"] = destination;
    }
    if let Some(account) = &listener.dead_letters {
        let container = json!({ "resourceId": account, "blobContainerName": "events-dead-letter" });
        properties["deadLetterWithResourceIdentity"] = json!({
            "identity": identity,
            "deadLetterDestination": { "endpointType": "StorageBlob", "properties": container }
        });
    }
    json!({
        "id": format!("{}/eventSubscriptions/{}", topic.id, listener.name),
        "name": listener.name,
        "type": "Microsoft.EventGrid/systemTopics/eventSubscriptions",
        "properties": properties
    })
}

fn function_body(app: &ArmId, function: &ShownFunction) -> Value {
    json!({
        "id": format!("{app}/functions/{}", function.name),
        "name": format!("{}/{}", app.name(), function.name),
        "type": "Microsoft.Web/sites/functions",
        "properties": {
            "name": function.name,
            "function_app_id": app.as_str(),
            "config": {},
            "language": "Custom",
            "isDisabled": function.is_disabled
        }
    })
}

fn host_body(app: &FunctionApp) -> Value {
    let state = if app.errors.is_empty() { "Running" } else { "Error" };
    with_errors(json!({ "id": ArmId::new(&app.id).name(), "state": state, "version": "4.1045.200" }), &app.errors)
}

/// The host leaves out what is empty.
fn with_errors(mut body: Value, errors: &[String]) -> Value {
    if !errors.is_empty() {
        body["errors"] = json!(errors);
    }
    body
}
