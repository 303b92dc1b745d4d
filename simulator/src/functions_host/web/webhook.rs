//! The webhook of Event Grid triggers. Whatever is wrong with a body is the host's own failure to it: 500 without a word, which
//! Event Grid delivers again.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderName, StatusCode},
    response::IntoResponse,
};
use bytes::Bytes;
use futures::future::join_all;
use time::OffsetDateTime;

use super::{
    super::{
        invocation::{event_grid_many, event_grid_one},
        newtonsoft::{Json, Members, read},
        outcome::{Answer, InvocationFailed},
        package::{Function, Trigger},
        shared::Shared,
    },
    empty, has_key, text, unauthorized,
};
use crate::tls::Response;

const KIND: &str = "aeg-event-type";

pub(super) async fn event_grid(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !has_key(&shared, &query, &headers) {
        return unauthorized();
    }
    let (function, many) = match found(&shared, &query) {
        Ok(found) => found,
        Err(words) => return text(StatusCode::NOT_FOUND, words),
    };
    let kind = headers.get(KIND).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let events = || events(&String::from_utf8_lossy(&body));
    if kind.eq_ignore_ascii_case("Unsubscribe") {
        return empty(StatusCode::ACCEPTED);
    }
    if kind.eq_ignore_ascii_case("SubscriptionValidation") {
        let answer = events().and_then(|events| validation(events.first()?));
        // It goes out as plain text; recorded.
        return answer.map_or_else(|| empty(StatusCode::INTERNAL_SERVER_ERROR), |words| text(StatusCode::OK, words));
    }
    if !kind.eq_ignore_ascii_case("Notification") {
        return empty(StatusCode::BAD_REQUEST);
    }
    match events() {
        None => empty(StatusCode::INTERNAL_SERVER_ERROR),
        Some(events) => deliver(&shared, function, many, events).await,
    }
}

/// The handshake of CloudEvents: whoever asks may deliver.
pub(super) async fn handshake(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if !has_key(&shared, &query, &headers) {
        return unauthorized();
    }
    if let Err(words) = found(&shared, &query) {
        return text(StatusCode::NOT_FOUND, words);
    }
    let allowed = headers.get("webhook-request-origin").cloned();
    let allowed = allowed.map(|origin| (HeaderName::from_static("webhook-allowed-origin"), origin));
    (StatusCode::OK, allowed.into_iter().collect::<HeaderMap>()).into_response()
}

/// The function that is asked for, its name with its case, and whether it takes many events; or the words that there is none.
fn found<'a>(shared: &'a Shared, query: &HashMap<String, String>) -> Result<(&'a Function, bool), String> {
    let name =
        query.iter().find(|(name, _)| name.eq_ignore_ascii_case("functionName")).map(|(_, value)| value.as_str());
    let function = name.and_then(|name| shared.function(name));
    match function.map(|function| (function, &function.trigger)) {
        Some((function, Trigger::EventGrid { many })) => Ok((function, *many)),
        Some((_, Trigger::ServiceBus { .. } | Trigger::Timer { .. } | Trigger::Http { .. })) | None => {
            Err(format!("cannot find function: '{}'", name.unwrap_or_default()))
        }
    }
}

/// The events of a body: an object, or a list of them; none where it is anything else.
fn events(body: &str) -> Option<Vec<Members>> {
    let object = |value| match value {
        Json::Object(event) => Some(event),
        Json::Null
        | Json::Bool(_)
        | Json::Whole(_)
        | Json::Float(_)
        | Json::Text(_)
        | Json::Date(_)
        | Json::List(_) => None,
    };
    match read(body).ok()? {
        Json::List(events) => events.into_iter().map(object).collect(),
        event => object(event).map(|event| vec![event]),
    }
}

/// The answer to a validation. In the Event Grid schema `data` is an object; as text it is that object once more.
fn validation(event: &Members) -> Option<String> {
    let data = match event.get("data")? {
        Json::Text(text) => read(text).ok()?,
        data => data.clone(),
    };
    let Json::Object(data) = data else { return None };
    let code = data.get_key("validationCode").cloned().unwrap_or(Json::Null);
    Some(Json::object([("validationResponse", code)]).to_string())
}

/// All at once; one that fails fails the whole delivery.
async fn deliver(shared: &Shared, function: &Function, many: bool, events: Vec<Members>) -> Response {
    if events.is_empty() {
        return empty(StatusCode::ACCEPTED);
    }
    let Some(instance) = shared.next_open(function) else { return empty(StatusCode::SERVICE_UNAVAILABLE) };
    let now = OffsetDateTime::now_utc();
    let bodies = match many {
        true => vec![event_grid_many(function, events, now)],
        false => events.into_iter().map(|event| event_grid_one(function, event, now)).collect(),
    };
    let invocations = bodies.into_iter().map(|body| instance.invoke(&function.name, body));
    let results: Vec<Result<Answer, InvocationFailed>> = join_all(invocations).await;
    match results.into_iter().find_map(Result::err) {
        None => empty(StatusCode::ACCEPTED),
        Some(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.told_of(&function.name)),
    }
}
