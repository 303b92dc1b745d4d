//! Sends calls: token, turn, deadline, few quick repeats of what may be repeated, and the answer or its meaning.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::headers::{ACCEPT, CONTENT_TYPE, Headers};
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{ClientOptions, Context, Method, Pipeline, PipelineSendOptions, Request};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tracing::{debug, info, warn};
use url::Url;

use remediation::fact::CallKind;
use remediation::id::{SubscriptionId, fold};
use remediation::time::{Timestamp, time_text};

use crate::arm::{body, page};
use crate::azure::{Clocks, Deadline, retry};
use crate::told::Told;

use super::answer::{Answer, Oddity};
use super::api_versions::{ApiVersions, Lack, lack};
use super::budget::{LowQuota, low};
use super::call::{Call, QuotaScope};
use super::call_queue::{CallQueues, Hurry, Turn};
use super::error::ArmError;
use super::evaluations::Scan;
use super::lenient::Item;
use super::links::Links;
use super::page::Page;
use super::punctual::Punctual;
use super::retry_after::retry_after;

/// Longest time for one try of a call that may be repeated: one slow answer fits into the slot of a pass.
const ONE_TRY: Duration = Duration::from_secs(18);
/// Longest time for the one try of a call that may not.
const ONLY_TRY: Duration = Duration::from_secs(10);
/// Tries of a call that may be repeated.
const TRIES: usize = 3;
/// Most pages of a list: 50,000 resources, the most that a task takes, at 100 a page.
const PAGES: usize = 500;
/// So many items are asked for where an answer is too large, one number after the other.
const SMALLER: [usize; 3] = [500, 100, 20];
/// A rest so short that it is waited for in the turn: who waits has been begun, and is to be finished first.
pub const SHORT_REST: Duration = Duration::from_secs(2);
/// For so long after a rest the calls of a quota count as few.
const FEW_FOR: time::Duration = time::Duration::seconds(30);
/// Api-versions that are tried for a call: its own, what one layer of the service says is newest, and what the next says.
const VERSIONS: usize = 3;

/// What follows a part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rest {
    /// Nothing: this is its end.
    Nothing,
    /// What this link leads to.
    At(String),
    /// It was cut, and nothing leads to the rest.
    Untold,
}

/// A client of one cloud's Resource Manager.
pub struct ArmClient {
    endpoint: Url,
    pipeline: Pipeline,
    credential: Arc<dyn TokenCredential>,
    audience: String,
    queues: CallQueues,
    versions: ApiVersions,
    links: Links,
    told: Told<(CallKind, QuotaScope, Oddity)>,
    sent: AtomicU64,
}

impl ArmClient {
    /// A client for this endpoint, with tokens of this scope.
    #[must_use]
    pub fn new(
        endpoint: Url,
        audience: String,
        credential: Arc<dyn TokenCredential>,
        options: ClientOptions,
        clocks: Clocks,
    ) -> Self {
        let bearer: Arc<dyn Policy> =
            Arc::new(BearerTokenAuthorizationPolicy::new(credential.clone(), [audience.clone()]));
        let name = Some(env!("CARGO_PKG_NAME"));
        let pipeline = Pipeline::new(
            name,
            Some(env!("CARGO_PKG_VERSION")),
            options,
            Vec::new(),
            vec![bearer, Arc::new(Punctual(clocks))],
            None,
        );
        Self {
            endpoint,
            pipeline,
            credential,
            audience,
            queues: CallQueues::default(),
            versions: ApiVersions::default(),
            links: Links::default(),
            told: Told::default(),
            sent: AtomicU64::new(0),
        }
    }

    /// Until when no call of the subscription will be sent, as far as this instance was told; none: at once.
    #[must_use]
    pub fn floor(&self, subscription: &SubscriptionId, now: Timestamp) -> Option<Timestamp> {
        self.queues.floor(&QuotaScope::Subscription(subscription.clone()), now)
    }

    /// How many requests were sent since the start, repeated ones too.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Whether few calls of the subscription are left, or were of late.
    #[must_use]
    pub fn is_low(&self, subscription: &SubscriptionId, now: Timestamp) -> bool {
        self.queues.rested_after(&QuotaScope::Subscription(subscription.clone()), now - FEW_FOR)
    }

