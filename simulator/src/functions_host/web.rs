//! The host's own HTTP endpoint: the Event Grid webhook, the functions with HTTP triggers, and firing a timer by hand. Keys
//! are not asked for, as under the Core Tools. Source: HttpRequestProcessor of the Event Grid extension; HOST controllers.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::IntoResponse,
    routing::{get, post},
};
use bytes::Bytes;
use futures::future::join_all;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    instance::Instance,
    invocation::{HttpRequest, event_grid_many, event_grid_one, http},
    outcome::{Answer, InvocationFailed},
    package::{Function, Trigger},
    shared::Shared,
};
use crate::tls::Response;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(async || "Your Functions host is up and running."))
        .route("/runtime/webhooks/eventgrid", post(event_grid).options(event_grid))
        .route("/admin/functions/{name}", post(fire))
        .fallback(http_function)
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

async fn event_grid(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let name =
        query.iter().find(|(name, _)| name.eq_ignore_ascii_case("functionName")).map(|(_, value)| value.as_str());
    let Some(function) = name.and_then(|name| shared.function(name)) else {
        return (StatusCode::NOT_FOUND, format!("cannot find function: '{}'", name.unwrap_or_default()))
            .into_response();
    };
    let Trigger::EventGrid { many } = function.trigger else {
        return (StatusCode::NOT_FOUND, format!("cannot find function: '{}'", function.name)).into_response();
    };
    let kind = headers.get("aeg-event-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let bad = |words: &str| (StatusCode::BAD_REQUEST, words.to_owned()).into_response();
    if kind.eq_ignore_ascii_case("Unsubscribe") {
        return StatusCode::ACCEPTED.into_response();
    }
    let is_validation = kind.eq_ignore_ascii_case("SubscriptionValidation");
    if !is_validation && !kind.eq_ignore_ascii_case("Notification") {
        return bad("the header aeg-event-type is missing or unknown");
    }
    let events = match serde_json::from_slice::<Value>(&body) {
        Ok(Value::Array(events)) => events,
        Ok(event @ Value::Object(_)) => vec![event],
        Ok(_) => return bad("the body is neither an event nor an array of events"),
        Err(error) => return bad(&format!("the body is not JSON: {error}")),
    };
    if is_validation {
        return match events.first().and_then(validation_code) {
            Some(code) => axum::Json(json!({ "validationResponse": code })).into_response(),
            None => bad("the event holds no validation code"),
        };
    }
    let Some(instance) = shared.next_open() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let now = OffsetDateTime::now_utc();
    let results: Vec<Result<Answer, InvocationFailed>> = if many {
        vec![instance.invoke(&function.name, &event_grid_many(function, events, now)).await]
    } else {
        join_all(events.into_iter().map(async |event| {
            let body = event_grid_one(function, event, now)?;
            instance.invoke(&function.name, &body).await
        }))
        .await
    };
    match results.into_iter().find_map(Result::err) {
        None => StatusCode::ACCEPTED.into_response(),
        Some(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// In the Event Grid schema `data` is an object; in a CloudEvent it is that object once more as text.
fn validation_code(event: &Value) -> Option<Value> {
    match event.get("data")? {
        Value::String(text) => serde_json::from_str::<Value>(text).ok()?.get("validationCode").cloned(),
        data => data.get("validationCode").cloned(),
    }
}

async fn fire(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let Some(function) = shared.function(&name).cloned() else { return StatusCode::NOT_FOUND.into_response() };
    if !matches!(function.trigger, Trigger::Timer { .. }) {
        return (StatusCode::BAD_REQUEST, "only timers are fired here").into_response();
    }
    // The host answers before the function has run.
    tokio::spawn(async move { shared.fire(&function).await });
    StatusCode::ACCEPTED.into_response()
}

async fn http_function(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let found = shared.package.functions.iter().find_map(|function| match &function.trigger {
        Trigger::Http { route, methods, response, only_http } => {
            let parameters = matched(&shared.package.route_prefix, route, &path)?;
            let method = request.method().as_str();
            let allowed = methods.is_empty() || methods.iter().any(|known| known.eq_ignore_ascii_case(method));
            allowed.then_some((function, parameters, response.clone(), *only_http))
        }
        Trigger::EventGrid { .. } | Trigger::ServiceBus { .. } | Trigger::Timer { .. } => None,
    });
    let Some((function, parameters, output, only_http)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let Some(instance) = shared.next_open() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    if shared.package.forwards_http && only_http {
        return match instance.forward(request).await {
            Ok(response) => response,
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        };
    }
    let request = match unforwarded(request, parameters).await {
        Ok(request) => request,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    invoke_http(&instance, function, request, output.as_deref()).await
}

async fn invoke_http(instance: &Instance, function: &Function, request: HttpRequest, output: Option<&str>) -> Response {
    let body = http(function, request, OffsetDateTime::now_utc());
    match instance.invoke(&function.name, &body).await {
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Ok(answer) => {
            let value = match output {
                Some("$return") => answer.return_value,
                Some(name) => answer.outputs.get(name).cloned().unwrap_or_default(),
                None => Value::Null,
            };
            http_output(&value)
        }
    }
}

async fn unforwarded(request: Request, parameters: Vec<(String, String)>) -> Result<HttpRequest, axum::Error> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await?;
    let host = head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let headers =
        head.headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    Ok(HttpRequest {
        url: format!("http://{host}{}", head.uri),
        method: head.method.to_string(),
        query: query.into_owned().collect(),
        headers: headers.collect(),
        parameters,
        body: (!body.is_empty()).then(|| String::from_utf8_lossy(&body).into_owned()),
    })
}

/// The answer that an `http` output stands for: `statusCode` or `status`, `headers`, `body`; other values are the body.
fn http_output(value: &Value) -> Response {
    let (status, headers, body) = match value {
        Value::Null => return StatusCode::OK.into_response(),
        Value::Object(members) => {
            let status = members.get("statusCode").or_else(|| members.get("status"));
            let status = status.and_then(|status| status.as_u64().or_else(|| status.as_str()?.parse().ok()));
            (status.unwrap_or(200), members.get("headers"), members.get("body").unwrap_or(&Value::Null))
        }
        other => (200, None, other),
    };
    let text = match body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = crate::refusal::status(u16::try_from(status).unwrap_or(500));
    for (name, value) in headers.and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The route's parameters, if the path is one of it.
fn matched(prefix: &str, route: &str, path: &str) -> Option<Vec<(String, String)>> {
    let prefix = prefix.split('/');
    let wanted: Vec<&str> = prefix.chain(route.split('/')).filter(|part| !part.is_empty()).collect();
    let found: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut parameters = Vec::new();
    let mut rest = found.iter();
    for part in wanted {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            None => rest.next().filter(|found| found.eq_ignore_ascii_case(part)).map(|_| ())?,
            Some(name) => {
                let plain = name.trim_start_matches('*').split([':', '?']).next().unwrap_or_default().to_owned();
                if name.starts_with('*') {
                    let tail: Vec<&str> = rest.by_ref().copied().collect();
                    parameters.push((plain, tail.join("/")));
                } else if let Some(value) = rest.next() {
                    parameters.push((plain, (*value).to_owned()));
                } else if !name.ends_with('?') {
                    return None;
                }
            }
        }
    }
    rest.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_match_without_case_and_give_their_parameters() {
        let cases = [
            ("api", "status", "/api/Status", Some("")),
            ("api", "status", "/api/status/x", None),
            ("", "status", "/status", Some("")),
            ("api", "runs/{id}", "/api/runs/7", Some("id=7")),
            ("api", "runs/{id:int}", "/api/runs", None),
            ("api", "runs/{id?}", "/api/runs", Some("")),
            ("api", "files/{*rest}", "/api/files/a/b", Some("rest=a/b")),
        ];
        for (prefix, route, path, expected) in cases {
            let found = matched(prefix, route, path);
            let found =
                found.map(|pairs| pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<String>());
            assert_eq!(found.as_deref(), expected, "{prefix} {route} {path}");
        }
    }

    #[test]
    fn an_http_output_becomes_an_answer() {
        let output = json!({"statusCode": "201", "headers": {"X-A": "b"}, "body": {"a": 1}});
        let response = http_output(&output);
        assert_eq!((response.status().as_u16(), &response.headers()["x-a"]), (201, &HeaderValue::from_static("b")));
        assert_eq!(http_output(&json!({"status": 70000})).status().as_u16(), 500);
    }
}
