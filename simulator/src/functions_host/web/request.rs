//! Requests to functions with HTTP triggers, handed to the worker as an invocation, or forwarded as they are.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Body,
    extract::{Query, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
};
use bytes::Bytes;
use time::OffsetDateTime;

use super::{
    super::{
        call::Forwarded,
        instance::Instance,
        invocation::{HttpRequest, http},
        package::{Function, Trigger},
        shared::Shared,
        wire,
    },
    empty, has_key, headers, output, route,
};
use crate::tls::Response;

pub(super) async fn http_function(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_owned();
    let found = shared.package.functions.iter().find_map(|function| match &function.trigger {
        Trigger::Http { route, methods, response, only_http, needs_key } => {
            let parameters = route::matched(&shared.package.route_prefix, route, &path)?;
            let method = request.method().as_str();
            let allowed = methods.is_empty() || methods.iter().any(|known| known.eq_ignore_ascii_case(method));
            allowed.then_some((function, parameters, response.as_deref(), *only_http, *needs_key))
        }
        Trigger::EventGrid { .. } | Trigger::ServiceBus { .. } | Trigger::Timer { .. } => None,
    });
    // A method that no function lists is not found, either.
    let Some((function, parameters, response, only_http, needs_key)) = found else {
        return empty(StatusCode::NOT_FOUND);
    };
    if needs_key && !has_key(&shared, &query, request.headers()) {
        return empty(StatusCode::UNAUTHORIZED);
    }
    let Some(instance) = shared.next_open(function) else { return empty(StatusCode::SERVICE_UNAVAILABLE) };
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else { return empty(StatusCode::BAD_REQUEST) };
    if shared.package.forwards_http && only_http {
        return forward(&instance, &head, &body).await;
    }
    let has_key = needs_key && shared.key.is_some();
    let request = HttpRequest { parameters, has_key, ..unforwarded(&head, &body) };
    invoke(&instance, function, request, response).await
}

async fn invoke(instance: &Instance, function: &Function, request: HttpRequest, response: Option<&str>) -> Response {
    match instance.invoke(&function.name, http(function, request, OffsetDateTime::now_utc())).await {
        Ok(answer) => output::answered(answer, response),
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// A body that the client sent in chunks is not read; recorded.
fn unforwarded(head: &Parts, body: &Bytes) -> HttpRequest {
    let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let is_read = !body.is_empty() && !is_chunked(head);
    HttpRequest {
        url: format!("http://{host}{}", head.uri),
        method: head.method.to_string(),
        query: query.into_owned().collect(),
        headers: headers::as_the_server_has_them(&head.headers),
        body: is_read.then(|| body.to_vec()),
        ..HttpRequest::default()
    }
}

fn is_chunked(head: &Parts) -> bool {
    head.headers.contains_key(header::TRANSFER_ENCODING)
}

/// The values of one name go on as one, and the body only with its length: one in chunks fails.
async fn forward(instance: &Instance, head: &Parts, body: &Bytes) -> Response {
    if is_chunked(head) {
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let mut headers = headers::as_the_server_has_them(&head.headers);
    let content_type = headers.iter().find(|(name, _)| name == "Content-Type").map(|(_, value)| value.clone());
    headers.retain(|(name, _)| !name.starts_with("Content-"));
    let body = match head.headers.contains_key(header::CONTENT_LENGTH) {
        false => wire::Body::None,
        true => wire::Body::Handed { bytes: body.to_vec(), content_type: content_type.filter(|_| !body.is_empty()) },
    };
    let query = head.uri.query().map(|query| format!("?{}", joined(query))).unwrap_or_default();
    let target = format!("{}{query}", head.uri.path());
    let request = Forwarded { method: head.method.to_string(), target, headers, body };
    let Ok(answer) = instance.forward(request).await else { return empty(StatusCode::INTERNAL_SERVER_ERROR) };
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = crate::refusal::status(answer.status);
    for (name, value) in answer.headers {
        let own = ["transfer-encoding", "connection", "content-length"];
        if own.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A query, still encoded, in which a name comes once.
fn joined(query: &str) -> String {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let pairs: Vec<(String, String)> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let joined = super::super::invocation::joined(&pairs);
    joined.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}