    /// Keeps the subscription's calls for those that must leave soon, as long as the value is there.
    #[must_use]
    pub fn hurry(&self, subscription: &SubscriptionId) -> Hurry {
        self.queues.hurry(&QuotaScope::Subscription(subscription.clone()))
    }

    /// The tenant in which the worker's own identity is, as its token tells; none where it does not.
    pub(super) async fn tenant(&self) -> Option<String> {
        self.claim("tid").await
    }

    /// The object id of the worker's own principal, folded, as its token tells; none where it does not.
    pub async fn principal(&self) -> Option<String> {
        self.claim("oid").await.map(|id| fold(&id))
    }

    async fn claim(&self, name: &str) -> Option<String> {
        let token = self.credential.get_token(&[&self.audience], None).await.ok()?;
        claim_in(token.token.secret(), name)
    }

    /// Makes the call.
    ///
    /// # Errors
    /// By meaning; a call that may be repeated was tried up to three times.
    pub async fn send<T: Answer>(&self, call: &Call<T>, deadline: Deadline) -> Result<T, ArmError> {
        let answer = self.ask(call, deadline).await?;
        self.read(call, &answer.body)
    }

    /// Makes the call and those for the pages that follow.
    ///
    /// # Errors
    /// As for [`ArmClient::send`]; also when the pages do not end.
    pub async fn send_paged<T: Item>(&self, call: &Call<Page<T>>, deadline: Deadline) -> Result<Vec<T>, ArmError> {
        match self.send_some(call, None, PAGES, deadline).await? {
            (items, None) => Ok(items),
            (_, Some(_)) => Err(ArmError::Unreadable { call: call.kind, words: format!("more than {PAGES} pages") }),
        }
    }

    /// The same for a call that itself lists what it asks about: where its answer is too large, the caller lists less.
    ///
    /// # Errors
    /// As for [`ArmClient::send_paged`].
    pub async fn send_listing<T: Item>(&self, call: &Call<Page<T>>, deadline: Deadline) -> Result<Vec<T>, ArmError> {
        match self.pages(call, None, PAGES, deadline).await? {
            (items, None) => Ok(items),
            (_, Some(_)) => Err(ArmError::Unreadable { call: call.kind, words: format!("more than {PAGES} pages") }),
        }
    }

    /// Makes the call, or goes on at a link that an earlier answer to it gave, for so many pages at most. The items, and the
    /// link to the rest if there is more.
    ///
    /// # Errors
    /// As for [`ArmClient::send`]; also when a link leads to a page that was read already.
    pub async fn send_some<T: Item>(
        &self,
        call: &Call<Page<T>>,
        from: Option<&str>,
        most: usize,
        deadline: Deadline,
    ) -> Result<(Vec<T>, Option<String>), ArmError> {
        match self.send_part(call, from, most, deadline).await? {
            (items, Rest::Nothing) => Ok((items, None)),
            (items, Rest::At(link)) => Ok((items, Some(link))),
            (items, Rest::Untold) => {
                let words = format!("all of it is too large, and the first {} have no link to the rest", items.len());
                Err(ArmError::Unreadable { call: call.kind, words })
            }
        }
    }

    /// The same. Where the answer would be too large, smaller ones are asked for, and what comes may be all that is told.
    ///
    /// # Errors
    /// As for [`ArmClient::send_some`]; also when the smallest is too large.
    pub async fn send_part<T: Item>(
        &self,
        call: &Call<Page<T>>,
        from: Option<&str>,
        most: usize,
        deadline: Deadline,
    ) -> Result<(Vec<T>, Rest), ArmError> {
        let rest = |next: Option<String>| next.map_or(Rest::Nothing, Rest::At);
        let mut answer = self.pages(call, from, most, deadline).await.map(|(items, next)| (items, rest(next)));
        for top in SMALLER {
            if from.is_some() || !answer.as_ref().is_err_and(ArmError::is_too_large) {
                break;
            }
            answer = self.pages(&call.at_most(top), None, most, deadline).await.map(|(items, next)| {
                let is_cut = next.is_none() && items.len() >= top;
                (items, if is_cut { Rest::Untold } else { rest(next) })
            });
        }
        answer
    }

