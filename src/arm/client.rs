//! Sends calls: token, turn, deadline, few quick repeats of what may be repeated, and the answer or its meaning.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::headers::{ACCEPT, CONTENT_TYPE, Headers};
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{ClientOptions, Context, Method, Pipeline, PipelineSendOptions, Request};
use serde::de::DeserializeOwned;
use tracing::{debug, info};
use url::Url;

use super::budget::{Low, low};
use super::call::{Account, Call};
use super::error::ArmError;
use super::evaluations::Scan;
use super::gate::{Gates, Turn};
use super::page::{self, Page};
use super::retry_after::retry_after;
use crate::event::Timestamp;
use crate::resource::SubscriptionId;
use crate::transport::{Deadline, repeat};

/// Longest time for one try of a call that may be repeated: one slow answer fits into the slot of a look.
const ONE_TRY: Duration = Duration::from_secs(18);
/// Longest time for the one try of a call that may not.
const ONLY_TRY: Duration = Duration::from_secs(10);
/// Tries of a call that may be repeated.
const TRIES: usize = 3;
/// Most pages of a list: 50,000 resources, the most that a task takes, at 100 a page.
const PAGES: usize = 500;

/// A client of one cloud's Resource Manager.
pub struct ArmClient {
    endpoint: Url,
    pipeline: Pipeline,
    gates: Gates,
}

impl ArmClient {
    /// A client for this endpoint, with tokens of this scope.
    #[must_use]
    pub fn new(endpoint: Url, audience: String, credential: Arc<dyn TokenCredential>, options: ClientOptions) -> Self {
        let bearer: Arc<dyn Policy> = Arc::new(BearerTokenAuthorizationPolicy::new(credential, [audience]));
        let name = Some(env!("CARGO_PKG_NAME"));
        let pipeline = Pipeline::new(name, Some(env!("CARGO_PKG_VERSION")), options, Vec::new(), vec![bearer], None);
        Self { endpoint, pipeline, gates: Gates::default() }
    }

    /// Until when no call of the subscription will be sent, as far as this instance was told; none: at once.
    #[must_use]
    pub fn floor(&self, subscription: &SubscriptionId, now: Timestamp) -> Option<Timestamp> {
        self.gates.floor(&Account::Subscription(subscription.clone()), now)
    }

    /// Makes the call.
    ///
    /// # Errors
    /// By meaning; a call that may be repeated was tried up to three times.
    pub async fn send<T: DeserializeOwned>(&self, call: &Call<T>, deadline: Deadline) -> Result<T, ArmError> {
        let url = call.url(&self.endpoint);
        self.send_to(call, &url, deadline).await
    }

    /// Makes the call and those for the pages that follow.
    ///
    /// # Errors
    /// As for [`ArmClient::send`]; also when the pages do not end.
    pub async fn send_paged<T: DeserializeOwned>(
        &self,
        call: &Call<Page<T>>,
        deadline: Deadline,
    ) -> Result<Vec<T>, ArmError> {
        match self.send_some(call, None, PAGES, deadline).await? {
            (items, None) => Ok(items),
            (_, Some(_)) => Err(ArmError::Unreadable { call: call.kind, words: format!("more than {PAGES} pages") }),
        }
    }

    /// Makes the call, or goes on at a link that an earlier answer to it gave, for so many pages at most. The items, and the
    /// link to the rest if there is more.
    ///
    /// # Errors
    /// As for [`ArmClient::send`].
    pub async fn send_some<T: DeserializeOwned>(
        &self,
        call: &Call<Page<T>>,
        from: Option<&str>,
        most: usize,
        deadline: Deadline,
    ) -> Result<(Vec<T>, Option<String>), ArmError> {
        let unreadable = |words: String| ArmError::Unreadable { call: call.kind, words };
        let mut items = Vec::new();
        let mut url = match from {
            Some(link) => page::follow(link, &self.endpoint).map_err(unreadable)?,
            None => call.url(&self.endpoint),
        };
        for pages in 1.. {
            let page: Page<T> = self.send_to(call, &url, deadline).await?;
            let next = page.next(&self.endpoint).map_err(unreadable)?;
            items.extend(page.value);
            match next {
                Some(next) if pages < most => url = next,
                next => return Ok((items, next.map(String::from))),
            }
        }
        Ok((items, None))
    }

