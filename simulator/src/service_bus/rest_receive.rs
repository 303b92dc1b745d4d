//! The REST protocol for receivers, of queues and of their dead-letter queues: one message a call, under a lock that is deleted,
//! given back or renewed at the address that came with it. Source: Microsoft documentation, "Peek-Lock Message (Non-Destructive
//! Read)", "Delete Message", "Unlock Message", "Renew Lock for a Message".

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, macros::format_description};
use uuid::Uuid;

use super::{Broker, Delivery, Entity, LockLost, UnknownEntity};
use crate::{refusal, tls::Response};

/// How long a receive waits when it does not say so.
const DEFAULT_TIMEOUT: u64 = 60;

/// The routes.
pub(super) fn routes() -> Router<Broker> {
    let settle = || post(renew).put(unlock).delete(complete);
    Router::new()
        .route("/{queue}/messages/head", post(receive))
        .route("/{queue}/{part}/messages/head", post(receive))
        .route("/{queue}/messages/{number}/{lock}", settle())
        .route("/{queue}/{part}/messages/{number}/{lock}", settle())
}

/// What stands in the path.
#[derive(Deserialize)]
struct Place {
    queue: String,
    part: Option<String>,
    lock: Option<String>,
}

#[derive(Deserialize)]
struct Wait {
    timeout: Option<u64>,
}

impl Place {
    fn path(&self) -> String {
        self.part.iter().fold(self.queue.clone(), |path, part| format!("{path}/{part}"))
    }

    /// The entity, if there is one.
    fn entity(&self, broker: &Broker) -> Result<Entity, UnknownEntity> {
        let entity: Entity = self.path().parse()?;
        broker.rules(entity.queue_name()).map(|_| entity).ok_or_else(|| UnknownEntity(self.path()))
    }
}

async fn receive(
    State(broker): State<Broker>,
    Path(place): Path<Place>,
    Query(wait): Query<Wait>,
    headers: HeaderMap,
) -> Response {
    let entity = match place.entity(&broker) {
        Ok(entity) => entity,
        Err(unknown) => return refusal::service_bus(410, &unknown.to_string()),
    };
    let limit = Duration::from_secs(wait.timeout.unwrap_or(DEFAULT_TIMEOUT));
    let received = tokio::time::timeout(limit, broker.wait_and_receive(&entity, 1)).await;
    let Some(delivery) = received.ok().and_then(|deliveries| deliveries.into_iter().next()) else {
        return answer(204, HeaderMap::new(), Vec::new());
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let location =
        format!("https://{host}/{}/messages/{}/{}", place.path(), delivery.sequence_number, delivery.lock_token);
    answer(201, described(&delivery, &location), delivery.message.bytes().to_vec())
}

async fn complete(broker: State<Broker>, place: Path<Place>) -> Response {
    settle(broker, place, Broker::complete)
}

async fn unlock(broker: State<Broker>, place: Path<Place>) -> Response {
    settle(broker, place, Broker::abandon)
}

async fn renew(broker: State<Broker>, place: Path<Place>) -> Response {
    settle(broker, place, Broker::renew)
}

fn settle(
    State(broker): State<Broker>,
    Path(place): Path<Place>,
    settle: impl FnOnce(&Broker, &Entity, Uuid) -> Result<(), LockLost>,
) -> Response {
    let entity = match place.entity(&broker) {
        Ok(entity) => entity,
        Err(unknown) => return refusal::service_bus(410, &unknown.to_string()),
    };
    let token = place.lock.as_deref().and_then(|lock| lock.parse().ok()).unwrap_or_default();
    match settle(&broker, &entity, token) {
        Ok(()) => answer(200, HeaderMap::new(), Vec::new()),
        Err(lost) => refusal::service_bus(404, &lost.to_string()),
    }
}

/// The headers of a message: where its lock is settled, what the broker says of it, and the user's properties, texts in quotes.
fn described(delivery: &Delivery, location: &str) -> HeaderMap {
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
    properties.extend(
        [
            ("DeliveryCount", json!(delivery.delivery_count)),
            ("SequenceNumber", json!(delivery.sequence_number)),
            ("LockToken", json!(delivery.lock_token.to_string())),
            ("LockedUntilUtc", json!(rfc_1123(delivery.locked_until))),
            ("EnqueuedTimeUtc", json!(rfc_1123(delivery.enqueued))),
            ("State", json!("Active")),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let user = message.application_properties.iter().map(|(name, value)| (name.as_str(), value.to_string()));
    let own = [("Location", location.to_owned()), ("BrokerProperties", Value::Object(properties).to_string())];
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
