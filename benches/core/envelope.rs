//! A full batch of `noncompliant-resources`, as the host posts it, until each message is read.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use serde_json::{Map, Value, json};

use policy_remediator::host::Envelope;
use remediation::message::{Observation, Outgoing};

use crate::sample::observation;

/// `maxMessageBatchSize` of host.json.
const MESSAGES: usize = 256;

/// What `collect` does first with each invocation: from the bytes of the host's post to the observations of its messages.
#[divan::bench]
fn parse_an_envelope_of_256_messages(bencher: Bencher<'_, '_>) {
    let body = invocation();
    bencher.counter(ItemsCount::new(MESSAGES)).counter(BytesCount::new(body.len())).bench(|| {
        let items = Envelope::read(divan::black_box(&body)).and_then(|e| e.items()).expect("an invocation");
        let observations: Vec<_> = items.iter().map(|item| Observation::read(&item.body)).collect();
        assert!(observations.len() == MESSAGES && observations.iter().all(Result::is_ok));
        observations
    });
}

/// The host's post: `Data` is a text that holds the list of texts, and each array of the metadata is a text too.
fn invocation() -> Vec<u8> {
    let messages: Vec<Outgoing> =
        (0..MESSAGES).map(|n| Outgoing::observation(&observation(n % 40, n, n as u64))).collect();
    let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
    let mut metadata = Map::new();
    let mut array = |name: &str, of: &dyn Fn(usize) -> Value| {
        let list: Vec<Value> = (0..MESSAGES).map(of).collect();
        metadata.insert(format!("{name}Array"), Value::String(Value::Array(list).to_string()));
    };
    array("DeliveryCount", &|_| json!(1));
    array("MessageId", &|n| json!(messages[n].id.as_str()));
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
    json!({"Data": {"messages": json!(bodies).to_string()}, "Metadata": metadata}).to_string().into_bytes()
}
