//! The HTTP server that the host calls: one route a function, and `GET /` for its readiness probe.
//! An answer is always JSON and never empty: the host waits for ever on an empty success.

use std::io::Error;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::{Arc, Once};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{Instrument, info_span};

use super::doors::Doors;

/// A full batch of the largest messages, twice escaped, fits.
const BODY_LIMIT: usize = 256 * 1024 * 1024;

/// What a function is called that this worker does not know.
const UNKNOWN: &str = "unknown";
/// How long what is begun may take to end once the worker is asked to: platforms kill after ten seconds and more.
const GRACE: Duration = Duration::from_secs(8);

/// How long the last answers may take to be sent.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How an invocation ended: done, or failed with words for the log, to be delivered again.
pub type Answer = Result<(), String>;

/// The body of an invocation, or why it could not be taken.
pub type Body = Result<Bytes, String>;

/// What is done once when the host first asks whether the worker is ready, beside everything else.
pub type WarmUp = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Handles one invocation of the function with this name.
pub type Handle = Arc<dyn Fn(&'static str, Body) -> BoxFuture<'static, Answer> + Send + Sync>;

/// Serves the host on this loopback port until `asked` says why to end; then what is begun has some seconds to end. The host
/// kills without warning, so nothing is kept in memory that must survive.
///
/// # Errors
/// When the port cannot be bound, or is not served any longer.
pub async fn serve<T>(
    port: u16,
    functions: &[&'static str],
    handle: Handle,
    warm_up: WarmUp,
    asked: impl Future<Output = T>,
) -> std::io::Result<T> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let doors = Doors::open();
    let (last, all_said) = oneshot::channel::<()>();
    let server = axum::serve(listener, router(functions, &handle, warm_up, &doors));
    let mut server = pin!(server.with_graceful_shutdown(all_said.map(drop)).into_future());
    let ending = async {
        let why = asked.await;
        (why, doors.close(GRACE).await)
    };
    // The port is served as long as anything is begun, so that nobody is refused.
    let (why, all_have_ended) = tokio::select! {
        ended = &mut server => return Err(ended.err().unwrap_or_else(|| Error::other("the server has ended by itself"))),
        ended = ending => ended,
    };
    if all_have_ended {
        // Their answers are still on the way.
        drop(last);
        let _ = timeout(LAST_WORDS, server).await;
    }
    Ok(why)
}

fn router(functions: &[&'static str], handle: &Handle, warm_up: WarmUp, doors: &Doors) -> Router {
    let is_first = Arc::new(Once::new());
    let ready = move || {
        is_first.call_once(|| drop(tokio::spawn(warm_up())));
        async { axum::Json(json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") })) }
    };
    let mut router = Router::new().route("/", get(ready));
    for function in functions.iter().copied() {
        let (handle, doors) = (Arc::clone(handle), doors.clone());
        let invoke = move |headers, body| invoke(Arc::clone(&handle), doors.clone(), function, headers, body);
        router = router.route(&format!("/{function}"), post(invoke));
    }
    // A function of another version's folder may be fed by a queue too, so its calls are handled, and failed, like all others.
    let (handle, doors) = (Arc::clone(handle), doors.clone());
    let unknown = move |method: Method, headers, body| async move {
        if method == Method::POST {
            let _ = invoke(handle, doors, UNKNOWN, headers, body).await;
        }
        failure(StatusCode::NOT_FOUND, "no such function")
    };
    router
        .fallback(unknown)
        .method_not_allowed_fallback(|| async {
            failure(StatusCode::METHOD_NOT_ALLOWED, "functions are called with POST")
        })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

async fn invoke(
    handle: Handle,
    doors: Doors,
    function: &'static str,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let invocation = headers.get("X-Azure-Functions-InvocationId").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let span = info_span!("invocation", function, invocation);
    // A task of its own: a panic fails this invocation only, and a dropped connection does not stop it half-way.
    let body = body.map_err(|rejection| rejection.body_text());
    let begun = async move {
        let Some(_inside) = doors.enter().await else { return Err("the worker is ending".to_owned()) };
        handle(function, body).await
    };
    let task = tokio::spawn(begun.instrument(span));
    let words = match task.await {
        Ok(Ok(())) => return axum::Json(json!({})).into_response(),
        Ok(Err(words)) => words,
        Err(panic) => format!("a defect: {panic}"),
    };
    failure(StatusCode::INTERNAL_SERVER_ERROR, &words)
}

fn failure(status: StatusCode, words: &str) -> Response {
    (status, axum::Json(json!({ "error": words }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body as HttpBody, to_bytes};
    use axum::http::Request;

    fn cold() -> WarmUp {
        Arc::new(|| Box::pin(async {}))
    }

    fn handle(function: &'static str, _: Body) -> BoxFuture<'static, Answer> {
        Box::pin(async move {
            match function {
                "works" => Ok(()),
                "fails" => Err("no store".to_owned()),
                _ => panic!("on purpose"),
            }
        })
    }

    async fn ask(method: &str, path: &str) -> (u16, String, String) {
        use tower_service::Service;
        let request = Request::builder().method(method).uri(path).body(HttpBody::from("{}")).unwrap();
        let response = router(&["works", "fails", "panics"], &(Arc::new(handle) as Handle), cold(), &Doors::open())
            .call(request)
            .await
            .unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let status = response.status().as_u16();
        (status, kind, String::from_utf8(to_bytes(response.into_body(), 9_999).await.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn every_answer_is_json_and_never_empty() {
        assert_eq!(ask("POST", "/works").await, (200, "application/json".to_owned(), "{}".to_owned()));
        for (method, path, status) in
            [("GET", "/", 200), ("POST", "/fails", 500), ("POST", "/panics", 500), ("POST", "/unknown", 404)]
        {
            let (found, kind, body) = ask(method, path).await;
            assert_eq!((found, kind.as_str()), (status, "application/json"), "{path}");
            assert!(serde_json::from_str::<serde_json::Value>(&body).unwrap().is_object());
        }
    }

    #[tokio::test]
    async fn whoever_asks_first_whether_it_is_ready_has_it_warmed_up_and_nobody_else() {
        use tower_service::Service;
        let (told, mut warmed) = tokio::sync::mpsc::unbounded_channel();
        let warm_up: WarmUp = Arc::new(move || {
            let told = told.clone();
            Box::pin(async move { told.send(()).unwrap() })
        });
        let mut router = router(&["works"], &(Arc::new(handle) as Handle), warm_up, &Doors::open());
        for (method, path, expected) in
            [("POST", "/works", false), ("GET", "/", true), ("GET", "/", false), ("POST", "/works", false)]
        {
            let request = Request::builder().method(method).uri(path).body(HttpBody::from("{}")).unwrap();
            assert_eq!(router.call(request).await.unwrap().status(), 200);
            if expected {
                warmed.recv().await.unwrap();
            }
            assert!(warmed.try_recv().is_err(), "{method} {path}");
        }
    }

    #[tokio::test]
    async fn a_body_above_the_limit_is_handed_on_as_a_failure_and_not_read_to_its_end() {
        use tower_service::Service;
        // The pieces are all the same memory, and without an end.
        let piece = Bytes::from_static(&[b'x'; 1024 * 1024]);
        let pieces = futures::stream::iter(std::iter::repeat(piece).map(Ok::<_, Error>));
        let request = Request::post("/takes").body(HttpBody::from_stream(pieces)).unwrap();
        let takes: Handle = Arc::new(|_, body: Body| Box::pin(async move { body.map(drop) }));
        let response = router(&["takes"], &takes, cold(), &Doors::open()).call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let answer = to_bytes(response.into_body(), 9_999).await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        assert!(answer["error"].as_str().unwrap().contains("length limit exceeded"), "{answer}");
    }
}
