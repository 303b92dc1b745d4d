//! The REST protocol in front of a broker: which call is meant by a method and a path. What is done for it stands in
//! `rest_send` and `rest_receive`. Source: Microsoft documentation, Service Bus REST reference.

use axum::{Router, extract::State, http::Method};
use percent_encoding::percent_decode_str;

use super::{Broker, Entity, UnknownEntity, rest_receive, rest_send};
use crate::{refusal, tls::Response};

/// The protocol in front of a broker. The front has bounded the body already.
pub fn router(broker: Broker) -> Router {
    Router::new().fallback(answer).layer(axum::extract::DefaultBodyLimit::disable()).with_state(broker)
}

async fn answer(State(broker): State<Broker>, request: axum::extract::Request) -> Response {
    let (head, body) = request.into_parts();
    let path = percent_decode_str(head.uri.path().trim_matches('/')).decode_utf8_lossy().into_owned();
    let segments: Vec<&str> = path.split('/').collect();
    let is_messages = |at: usize| segments.get(at).is_some_and(|part| part.eq_ignore_ascii_case("messages"));
    let Some(at) = (1..=2).find(|at| is_messages(*at)) else { return nothing_here(&path) };
    let (place, rest) = (segments[..at].join("/"), &segments[at + 1..]);
    let entity = match found(&broker, &place) {
        Ok(entity) => entity,
        Err(unknown) => return refusal::service_bus(410, &unknown.to_string()),
    };
    let query = head.uri.query().unwrap_or_default();
    match (head.method, rest) {
        (Method::POST, []) if !entity.is_dead_letter() => {
            let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
                return refusal::service_bus(400, "The request body could not be read.");
            };
            rest_send::send(&broker, entity.queue_name(), &head.headers, &body)
        }
        (Method::POST, [last]) if last.eq_ignore_ascii_case("head") => {
            rest_receive::peek_lock(&broker, &entity, &place, query, &head.headers).await
        }
        (Method::DELETE, [last]) if last.eq_ignore_ascii_case("head") => {
            rest_receive::receive_and_delete(&broker, &entity, query).await
        }
        (Method::DELETE, [_, lock]) => rest_receive::settle(lock, |token| broker.complete(&entity, token)),
        (Method::PUT, [_, lock]) => rest_receive::settle(lock, |token| broker.abandon(&entity, token)),
        (Method::POST, [_, lock]) => rest_receive::settle(lock, |token| broker.renew(&entity, token)),
        // Unverified: the words; the status is certain.
        (method, [] | [_] | [_, _]) => {
            refusal::service_bus(405, &format!("The specified HTTP verb ({method}) is not valid."))
        }
        (_, _) => nothing_here(&path),
    }
}

/// The entity of a path, if there is one.
fn found(broker: &Broker, path: &str) -> Result<Entity, UnknownEntity> {
    let entity: Entity = path.parse()?;
    broker.rules(entity.queue_name()).map(|_| entity).ok_or_else(|| UnknownEntity(path.to_owned()))
}

fn nothing_here(path: &str) -> Response {
    let entity = path.parse::<Entity>().map_or_else(|_| path.to_owned(), |entity| entity.to_string());
    refusal::service_bus(404, &UnknownEntity(entity).to_string())
}
