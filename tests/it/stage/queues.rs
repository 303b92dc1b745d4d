//! Messages that a test puts on the queues itself: in the worker's documented form, written out here by hand, so that a
//! change of the form shows.

use serde_json::{Value, json};
use simulator::estate::{ComplianceRecord, instant_text};
use simulator::service_bus::{Batches, Message};
use time::OffsetDateTime;

use super::Stage;

/// The message that says that a record's resource does not comply, as seen at a time.
pub(crate) fn observation(record: &ComplianceRecord, at: OffsetDateTime) -> Value {
    let mut body = json!({
        "version": 1,
        "seen": "nonCompliant",
        "resourceId": record.key.resource.as_str(),
        "policyAssignmentId": record.key.assignment.as_str(),
        "observedAt": instant_text(at),
        "origin": "event",
    });
    if let Some(reference) = &record.key.reference {
        body["policyDefinitionReferenceId"] = json!(reference);
    }
    body
}

impl Stage {
    /// Puts messages on a queue, some hundred at a time as its limit of bytes wants it.
    pub(crate) fn enqueue(&self, queue: &str, bodies: impl IntoIterator<Item = String>) {
        let messages: Vec<Message> = bodies.into_iter().map(Message::text).collect();
        for some in messages.chunks(250) {
            self.azure.broker().send(queue, some.to_vec()).unwrap().unwrap();
        }
    }

    /// The same, and the host gets what lies there as one batch, which is rare.
    pub(crate) fn enqueue_as_one_batch(&self, queue: &str, bodies: impl IntoIterator<Item = String>) {
        self.azure.broker().hand_out(Batches::Full);
        self.enqueue(queue, bodies);
    }
}
