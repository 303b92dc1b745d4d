//! Rights over the wire: tokens, TLS, and an estate that enforces them, on a clock that the test moves.

mod data;
mod delegated;
mod granting;
mod graph;
mod guarding;
mod locking;
mod people;
mod policy_writes;
mod run_time;
mod versions;

use super::local::{Answer, note, start, tempo};
use crate::{
    LocalAzure, LocalAzureOptions,
    estate::Estate,
    identity::{Caller, Principal},
    resource_manager::{Allowance, ResourceManager},
    wire_client,
};
use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use time::OffsetDateTime;

const HOME: &str = "4bee2b8a-1bee-47c2-90e9-404241551135";
const CUSTOMER_TENANT: &str = "8f70baf1-1f6e-46a2-a1ff-238dac1ebfb7";
const SUBSCRIPTION: &str = "/subscriptions/35ee058e-5fa0-414c-8145-3ebb8d09b6e2";
const CUSTOMER: &str = "/subscriptions/291bba3f-e0a5-47bc-a099-3bdcb2a50a05";
const ROOT: &str = "/providers/Microsoft.Management/managementGroups/contoso";
const WORKER: &str = "0f1a6c5e-58dc-4c3c-9f0e-6a3c2a7e7a01";
const IDENTITY: &str = "e6d23f8d-af97-4fbc-bda6-00604e4e3d0a";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const POLICY_CONTRIBUTOR: &str = "36243c78-bf99-498c-9df9-86d9f8d28608";
const LOG_ANALYTICS: &str = "92aaf0da-9dab-42b6-94a3-d43ce8d16293";
const AUTHORIZATION: &str = "/providers/Microsoft.Authorization";

/// Ours with two resource groups, and a customer's.
fn land() -> Estate {
    let account = |subscription: &str, group: &str| {
        format!("{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/st{group}")
    };
    let id = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    Estate::new(HOME)
        .with_management_group("contoso", None)
        .with_subscription(&id(SUBSCRIPTION), "Ours", Some("contoso"))
        .with_delegated_subscription(&id(CUSTOMER), "Theirs", CUSTOMER_TENANT)
        .with_resource(account(SUBSCRIPTION, "one"), "westeurope")
        .with_resource(account(SUBSCRIPTION, "two"), "westeurope")
        .with_resource(account(CUSTOMER, "theirs"), "westeurope")
}

fn somebody(tenant: &str, object_id: &str, is_person: bool) -> Caller {
    let principal = Principal { object_id: object_id.to_owned(), client_id: format!("app-of-{object_id}") };
    Caller { tenant_id: tenant.to_owned(), principal, is_person }
}

fn worker() -> Caller {
    somebody(HOME, WORKER, false)
}

/// The URL form of a filter.
fn filter(text: &str) -> String {
    format!("?$filter={}", text.replace(' ', "%20"))
}

struct Guarded {
    manager: ResourceManager,
    azure: LocalAzure,
    clock: Arc<Mutex<OffsetDateTime>>,
}

impl Guarded {
    async fn start(estate: Estate) -> Self {
        let clock = Arc::new(Mutex::new(start()));
        let reading = Arc::clone(&clock);
        let manager = ResourceManager::with_clock(estate, tempo(), move || *reading.lock().expect("the clock"));
        let manager = manager.with_allowance(Allowance::recorded());
        let options = LocalAzureOptions { gate: Some(manager.gate()), ..LocalAzureOptions::default() };
        let azure = LocalAzure::start(manager.router(), options).await.expect("a local Azure");
        Self { manager, azure, clock }
    }

    fn pass(&self, seconds: i64) {
        *self.clock.lock().expect("the clock") += time::Duration::seconds(seconds);
    }

    /// A call by somebody; the api-version is added when it is missing.
    async fn by(&self, who: &Caller, method: &str, path: &str, body: Option<Value>) -> Answer {
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = match path {
            _ if path.contains("api-version") => path.to_owned(),
            _ if path.contains("policyStates") => format!("{path}{separator}api-version=2019-10-01"),
            _ if path.contains("PolicyInsights") => format!("{path}{separator}api-version=2024-10-01"),
            _ if path.contains("olicy") => format!("{path}{separator}api-version=2024-05-01"),
            _ if path.starts_with("/providers/Microsoft.Management/") && !path.contains("Authorization") => {
                format!("{path}{separator}api-version=2021-04-01")
            }
            _ if path.contains("/providers/") => format!("{path}{separator}api-version=2022-04-01"),
            _ => format!("{path}{separator}api-version=2022-12-01"),
        };
        let url = format!("{}{path}", self.azure.endpoints().resource_manager);
        let audience = "https://management.azure.com/";
        let asked = body.map(|body| body.to_string()).unwrap_or_default();
        let (status, headers, bytes) = self.send(who, audience, method, &url, asked.clone()).await;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
        let answer = Answer { status, headers, body };
        note(method, &url, Some(&asked), &answer);
        answer
    }

    async fn get(&self, who: &Caller, path: &str) -> Answer {
        self.by(who, "GET", path, None).await
    }

    /// A call to any service.
    async fn send(
        &self,
        who: &Caller,
        audience: &str,
        method: &str,
        url: &str,
        body: String,
    ) -> (u16, axum::http::HeaderMap, Vec<u8>) {
        let (token, _) = self.azure.identity().tokens().issue_to(who, audience, OffsetDateTime::now_utc());
        let request = Request::builder().method(method).uri(url).header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/json").body(Body::from(body)).expect("a request");
        let response = wire_client::trusting(self.azure.authority()).send(request).await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        (status, headers, bytes.to_vec())
    }
}

fn message(answer: &Answer) -> &str {
    answer.body["error"]["message"].as_str().unwrap_or_default()
}