    /// Asks for an evaluation, or, at the link that an earlier answer gave, how far it is.
    ///
    /// # Errors
    /// As for [`ArmClient::send`].
    pub async fn send_scan(&self, call: &Call<Scan>, at: Option<&str>, deadline: Deadline) -> Result<Scan, ArmError> {
        let unreadable = |words: String| ArmError::Unreadable { call: call.kind, words };
        let url = match at {
            Some(link) => page::follow(link, &self.endpoint).map_err(unreadable)?,
            None => call.url(&self.endpoint),
        };
        let answer = self.try_some(call, &url, deadline).await?;
        Ok(Scan::of(answer.status, &answer.headers, &answer.body, Timestamp::now_utc()))
    }

    async fn send_to<T: DeserializeOwned>(
        &self,
        call: &Call<impl Sized>,
        url: &Url,
        deadline: Deadline,
    ) -> Result<T, ArmError> {
        let body = self.try_some(call, url, deadline).await?.body;
        serde_json::from_slice(&body).map_err(|e| ArmError::Unreadable { call: call.kind, words: e.to_string() })
    }

    async fn try_some(&self, call: &Call<impl Sized>, url: &Url, deadline: Deadline) -> Result<Answer, ArmError> {
        let tries = if call.kind.may_be_repeated() { TRIES } else { 1 };
        repeat(deadline, tries, ArmError::passes, || self.try_once(call, url, deadline)).await
    }

    async fn try_once(&self, call: &Call<impl Sized>, url: &Url, deadline: Deadline) -> Result<Answer, ArmError> {
        let late = |_| ArmError::NotSent { call: call.kind, words: "the time for this target is used up".to_owned() };
        let mut turn = tokio::time::timeout(deadline.left(), self.gates.turn(&call.account)).await.map_err(late)?;
        if let Some(until) = turn.floor(Timestamp::now_utc()) {
            return Err(ArmError::Held { call: call.kind, until });
        }
        let mut request = Request::new(url.clone(), call.method);
        request.insert_header(ACCEPT, "application/json");
        match (&call.body, call.method) {
            (Some(body), _) => {
                request.insert_header(CONTENT_TYPE, "application/json");
                request.set_body(body.to_string().into_bytes());
            }
            (None, Method::Post) => request.insert_header("content-length", "0"),
            (None, _) => {}
        }
        // All statuses come back as answers: their meaning is told apart here, not in the pipeline.
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let context = Context::new();
        let sent = self.pipeline.send(&context, &mut request, Some(options));
        let limit = if call.kind.may_be_repeated() { ONE_TRY } else { ONLY_TRY };
        let answer = tokio::time::timeout(limit, sent)
            .await
            .map_err(|_| ArmError::Lost { call: call.kind, words: format!("no answer within {} s", limit.as_secs()) })?
            .map_err(|error| ArmError::of_transport(call.kind, &error))?;
        let status = u16::from(answer.status());
        debug!(event = "arm_call", call = call.kind.as_str(), status, "Resource Manager answered");
        let now = Timestamp::now_utc();
        let until = retry_after(answer.headers(), now);
        let refusal =
            (!(200..300).contains(&status)).then(|| ArmError::of_answer(call.kind, status, answer.body(), until));
        match &refusal {
            // What a 429 says of its own time is known; what the headers let guess is not.
            Some(ArmError::Throttled { until, .. }) => turn.close(*until),
            Some(_) | None => rest_if_low(&call.account, &mut turn, answer.headers(), now),
        }
        match refusal {
            Some(error) => Err(error),
            None => {
                let headers = answer.headers().clone();
                Ok(Answer { status, headers, body: answer.into_body().to_vec() })
            }
        }
    }
}

/// An answer that is a success.
struct Answer {
    status: u16,
    headers: Headers,
    body: Vec<u8>,
}

/// Closes the gate behind an answer that leaves few calls. The answer itself counts as any other.
fn rest_if_low(account: &Account, turn: &mut Turn, headers: &Headers, now: Timestamp) {
    let Some(Low { header, remaining, until }) = low(headers, now) else { return };
    info!(event = "budget_low", %account, header, remaining, %until, "few calls are left; the account rests until then");
    turn.close(until);
}
