//! The host's own HTTP endpoint: the Event Grid webhook, the functions with HTTP triggers, and running a timer by hand. Keys
//! are asked for only where there is one, as the Core Tools do it. Source: recordings of a real host (`simulator/recordings`).

mod headers;
mod output;
mod request;
mod route;
mod webhook;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::IntoResponse,
    routing::{get, post},
};
use bytes::Bytes;

use super::{
    package::Trigger,
    shared::{Cause, Shared},
};
use crate::tls::Response;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(async || "Your Functions host is up and running."))
        .route("/runtime/webhooks/eventgrid", post(webhook::event_grid).options(webhook::handshake))
        .route("/admin/functions/{name}", post(run_by_hand))
        .fallback(request::http_function)
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(shared.clone(), counted))
        .with_state(shared)
}

/// Counts a request as long as it is going on. A host that is about to stop takes no other.
async fn counted(State(shared): State<Arc<Shared>>, request: axum::extract::Request, next: Next) -> Response {
    let _counted = Counted::new(&shared.requests);
    if shared.draining.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    next.run(request).await
}

struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An answer without a word.
fn empty(status: StatusCode) -> Response {
    status.into_response()
}

fn text(status: StatusCode, words: String) -> Response {
    (status, words).into_response()
}

/// No key, or a wrong one.
fn unauthorized() -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response()
}

/// Whether the request has the key that is asked for, if one is: in its query or in its header.
fn has_key(shared: &Shared, query: &HashMap<String, String>, headers: &HeaderMap) -> bool {
    let told = headers.get("x-functions-key").and_then(|key| key.to_str().ok());
    let told = query.get("code").map(String::as_str).or(told);
    shared.key.as_deref().is_none_or(|key| told == Some(key))
}

async fn run_by_hand(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !has_key(&shared, &query, &headers) {
        return empty(StatusCode::UNAUTHORIZED);
    }
    let mut functions = shared.package.functions.iter();
    let Some(function) = functions.find(|function| function.name.eq_ignore_ascii_case(&name)).cloned() else {
        return empty(StatusCode::NOT_FOUND);
    };
    if body.is_empty() {
        return empty(StatusCode::BAD_REQUEST);
    }
    match function.trigger {
        Trigger::Timer { .. } => {
            // The host answers before the function has run.
            tokio::spawn(async move { shared.fire(&function, Cause::ByHand).await });
            empty(StatusCode::ACCEPTED)
        }
        Trigger::EventGrid { .. } | Trigger::ServiceBus { .. } | Trigger::Http { .. } => {
            text(StatusCode::BAD_REQUEST, "only timers are run by hand here".to_owned())
        }
    }
}

/// A body that goes out in chunks, as the real host's answers do where they are made of an output.
fn in_chunks(body: String) -> Body {
    Body::from_stream(futures::stream::once(async move { Ok::<_, std::convert::Infallible>(Bytes::from(body)) }))
}
