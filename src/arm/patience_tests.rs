//! A call that may not be repeated is made once, and left when its caller must have gone on: at its deadline, after ten seconds at
//! most.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Method, Request, RetryOptions, Transport};
use tokio::time::Instant;

use remediation::fact::{CallKind, TaskStatus};

use crate::azure::{Clocks, Deadline};

use super::call::{Call, QuotaScope};
use super::client::ArmClient;
use super::error::ArmError;

/// A service that never answers, and counts how often it is asked.
#[derive(Debug, Default)]
struct Silent(AtomicU32);

#[async_trait::async_trait]
impl HttpClient for Silent {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    }
}

#[derive(Debug)]
struct AnyToken;

#[async_trait::async_trait]
impl TokenCredential for AnyToken {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new(Secret::new("token"), crate::azure::now() + time::Duration::hours(1)))
    }
}

/// A client whose calls go there.
pub(super) fn client_over(transport: Arc<dyn HttpClient>) -> ArmClient {
    let options = ClientOptions {
        transport: Some(Transport::new(transport)),
        retry: RetryOptions::none(),
        ..ClientOptions::default()
    };
    let endpoint = "https://localhost/".parse().unwrap();
    ArmClient::new(endpoint, "scope".to_owned(), Arc::new(AnyToken), options, Clocks::default())
}

#[tokio::test(start_paused = true)]
async fn a_creation_without_an_answer_is_left_at_its_deadline_and_after_ten_seconds_at_most() {
    for (deadline, left_after) in [(400, 400), (9_000, 9_000), (10_000, 10_000), (30_000, 10_000)] {
        let silent = Arc::new(Silent::default());
        let client = client_over(silent.clone());
        let call =
            Call::<TaskStatus>::new(CallKind::CreateTask, QuotaScope::Tenant, Method::Put, "/task", &[], "2021-10-01");
        let begun = Instant::now();
        let answer = client.send(&call, Deadline::after(Duration::from_millis(deadline))).await;
        let (took, left_after) = (begun.elapsed(), Duration::from_millis(left_after));
        assert!(matches!(answer, Err(ArmError::Lost { .. })), "nobody knows what became of it");
        assert!(took >= left_after && took < left_after + Duration::from_millis(10), "{deadline}: {took:?}");
        assert_eq!(silent.0.load(Ordering::Relaxed), 1, "asked once");
    }
}
