//! What Event Grid sends is what the worker does something with, once; with the topic's own identity, and kept where it cannot be sent.

use std::fs;

use remediation::event::{Parsed, Relevance, read};
use serde_json::{Value, json};

use crate::snapshot::{last, of_type, path, resources, words};

const SUBSCRIPTIONS: &str = "Microsoft.EventGrid/systemTopics/eventSubscriptions";
/// Snapshots with event subscriptions, and how many topics they have.
const LISTENERS: [(&str, usize); 5] =
    [("default", 1), ("all-options", 3), ("private-network", 1), ("management-group", 1), ("lighthouse-events", 1)];

/// Whether a filter lets an event through, by the rules of Event Grid: any of the types, and each advanced filter.
fn passes(filter: &Value, event_type: &str, state: &str) -> bool {
    let is_type = words(&filter["includedEventTypes"]).iter().any(|wanted| wanted.eq_ignore_ascii_case(event_type));
    is_type
        && filter["advancedFilters"].as_array().unwrap().iter().all(|advanced| {
            assert_eq!(
                (&advanced["operatorType"], &advanced["key"]),
                (&"StringIn".into(), &"data.complianceState".into())
            );
            words(&advanced["values"]).iter().any(|wanted| wanted.eq_ignore_ascii_case(state))
        })
}

/// The published samples, of both schemas, in each state.
fn samples() -> Vec<Value> {
    let files = fs::read_dir(path("tests/fixtures/events")).unwrap().map(|entry| entry.unwrap().path());
    let samples = files.flat_map(|file| {
        let sample: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let sample = if sample.is_array() { sample[0].clone() } else { sample };
        ["NonCompliant", "Compliant", "Exempt", "Conflict"].map(|state| {
            let mut sample = sample.clone();
            sample["data"]["complianceState"] = json!(state);
            sample
        })
    });
    let samples: Vec<_> = samples.collect();
    assert!(samples.len() >= 40, "{}", samples.len());
    samples
}

#[test]
pub(crate) fn what_the_worker_queues_is_sent_once_and_nothing_else() {
    for (name, topics) in LISTENERS {
        let listeners = of_type(name, SUBSCRIPTIONS);
        assert_eq!(listeners.len(), 3 * topics, "{name}");
        for sample in samples() {
            let Parsed::Policy(event) = read(&sample).unwrap() else { panic!("{sample}") };
            let event_type = sample["eventType"].as_str().or(sample["type"].as_str()).unwrap();
            let state = sample["data"]["complianceState"].as_str().unwrap();
            let sent = listeners.iter().filter(|l| passes(&l["properties"]["filter"], event_type, state)).count();
            let is_wanted = match event.relevance() {
                Relevance::NonCompliant | Relevance::Compliant | Relevance::Deleted => true,
                Relevance::Ignored(_) => false,
            };
            assert_eq!(sent, if is_wanted { topics } else { 0 }, "{name}: {event_type} {state}");
        }
    }
}

#[test]
pub(crate) fn events_go_to_the_queue_with_the_identity_of_the_topic() {
    for name in ["default", "all-options", "private-network", "management-group"] {
        for listener in of_type(name, SUBSCRIPTIONS) {
            let of = &listener["properties"];
            let delivery = &of["deliveryWithResourceIdentity"];
            // Where Service Bus is closed to the public, a user-assigned identity is refused.
            assert_eq!(delivery["identity"]["type"], "SystemAssigned", "{name}");
            assert_eq!(delivery["destination"]["endpointType"], "ServiceBusQueue", "{name}");
            let queue = delivery["destination"]["properties"]["resourceId"].as_str().unwrap();
            assert!(queue.trim_end_matches([')', ']', '\'']).ends_with("policy-events"), "{name}: {queue}");
            assert_eq!(of["destination"], Value::Null, "{name}");
            let kept = &of["deadLetterWithResourceIdentity"];
            assert_eq!(kept["identity"]["type"], "SystemAssigned", "{name}");
            assert_eq!(
                kept["deadLetterDestination"]["properties"]["blobContainerName"], "events-dead-letter",
                "{name}"
            );
            assert_eq!(
                of["retryPolicy"],
                json!({ "eventTimeToLiveInMinutes": 1440, "maxDeliveryAttempts": 30 }),
                "{name}"
            );
        }
        for topic in of_type(name, "Microsoft.EventGrid/systemTopics") {
            assert_eq!(topic["identity"]["type"], "SystemAssigned", "{name}");
            assert_eq!(topic["properties"]["topicType"], "Microsoft.PolicyInsights.PolicyStates", "{name}");
        }
    }
}

#[test]
pub(crate) fn delivery_to_the_function_waits_for_the_code_and_its_hook() {
    assert!(!resources("to-function").iter().any(|resource| resource["type"] == SUBSCRIPTIONS));
    of_type("to-function", "Microsoft.EventGrid/systemTopics");
    let folders: Vec<_> = fs::read_dir(path("functions")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(folders.iter().any(|folder| folder == "receive-event"), "the function that the hook names");
}

#[test]
pub(crate) fn a_topic_stands_in_the_subscription_of_its_source() {
    let topics = of_type("all-options", "Microsoft.EventGrid/systemTopics");
    assert_eq!(topics.len(), 2, "the third source has a topic already");
    for topic in topics {
        let id = topic["id"].as_str().unwrap();
        let source = topic["properties"]["source"].as_str().unwrap();
        assert!(id.starts_with(&format!("{source}/resourceGroups/")), "{id} {source}");
    }
    let of_existing = of_type("all-options", SUBSCRIPTIONS);
    let names = of_existing.iter().map(|listener| listener["name"].as_str().unwrap());
    let names: Vec<_> = names.filter(|name| name.starts_with("policy/")).map(|name| last(name).to_owned()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}
