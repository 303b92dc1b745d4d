//! The REST protocol for receivers, of queues and of their dead-letter queues: one message a call, gone at once or under a lock
//! that is deleted, given back or renewed at the address that came with it. Source: Microsoft documentation, "Peek-Lock Message
//! (Non-Destructive Read)", "Receive and Delete Message (Destructive Read)", "Delete Message", "Unlock Message", "Renew Lock for
//! a Message".

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, macros::format_description};
use uuid::Uuid;

use super::{Broker, Delivery, Entity, LockLost};
use crate::{refusal, tls::Response};

/// How long a receive waits when it does not say so.
const DEFAULT_TIMEOUT: u64 = 60;

/// Hands out a message under a lock. `place` is the entity's path as it was asked for: the lock is settled below it.
pub(super) async fn peek_lock(
    broker: &Broker,
    entity: &Entity,
    place: &str,
    query: &str,
    headers: &HeaderMap,
) -> Response {
    let delivery = match next(broker, entity, query).await {
        Ok(delivery) => delivery,
        Err(none) => return *none,
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let location = format!("https://{host}/{place}/messages/{}/{}", delivery.sequence_number, delivery.lock_token);
    let mut told = described(&delivery, true);
    if let Ok(location) = HeaderValue::try_from(location) {
        told.insert(header::LOCATION, location);
    }
    answer(201, told, delivery.message.bytes().to_vec())
}

/// Hands out a message and deletes it: without a lock, and gone whatever becomes of the answer.
pub(super) async fn receive_and_delete(broker: &Broker, entity: &Entity, query: &str) -> Response {
    loop {
        let delivery = match next(broker, entity, query).await {
            Ok(delivery) => delivery,
            Err(none) => return *none,
        };
        // A lock of this moment is lost only when the queue was deleted or emptied; then there is nothing to hand out.
        if broker.complete(entity, delivery.lock_token).is_ok() {
            return answer(200, described(&delivery, false), delivery.message.bytes().to_vec());
        }
    }
}

/// Settles the message of a lock.
pub(super) fn settle(lock: &str, settle: impl FnOnce(Uuid) -> Result<(), LockLost>) -> Response {
    match settle(lock.parse().unwrap_or_default()) {
        Ok(()) => answer(200, HeaderMap::new(), Vec::new()),
        Err(lost) => refusal::service_bus(404, &lost.to_string()),
    }
}

/// The next message within the time that the query allows, or the answer that there is none.
async fn next(broker: &Broker, entity: &Entity, query: &str) -> Result<Delivery, Box<Response>> {
    let mut options = url::form_urlencoded::parse(query.as_bytes());
    let seconds = match options.find(|(name, _)| name.eq_ignore_ascii_case("timeout")) {
        None => DEFAULT_TIMEOUT,
        Some((_, text)) => text.parse().map_err(|_| {
            // Unverified: the words.
            Box::new(refusal::service_bus(400, &format!("The timeout '{text}' is not a valid number of seconds.")))
        })?,
    };
    let received = tokio::time::timeout(Duration::from_secs(seconds), broker.wait_and_receive(entity, 1)).await;
    let delivery = received.ok().and_then(|deliveries| deliveries.into_iter().next());
    delivery.ok_or_else(|| Box::new(answer(204, HeaderMap::new(), Vec::new())))
}

/// The headers of a message: what the broker says of it, and the user's properties, texts in quotes.
fn described(delivery: &Delivery, is_locked: bool) -> HeaderMap {
    let message = &delivery.message;
    let texts = [
        ("MessageId", &message.message_id),
        ("SessionId", &message.session_id),
        ("PartitionKey", &message.partition_key),
        ("CorrelationId", &message.correlation_id),
        ("Label", &message.subject),
        ("ReplyTo", &message.reply_to),
        ("To", &message.to),
    ];
    let mut properties: Map<String, Value> =
        texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?)))).collect();
    let mut tell = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    tell("DeliveryCount", json!(delivery.delivery_count));
    tell("SequenceNumber", json!(delivery.sequence_number));
    if is_locked {
        tell("LockToken", json!(delivery.lock_token.to_string()));
        tell("LockedUntilUtc", json!(rfc_1123(delivery.locked_until)));
    }
    tell("EnqueuedTimeUtc", json!(rfc_1123(delivery.enqueued)));
    tell("State", json!("Active"));
    let user = message.application_properties.iter().map(|(name, value)| (name.as_str(), value.to_string()));
    let own = [("BrokerProperties", Value::Object(properties).to_string())];
    let content_type = message.content_type.clone().map(|kind| ("Content-Type", kind));
    let all = user.chain(own).chain(content_type);
    // A property whose name or value makes no header is not shown.
    all.filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)))
        .collect()
}

fn rfc_1123(time: OffsetDateTime) -> String {
    let form =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    time.format(&form).unwrap_or_default()
}

fn answer(status: u16, headers: HeaderMap, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = crate::refusal::status(status);
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
#[path = "rest_receive_tests.rs"]
mod tests;
