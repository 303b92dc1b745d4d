//! The host's post of a batch of a queue. Its form is that of `tests/fixtures`: `Data` is a text that holds the list of texts, and
//! each array of the metadata is a text too.

use serde_json::{Map, Value, json};

/// A post of these messages, for the binding of this name.
pub(crate) fn post(binding: &str, bodies: &[String]) -> Vec<u8> {
    let mut metadata = Map::new();
    let mut array = |name: &str, of: &dyn Fn(usize) -> Value| {
        let list: Vec<Value> = (0..bodies.len()).map(of).collect();
        metadata.insert(format!("{name}Array"), Value::String(Value::Array(list).to_string()));
    };
    array("DeliveryCount", &|_| json!(1));
    array("MessageId", &|n| json!(format!("{n:064x}")));
    array("LockToken", &|n| json!(format!("00000000-0000-4000-8000-{n:012}")));
    array("SequenceNumber", &|n| json!(n));
    array("ExpiresAtUtc", &|_| json!("2026-12-05T07:00:00.123Z"));
    array("EnqueuedTimeUtc", &|_| json!("2026-11-21T07:00:00.123Z"));
    array("ContentType", &|_| json!("application/json"));
    for name in ["ApplicationProperties", "UserProperties"] {
        array(name, &|_| json!({}));
    }
    for name in ["CorrelationId", "Label", "PartitionKey", "ReplyTo", "SessionId", "Subject", "To"] {
        array(name, &|_| Value::Null);
    }
    metadata.insert("sys".to_owned(), json!({"MethodName": "collect", "UtcNow": "2026-11-21T07:00:00.1234567Z"}));
    json!({"Data": {binding: json!(bodies).to_string()}, "Metadata": metadata}).to_string().into_bytes()
}
