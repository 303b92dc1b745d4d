//! The REST protocol for senders: `POST /{queue}/messages`, a batch or a single message. Sources: Microsoft documentation,
//! "Send Message" and "Send Message Batch".

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use serde_json::Value;

use super::{Broker, Message, MessageError, SendRefused, UnknownEntity};
use crate::{refusal, tls::Response};

/// The content type of a batch, and nothing behind it: with a parameter such as a charset it is another one, and what is
/// sent is one message, whose body is the whole array.
const BATCH: &str = "application/vnd.microsoft.servicebus.json";

/// What the HTTP gateway reads at all; more is refused before the broker sees it.
const LARGEST_PAYLOAD: usize = 1 << 20;

/// Stores what the request carries.
pub(super) fn send(broker: &Broker, queue: &str, headers: &HeaderMap, payload: &[u8]) -> Response {
    if payload.len() > LARGEST_PAYLOAD {
        return refusal::service_bus(413, "The request body is too large.");
    }
    let Some(rules) = broker.rules(queue) else {
        return refusal::service_bus(410, &UnknownEntity(queue.to_owned()).to_string());
    };
    let content_type = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let is_batch = content_type.eq_ignore_ascii_case(BATCH);
    let messages = if is_batch { Message::batch(payload) } else { single(headers, payload).map(|one| vec![one]) };
    let messages = match messages {
        Ok(messages) => messages,
        Err(error) => return refusal::service_bus(400, &error.to_string()),
    };
    // The limit holds for the batch as it travels too, not only for what is stored of it.
    let (bytes, limit) = (payload.len(), rules.max_message_bytes);
    if bytes > limit {
        return refusal::service_bus(403, &SendRefused::TooLarge { queue: queue.to_owned(), bytes, limit }.to_string());
    }
    match broker.send(queue, messages) {
        Ok(Ok(())) => created(content_type),
        Ok(Err(refused)) => refusal::service_bus(403, &refused.to_string()),
        Err(unknown) => refusal::service_bus(410, &unknown.to_string()),
    }
}

/// A single message: broker properties as JSON in a header, the user's properties as headers of their own.
fn single(headers: &HeaderMap, payload: &[u8]) -> Result<Message, MessageError> {
    let mut message = Message::binary(payload.to_vec());
    message.content_type = text(headers, header::CONTENT_TYPE.as_str()).map(str::to_owned);
    if let Some(properties) = text(headers, "brokerproperties") {
        let wrong = || MessageError::Property { property: "BrokerProperties".to_owned(), value: properties.to_owned() };
        let Ok(Value::Object(properties)) = serde_json::from_str(properties) else { return Err(wrong()) };
        message.set_broker_properties(properties)?;
    }
    for name in headers.keys().filter(|name| !is_protocol_header(name.as_str())) {
        let Some(value) = text(headers, name.as_str()) else { continue };
        // Quoted text is a string; anything else that is JSON keeps its kind.
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        message.application_properties.insert(name.as_str().to_owned(), value);
    }
    Ok(message)
}

fn is_protocol_header(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "accept",
        "accept-encoding",
        "authorization",
        "brokerproperties",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "traceparent",
        "transfer-encoding",
        "user-agent",
    ];
    NAMES.contains(&name) || name.starts_with("x-ms-")
}

fn created(content_type: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(content_type) = header::HeaderValue::try_from(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
#[path = "rest_send_tests.rs"]
mod tests;
