//! The worker of these tests: this test binary once more, as a child process. It does what each message or event tells it
//! to: succeed, wait for a gate (a file) to be there, fail, hang, or end; and it writes down what it saw.

use std::{collections::BTreeMap, time::Duration};

use axum::{Router, body::Bytes, http::StatusCode, response::IntoResponse, routing::any};
use serde_json::{Value, json};

/// The worker. As a test it has nothing to do; as a child of a test it serves until it is killed.
#[tokio::test]
async fn serve() {
    let Ok(script) = std::env::var("TEST_WORKER") else { return };
    if script == "broken" {
        eprintln!("SETTLE_DELAY: 'soon' is not a duration");
        std::process::exit(3);
    }
    if script == "ends" {
        std::process::exit(0);
    }
    let variables: BTreeMap<String, String> = std::env::vars().collect();
    // The test harness has begun a line of its own.
    println!("\nenv {}", json!(variables));
    let port: u16 = variables["FUNCTIONS_CUSTOMHANDLER_PORT"].parse().unwrap();
    if script == "raw" {
        return crate::raw_worker::serve(port, variables.get("RAW_ANSWER").cloned()).await;
    }
    let router = Router::new().fallback(any(handle)).layer(axum::extract::DefaultBodyLimit::disable());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    axum::serve(listener, router).await.unwrap();
}

async fn handle(request: axum::extract::Request) -> axum::response::Response {
    let (head, body) = request.into_parts();
    if head.uri.path() == "/" {
        if let Some(wait) = std::env::var("ANSWERS_AFTER").ok().and_then(|wait| wait.parse().ok()) {
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        return StatusCode::NOT_FOUND.into_response();
    }
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let text = String::from_utf8_lossy(&body).into_owned();
    let seen = json!({
        "path": head.uri.path(),
        "method": head.method.as_str(),
        "length": header("content-length"),
        "chunked": header("transfer-encoding"),
        "type": header("content-type"),
        "agent": header("user-agent"),
        "id": header("x-azure-functions-invocationid"),
        "body": serde_json::from_str::<Value>(&text).unwrap_or_default(),
    });
    println!("seen {seen}");
    let json = [("content-type", "application/json")];
    if let Some(gate) = text.split("gate:").nth(1).and_then(|rest| rest.split(['"', '\\']).next()) {
        while !std::path::Path::new(gate).exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        return (json, "{}").into_response();
    }
    match ["fail", "hang", "plain", "exit 0", "exit 200", "exit 7"].iter().find(|word| text.contains(**word)) {
        Some(&"fail") => (StatusCode::INTERNAL_SERVER_ERROR, json, "{}").into_response(),
        Some(&"hang") => (json, "").into_response(),
        Some(&"plain") => "{}".into_response(),
        Some(exit) => std::process::exit(exit[5..].parse().unwrap()),
        None if head.uri.path().starts_with("/api/") => (StatusCode::IM_A_TEAPOT, "a page").into_response(),
        None => {
            let outputs = json!({"res": {"statusCode": 202, "body": "made"}});
            (json, json!({"Outputs": outputs, "Logs": ["all is well"]}).to_string()).into_response()
        }
    }
}
