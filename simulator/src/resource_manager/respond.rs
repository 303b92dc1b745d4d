//! An answer as HTTP, with the headers that every recorded answer carries.

use super::{quota::Headers, reply::Reply, request::Call};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Whose answer it is: their headers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    ResourceManager,
    Insights,
    InsightsError,
}

/// Puts the headers on.
pub(crate) fn respond(
    reply: Reply,
    quota: Headers,
    style: Style,
    call: &Call,
    asked: &HeaderMap,
    now: OffsetDateTime,
) -> Response {
    let (request_id, cache, content_type) = match style {
        Style::ResourceManager => (Uuid::new_v4().to_string(), "no-cache", "application/json; charset=utf-8"),
        Style::Insights => (call.correlation_id.clone(), "no-cache", "application/json; charset=utf-8"),
        Style::InsightsError => (call.correlation_id.clone(), "no-store, no-cache", "application/json"),
    };
    let routing = format!(
        "LOCAL:{:04}{:02}{:02}T{:02}{:02}{:02}Z:{}",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second(),
        Uuid::new_v4()
    );
    let mut headers = reply.headers;
    headers.extend(quota);
    headers.extend(
        [
            ("cache-control", cache),
            ("pragma", "no-cache"),
            ("expires", "-1"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("x-content-type-options", "nosniff"),
            ("x-ms-request-id", request_id.as_str()),
            ("x-ms-correlation-request-id", call.correlation_id.as_str()),
            ("x-ms-routing-request-id", routing.as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    if let Some(id) = asked.get("x-ms-client-request-id").and_then(|value| value.to_str().ok()) {
        headers.push(("x-ms-client-request-id".to_owned(), id.to_owned()));
    }
    let body = match &reply.body {
        Some(body) => {
            headers.push((header::CONTENT_TYPE.to_string(), content_type.to_owned()));
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