    async fn pages<T: Item>(
        &self,
        call: &Call<Page<T>>,
        from: Option<&str>,
        most: usize,
        deadline: Deadline,
    ) -> Result<(Vec<T>, Option<String>), ArmError> {
        let unreadable = |words: String| ArmError::Unreadable { call: call.kind, words };
        let mut items = Vec::new();
        let mut link = from.map(|link| page::follow(link, &self.endpoint)).transpose().map_err(unreadable)?;
        let mut followed: HashSet<Url> = link.iter().cloned().collect();
        for pages in 1.. {
            let answer = match &link {
                None => self.ask(call, deadline).await?,
                Some(link) => self.follow(call, link, deadline).await?,
            };
            let page: Page<T> = self.read(call, &answer.body)?;
            let next = page.next(&self.endpoint).map_err(unreadable)?;
            items.extend(page.value);
            match next {
                Some(next) if !followed.insert(next.clone()) => {
                    return Err(unreadable("the link to the next page leads back to one that was read".to_owned()));
                }
                Some(next) if pages < most => link = Some(next),
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
        let answer = match at {
            Some(link) => {
                let link = page::follow(link, &self.endpoint).map_err(unreadable)?;
                self.try_some(call, call.method, &link, deadline).await?
            }
            None => self.ask(call, deadline).await?,
        };
        Ok(Scan::of(answer.status, &answer.headers, &answer.body, crate::azure::now()))
    }

    /// The answer to the call, under the newest api-version that the cloud has and the call can live with.
    async fn ask(&self, call: &Call<impl Sized>, deadline: Deadline) -> Result<Success, ArmError> {
        let mut version = self.versions.of(call.kind, call.version);
        let mut tries = 1;
        loop {
            let url = call.url(&self.endpoint, &version);
            let answer = self.try_some(call, call.method, &url, deadline).await;
            match answer.as_ref().err().and_then(|error| lack(error, call.version, &version)) {
                Some(Lack::Use(next)) if tries < VERSIONS => version = next,
                Some(Lack::Error(error)) => return Err(error),
                Some(Lack::Use(_)) => return answer,
                None => {
                    if answer.is_ok() && version != call.version.own {
                        self.versions.remember(call.kind, call.version, &version);
                    }
                    return answer;
                }
            }
            tries += 1;
        }
    }

    /// The page that a link leads to. Some services refuse the method of the list there and take the other.
    async fn follow(&self, call: &Call<impl Sized>, link: &Url, deadline: Deadline) -> Result<Success, ArmError> {
        let method = self.links.method(call.kind, call.method);
        match self.try_some(call, method, link, deadline).await {
            Err(ArmError::Refused { status: 405, .. }) => {
                let other = Links::other(method);
                let answer = self.try_some(call, other, link, deadline).await?;
                self.links.remember(call.kind, other);
                Ok(answer)
            }
            answer => answer,
        }
    }

    async fn try_some(
        &self,
        call: &Call<impl Sized>,
        method: Method,
        url: &Url,
        deadline: Deadline,
    ) -> Result<Success, ArmError> {
        let tries = if call.kind.may_be_repeated() { TRIES } else { 1 };
        retry(deadline, tries, ArmError::is_transient, || self.try_once(call, method, url, deadline)).await
    }

    /// Reads the answer, and tells what in it could not be read, the first time that it is met.
    fn read<T: Answer>(&self, call: &Call<impl Sized>, body: &[u8]) -> Result<T, ArmError> {
        let mut oddities = Vec::new();
        let answer = T::read(&body::text(body), &mut oddities)
            .map_err(|words| ArmError::Unreadable { call: call.kind, words })?;
        for oddity in oddities {
            if self.told.is_news((call.kind, call.quota.clone(), oddity.clone())) {
                let (call, quota, Oddity { item, words }) = (call.kind.as_str(), &call.quota, oddity);
                warn!(event = "answer_misread", call, %quota, item, words, "a part of an answer is not as documented; it counts only as far as it can be read");
            }
        }
        Ok(answer)
    }

    /// Waits for the turn to make the call, and for the end of a rest that is short.
    async fn turn(&self, call: &Call<impl Sized>, deadline: Deadline) -> Result<Turn, ArmError> {
        let late = || ArmError::NotSent { call: call.kind, words: "the time for this target is used up".to_owned() };
        let hurry = call.leaves_before.is_some();
        let place = tokio::time::timeout(deadline.left(), self.queues.place(&call.quota, hurry)).await;
        let mut place = place.map_err(|_| late())?;
        loop {
            // No further page is begun after the time, either.
            if deadline.has_passed() {
                return Err(late());
            }
            let now = crate::azure::now();
            if let Some(until) = place.floor(now) {
                let rest = Duration::try_from(until - now).unwrap_or_default();
                if rest > SHORT_REST || rest >= deadline.left() {
                    return Err(ArmError::Held { call: call.kind, until });
                }
                tokio::time::sleep(rest).await;
                continue;
            }
            let turn = tokio::time::timeout(deadline.left(), place.turn()).await.map_err(|_| late())?;
            // The call before may have told to rest, or it may have taken all the time.
            if turn.floor(crate::azure::now()).is_none() && !deadline.has_passed() {
                return Ok(turn);
            }
            place = turn.back();
        }
    }

    async fn try_once(
        &self,
        call: &Call<impl Sized>,
        method: Method,
        url: &Url,
        deadline: Deadline,
    ) -> Result<Success, ArmError> {
        let mut turn = self.turn(call, deadline).await?;
        let mut request = Request::new(url.clone(), method);
        request.insert_header(ACCEPT, "application/json");
        match (&call.body, method) {
            (Some(body), _) => {
                request.insert_header(CONTENT_TYPE, "application/json");
                request.set_body(body.to_string().into_bytes());
            }
            (None, Method::Post) => request.insert_header("content-length", "0"),
            (None, _) => {}
        }
        // All statuses come back as answers: their meaning is told apart here, not in the pipeline.
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let context = call.leaves_before.map_or_else(Context::new, |until| Context::new().with_value(until));
        self.sent.fetch_add(1, Ordering::Relaxed);
        let sent = self.pipeline.send(&context, &mut request, Some(options));
        // A call that may not be repeated is over when its caller must have gone on: its time-out is part of a promise.
        let limit = if call.kind.may_be_repeated() { ONE_TRY } else { ONLY_TRY.min(deadline.left()) };
        let answer = tokio::time::timeout(limit, sent)
            .await
            .map_err(|_| ArmError::Lost { call: call.kind, words: format!("no answer within {limit:.1?}") })?
            .map_err(|error| ArmError::of_transport(call.kind, &error))?;
        let status = u16::from(answer.status());
        debug!(event = "arm_call", call = call.kind.as_str(), status, "Resource Manager answered");
        let now = crate::azure::now();
        let until = retry_after(answer.headers(), now);
        let refusal =
            (!(200..300).contains(&status)).then(|| ArmError::of_answer(call.kind, status, answer.body(), until));
        match &refusal {
            // What a 429 says of its own time is known; what the headers let guess is not.
            Some(ArmError::Throttled { until, .. }) => turn.close(*until),
            Some(_) | None => rest_if_low(&call.quota, &mut turn, answer.headers(), now),
        }
        match refusal {
            Some(error) => Err(error),
            None => {
                let headers = answer.headers().clone();
                Ok(Success { status, headers, body: answer.into_body().to_vec() })
            }
        }
    }
}

/// The claim `tid` of an access token (Microsoft documentation, "Access token claims reference").
fn claim_in(token: &str, name: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims[name].as_str().map(str::to_owned)
}

/// An answer that is a success.
struct Success {
    status: u16,
    headers: Headers,
    body: Vec<u8>,
}

/// Closes the queue behind an answer that leaves few calls. The answer itself counts as any other.
fn rest_if_low(quota: &QuotaScope, turn: &mut Turn, headers: &Headers, now: Timestamp) {
    let Some(LowQuota { header, remaining, until }) = low(headers, now) else { return };
    info!(event = "budget_low", %quota, header, remaining, until = time_text(until), "few calls are left; the quota rests until then");
    turn.close(until);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_tenant_and_one_that_cannot_be_read_tells_nothing() {
        let token = |claims: &str| format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(claim_in(&token(r#"{"tid":"t1"}"#), "tid").as_deref(), Some("t1"));
        for odd in ["", "opaque", "a.b.c", &token("{}"), &token("[]"), &token("no JSON")] {
            assert_eq!(claim_in(odd, "tid"), None, "{odd}");
        }
    }
}
