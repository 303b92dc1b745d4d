//! A Resource Manager on a loopback socket with a clock that the test moves, and a client for it.

use crate::{
    estate::{Estate, instant_text, parse_instant, sample},
    resource_manager::{Allowance, ResourceManager, Tempo},
};
use axum::{
    body::Bytes,
    http::{HeaderMap, Request},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::{
    io::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};
use time::OffsetDateTime;

pub(super) const LANDING: &str = "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2";
pub(super) const SHARED: &str = "/subscriptions/c1164d71-0942-499f-bc2f-b6b7b0bae493";
pub(super) const ROOT: &str = "/providers/Microsoft.Management/managementGroups/contoso";
pub(super) const INSIGHTS: &str = "/providers/Microsoft.PolicyInsights";

pub(super) fn assignment(scope: &str, name: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/policyAssignments/{name}")
}

pub(super) fn storage_account(number: usize) -> String {
    let (subscription, group) = if number % 3 == 2 { (SHARED, "Core") } else { (LANDING, "App-Prod") };
    format!("{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/stContoso{number:02}")
}

/// Accepted 10 s, deployments 20 s each, cancelling 3 s, nothing lags.
pub(super) fn tempo() -> Tempo {
    Tempo {
        accepted: Duration::from_secs(10),
        evaluating: Duration::from_secs(5),
        deployment: Duration::from_secs(20),
        cancelling: Duration::from_secs(3),
        ..Tempo::azure().without_lag()
    }
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn error(&self) -> (u16, &str) {
        (self.status, self.body["error"]["code"].as_str().unwrap_or_default())
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(super) fn values(&self) -> &[Value] {
        self.body["value"].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

pub(super) struct Local {
    pub(super) manager: ResourceManager,
    clock: Arc<Mutex<OffsetDateTime>>,
    pub(super) host: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Local {
    /// The sample estate at a fixed time.
    pub(super) async fn sample() -> Self {
        Self::start(sample(start()), tempo(), |manager| manager).await
    }

    pub(super) async fn start(
        estate: Estate,
        tempo: Tempo,
        adjust: impl FnOnce(ResourceManager) -> ResourceManager,
    ) -> Self {
        let clock = Arc::new(Mutex::new(start()));
        let reading = Arc::clone(&clock);
        let manager = ResourceManager::with_clock(estate, tempo, move || *reading.lock().expect("the clock"));
        // What is said here is as recorded.
        let manager = adjust(manager.with_allowance(Allowance::recorded()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        let router = manager.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { manager, clock, host, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub(super) fn pass(&self, seconds: i64) {
        *self.clock.lock().expect("the clock") += time::Duration::seconds(seconds);
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub(super) async fn post(&self, path: &str) -> Answer {
        self.call("POST", path, None).await
    }

    /// Asks for the latest policy states of a scope.
    pub(super) async fn query_states(&self, version: &str, scope: &str, options: &[(&str, &str)]) -> Answer {
        let option = |(name, value): &(&str, &str)| format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
        let options: String = options.iter().map(option).collect();
        self.post(&format!("{scope}{INSIGHTS}/policyStates/latest/queryResults?api-version={version}{options}")).await
    }

    /// PUTs a task with the given properties.
    pub(super) async fn put(&self, path: &str, properties: Value) -> Answer {
        self.call("PUT", path, Some(json!({ "properties": properties }).to_string())).await
    }

    /// Sends a request; `path` may carry a query, the api-version is added when it is missing.
    pub(super) async fn call(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        let separator = if path.contains('?') { '&' } else { '?' };
        let version = match path {
            _ if path.contains("olicyStates/") => "2019-10-01",
            _ if path.contains("PolicyInsights") => "2024-10-01",
            _ if path.contains("Microsoft.Authorization") => "2024-05-01",
            _ if path.contains("Microsoft.Management") => "2023-04-01",
            _ => "2022-12-01",
        };
        let path = if path.contains("api-version") {
            path.to_owned()
        } else {
            format!("{path}{separator}api-version={version}")
        };
        self.raw(method, &path, body).await
    }

    /// Sends a request as it is.
    pub(super) async fn raw(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        let uri = format!("http://{}{path}", self.host);
        let request = Request::builder()
            .method(method)
            .uri(&uri)
            .header("content-type", "application/json")
            .header("x-ms-correlation-request-id", "5af4b330-51c2-45e8-a75a-c8d86d20d999")
            .header("x-ms-client-request-id", "client-1")
            .body(Full::new(Bytes::from(body.clone().unwrap_or_default())))
            .expect("a request");
        let response = self.client.request(request).await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        let answer = Answer {
            status,
            headers,
            body: if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") },
        };
        note(method, &uri, body.as_deref(), &answer);
        answer
    }
}

/// What all stories start at.
pub(super) fn start() -> OffsetDateTime {
    parse_instant("2024-06-01T12:00:00.1234567Z").expect("an instant")
}

pub(super) fn at(seconds: i64) -> String {
    instant_text(start() + time::Duration::seconds(seconds))
}

/// Keeps an exchange for a check against the OpenAPI files.
pub(super) fn note(method: &str, uri: &str, body: Option<&str>, answer: &Answer) {
    let Ok(path) = std::env::var("EXCHANGES_FILE") else { return };
    let headers: serde_json::Map<String, Value> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap_or_default())))
        .collect();
    let line = json!({
        "request": {
            "method": method,
            "url": uri,
            "headers": { "content-type": "application/json" },
            "body": body.and_then(|body| serde_json::from_str::<Value>(body).ok())
        },
        "response": { "status": answer.status, "headers": headers, "body": answer.body }
    });
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("the exchanges file");
    file.write_all(format!("{line}\n").as_bytes()).expect("a line");
}
