//! The REST protocol; that of receivers is in `rest_receive`, this is that of senders: `POST /{queue}/messages`, a batch or a single message. Thin: it reads headers and body,
//! asks the broker, and answers in the service's words. Source: Microsoft documentation, Service Bus REST reference.

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header},
    routing::post,
};
use bytes::Bytes;
use serde_json::Value;

use super::{Broker, Entity, Message, MessageError, SendRefused};
use crate::{refusal, tls::Response};

const BATCH: &str = "application/vnd.microsoft.servicebus.json";

/// What the HTTP gateway reads at all; more is refused before the broker sees it.
const LARGEST_PAYLOAD: usize = 1 << 20;

/// The protocol in front of a broker.
pub fn router(broker: Broker) -> Router {
    Router::new()
        .route("/{queue}/messages", post(send))
        .merge(super::rest_receive::routes())
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::disable())
        .with_state(broker)
}

async fn send(State(broker): State<Broker>, Path(queue): Path<String>, headers: HeaderMap, payload: Bytes) -> Response {
    if payload.len() > LARGEST_PAYLOAD {
        return refusal::service_bus(413, "The request body is too large.");
    }
    let Some(rules) = broker.rules(&queue) else {
        return refusal::service_bus(410, &super::UnknownEntity(queue).to_string());
    };
    let content_type = text(&headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let is_batch = content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(BATCH));
    let messages = if is_batch { Message::batch(&payload) } else { single(&headers, &payload).map(|one| vec![one]) };
    let messages = match messages {
        Ok(messages) => messages,
        Err(error) => return refusal::service_bus(400, &error.to_string()),
    };
    // The limit holds for the batch as it travels too, not only for what is stored of it.
    if payload.len() > rules.max_message_bytes {
        let limit = rules.max_message_bytes;
        return refusal::service_bus(403, &SendRefused::TooLarge { queue, bytes: payload.len(), limit }.to_string());
    }
    match broker.send(&queue, messages) {
        Ok(Ok(())) => created(content_type),
        Ok(Err(refused)) => refusal::service_bus(403, &refused.to_string()),
        Err(unknown) => refusal::service_bus(410, &unknown.to_string()),
    }
}

/// A single message: broker properties as JSON in a header, the user's properties as headers of their own.
fn single(headers: &HeaderMap, payload: &[u8]) -> Result<Message, MessageError> {
    let body = std::str::from_utf8(payload).map_err(|error| MessageError::Batch(error.to_string()))?;
    let mut message = Message::text(body);
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

async fn nothing_here(request: axum::extract::Request) -> Response {
    let path = request.uri().path().trim_matches('/');
    let entity = path.parse::<Entity>().map_or_else(|_| path.to_owned(), |entity| entity.to_string());
    refusal::service_bus(404, &super::UnknownEntity(entity).to_string())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service_bus::QueueRules;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn post_to(broker: &Broker, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> (u16, String) {
        let mut request = Request::post(path).header("authorization", "Bearer x").header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = router(broker.clone()).oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn every_documented_answer_is_given() {
        let broker = Broker::with_worker_queues();
        broker.create("small", QueueRules { max_bytes: 4, ..QueueRules::standard(10) });
        let batch = [("content-type", "application/vnd.microsoft.servicebus.json; charset=utf-8")];
        let big = |bytes: usize| format!(r#"[{{"Body":"{}"}}]"#, "x".repeat(bytes));
        let cases = [
            ("/wake-ups/messages?timeout=60", r#"[{"Body":"a"},{"Body":"b"}]"#.to_owned(), 201, ""),
            ("/Wake-Ups/messages", "[]".to_owned(), 201, ""),
            ("/wake-ups/messages", "{".to_owned(), 400, "<Code>400</Code>"),
            ("/wake-ups/messages", r#"[{"Body":"a"},{"Body":1}]"#.to_owned(), 400, "Body is not a string"),
            ("/wake-ups/messages", big(262_144), 403, "exceeds the limit"),
            ("/small/messages", big(5), 403, "maximum entity size"),
            ("/wake-ups/messages", big(1 << 20), 413, "too large"),
            ("/nowhere/messages", "[]".to_owned(), 410, "'nowhere' could not be found"),
            ("/wake-ups", "[]".to_owned(), 404, "'wake-ups' could not be found"),
        ];
        for (path, body, status, words) in cases {
            let answer = post_to(&broker, path, &batch, body).await;
            assert_eq!(answer.0, status, "{path}: {}", answer.1);
            assert!(answer.1.contains(words), "{path}: {}", answer.1);
        }
        assert_eq!(broker.counts("wake-ups").active, 2, "refused batches left nothing behind");
    }

    #[tokio::test]
    async fn a_single_message_carries_its_properties_in_headers() {
        let broker = Broker::with_worker_queues();
        let headers = [
            ("content-type", "application/json"),
            (
                "BrokerProperties",
                r#"{"MessageId":"m","Label":"L","ScheduledEnqueueTimeUtc":"Sat, 21 Nov 2099 07:00:00 GMT"}"#,
            ),
            ("Priority", "\"High\""),
            ("Customer", "12"),
        ];
        assert_eq!(post_to(&broker, "/batch-runs/messages", &headers, "{}").await.0, 201);
        let peeked = broker.peek(&Entity::queue("batch-runs"));
        let message = &peeked[0].message;
        assert_eq!(
            (message.message_id.as_deref(), message.content_type.as_deref()),
            (Some("m"), Some("application/json"))
        );
        assert_eq!(
            serde_json::to_string(&message.application_properties).unwrap(),
            r#"{"priority":"High","customer":12}"#
        );
        assert_eq!(broker.counts("batch-runs").scheduled, 1);
        let wrong = [("BrokerProperties", "MessageId=m")];
        assert_eq!(post_to(&broker, "/batch-runs/messages", &wrong, "{}").await.0, 400);
        assert_eq!(post_to(&broker, "/batch-runs/messages", &[], vec![0xff]).await.0, 400);
    }
}
