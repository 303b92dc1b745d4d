//! Event Grid as a sender: a system topic delivers to a queue with its own identity, an event a message. The id of a message is a
//! number of Event Grid's own that stays the same when it tries again, and is not the event's.
//! Source: Microsoft documentation, "Service Bus queue or topic as an event handler for Azure Event Grid events".

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Broker, Message, SendRefused, UnknownEntity};

/// How many messages are handed over at once, and how many bytes of them: a queue takes no larger batch than the largest message.
const AT_ONCE: usize = 100;
const BYTES_AT_ONCE: usize = 128 * 1024;

/// Delivers events to a queue.
///
/// # Errors
/// [`UnknownEntity`], or the refusal of the queue; earlier events are delivered.
pub fn deliver(broker: &Broker, queue: &str, events: &[Value]) -> Result<Result<(), SendRefused>, UnknownEntity> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let mut messages = events.iter().map(message).peekable();
    while let Some(message) = messages.next() {
        bytes += message.size();
        batch.push(message);
        let is_full = batch.len() == AT_ONCE || messages.peek().is_some_and(|next| bytes + next.size() > BYTES_AT_ONCE);
        if is_full || messages.peek().is_none() {
            if let Err(refused) = broker.send(queue, std::mem::take(&mut batch))? {
                return Ok(Err(refused));
            }
            bytes = 0;
        }
    }
    Ok(Ok(()))
}

fn message(event: &Value) -> Message {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut properties = Map::new();
    properties.insert("aeg-event-type".to_owned(), json!("Notification"));
    properties.insert("aeg-subscription-name".to_owned(), json!("POLICY-EVENTS"));
    properties.insert("aeg-delivery-count".to_owned(), json!("0"));
    properties.insert("aeg-data-version".to_owned(), json!(text("dataVersion")));
    properties.insert("aeg-metadata-version".to_owned(), json!(text("metadataVersion")));
    Message {
        message_id: Some(Uuid::new_v4().to_string()),
        application_properties: properties,
        ..Message::text(event.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service_bus::Entity;

    #[test]
    fn events_that_are_too_large_together_are_delivered_one_after_the_other() {
        let broker = Broker::with_worker_queues();
        let event = json!({"id": "1", "data": {"words": "x".repeat(100_000)}});
        deliver(&broker, "policy-events", &vec![event; 7]).unwrap().unwrap();
        assert_eq!(broker.counts("policy-events").active, 7);
    }

    #[test]
    fn an_event_is_a_message_and_the_same_event_is_two() {
        let broker = Broker::with_worker_queues();
        let event = json!({"id": "1", "dataVersion": "1", "data": {}});
        deliver(&broker, "policy-events", &[event.clone(), event.clone()]).unwrap().unwrap();
        let got = broker.receive(&Entity::queue("policy-events"), 10).unwrap();
        assert_eq!(got.len(), 2, "Event Grid's own duplicates have ids of their own");
        assert_eq!(got[0].message.body, event.to_string());
        assert_eq!(got[0].message.application_properties["aeg-event-type"], "Notification");
        assert!(deliver(&broker, "nowhere", &[event]).is_err());
    }
}
