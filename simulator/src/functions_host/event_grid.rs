//! Event Grid's side of a delivery: it posts an event to the host's webhook, waits 30 seconds, and tries again later
//! unless the answer says that it is pointless. Source: Microsoft documentation, "Event Grid message delivery and retry".

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use futures::{Stream, StreamExt};
use hyper::Request;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// How an event subscription delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventGridPolicy {
    /// How long it waits for an answer.
    pub timeout: Duration,
    /// The pauses before the second, third, … attempt; the last one repeats. Azure's begin with 10 s, 30 s, 1 min.
    pub pauses: Vec<Duration>,
    /// After so many attempts the event is dropped (dead-lettered in Azure).
    pub max_attempts: u32,
    /// How many events are on their way at once.
    pub parallel: usize,
}

impl Default for EventGridPolicy {
    /// Azure's time to answer and number of attempts, but pauses of a tenth of a second to five seconds.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            pauses: [100, 500, 1000, 5000].map(Duration::from_millis).into(),
            max_attempts: 30,
            parallel: 32,
        }
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeliveryReport {
    /// Events that were accepted.
    pub delivered: usize,
    /// Posts made, first attempts included.
    pub attempts: usize,
    /// Posts beyond the first of each event.
    pub redeliveries: usize,
    /// Events that were given up, with the last HTTP status (`None`: no answer).
    pub dropped: Vec<(Value, Option<u16>)>,
}

/// The address that an event subscription posts to.
pub(super) fn webhook(host: SocketAddr, function: &str, key: Option<&str>) -> String {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let key = key.map(|key| format!("&code={}", encoded(key))).unwrap_or_default();
    format!("http://{host}/runtime/webhooks/eventgrid?functionName={}{key}", encoded(function))
}

/// Posts each event by itself, as an array of one.
pub(super) async fn deliver(
    webhook: String,
    events: impl Stream<Item = Value>,
    policy: EventGridPolicy,
) -> DeliveryReport {
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    let uri: Arc<str> = webhook.into();
    let policy = Arc::new(policy);
    let parallel = policy.parallel.max(1);
    let fates =
        events.map(|event| deliver_one(client.clone(), uri.clone(), event, policy.clone())).buffer_unordered(parallel);
    fates
        .fold(DeliveryReport::default(), |mut report, (attempts, fate)| async move {
            report.attempts += attempts;
            report.redeliveries += attempts.saturating_sub(1);
            match fate {
                Ok(()) => report.delivered += 1,
                Err(dropped) => report.dropped.push(dropped),
            }
            report
        })
        .await
}

async fn deliver_one(
    client: Client<HttpConnector, Body>,
    uri: Arc<str>,
    event: Value,
    policy: Arc<EventGridPolicy>,
) -> (usize, Result<(), (Value, Option<u16>)>) {
    let payload = Value::Array(vec![event.clone()]).to_string();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let request = Request::post(uri.as_ref())
            .header("content-type", "application/json; charset=utf-8")
            .header("aeg-event-type", "Notification")
            .header("aeg-delivery-count", attempt - 1)
            .header("user-agent", "Microsoft-EventGrid")
            .body(Body::from(payload.clone()))
            .expect("the address and the encoded name make a good URI");
        let answer = tokio::time::timeout(policy.timeout, client.request(request)).await;
        let status = answer.ok().and_then(Result::ok).map(|response| response.status().as_u16());
        if status.is_some_and(|status| (200..300).contains(&status)) {
            return (attempt, Ok(()));
        }
        if status.is_some_and(is_final) || attempt >= policy.max_attempts as usize {
            return (attempt, Err((event, status)));
        }
        let pause = policy.pauses.get(attempt - 1).or(policy.pauses.last());
        tokio::time::sleep(pause.copied().unwrap_or_default()).await;
    }
}

/// Answers of a webhook after which Event Grid does not try again.
fn is_final(status: u16) -> bool {
    matches!(status, 400 | 401 | 403 | 413)
}

/// Counts a delivery as long as it is going on, however it ends.
pub(super) struct Pending(Arc<AtomicUsize>);

impl Pending {
    pub(super) fn new(count: Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
