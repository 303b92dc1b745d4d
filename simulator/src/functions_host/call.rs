//! Invocations of the worker over HTTP: the request as the host writes it, the function's time, and faults on the way.
//! What an answer means is decided in `outcome`.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use uuid::Uuid;

use super::{
    instance::{Instance, Order, Phase},
    outcome::{Answer, Answered, InvocationFailed, Verdict, judge},
    wire::{Body, Request, Response},
};
use crate::{
    Service,
    faults::Kind,
    ledger::{Asked, OpenEntry},
};

/// The version of the host that was recorded.
const HOST_VERSION: &str = "4.1037.0.0";
/// So long after a function's time is over the host kills the worker; recorded.
const BEFORE_THE_KILL: Duration = Duration::from_secs(2);
/// Set by the Core Tools, and looked for by the host.
const CORE_TOOLS: &str = "FUNCTIONS_CORETOOLS_ENVIRONMENT";

/// An HTTP request that is handed on as it is.
pub(super) struct Forwarded {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

impl Instance {
    /// Invokes a function and judges the answer, within the function's time.
    pub(super) async fn invoke(&self, function: &str, body: String) -> Result<Answer, InvocationFailed> {
        let _counted = InFlight::new(self);
        let id = Uuid::new_v4();
        let result = self.invoke_once(function, id, body).await;
        match &result {
            Ok(answer) => answer.logs.iter().for_each(|line| self.say(line)),
            Err(error) => self.say(&format!("Executed 'Functions.{function}' (Failed, Id={id}): {error}")),
        }
        result
    }

    async fn invoke_once(&self, function: &str, id: Uuid, body: String) -> Result<Answer, InvocationFailed> {
        let port = self.until_started().await?;
        let path = format!("/{function}");
        let mut entry = self.ledger.open_entry(Asked {
            service: Service::Functions,
            method: "POST".to_owned(),
            path: path.clone(),
            query: String::new(),
            user_agent: user_agent(),
            token: None,
            body: self.ledger.keeps_bodies().then(|| Bytes::from(body.clone())),
        });
        let verdict = self.faults.judge(Service::Functions, "POST", &path, body.as_bytes());
        entry.faults = verdict.rules;
        tokio::time::sleep(verdict.delay).await;
        let lost = || Err(InvocationFailed::failed("An error occurred while sending the request."));
        match verdict.kind {
            Some(Kind::CutBefore) => return lost(),
            Some(Kind::KillBefore) => {
                self.faults.kill();
                return lost();
            }
            Some(Kind::Status(status)) => return refused(entry, status),
            Some(Kind::Throttle { .. }) => return refused(entry, 429),
            Some(Kind::Answer { status, .. }) => return refused(entry, status),
            // What a worker answers is its own.
            Some(Kind::CutAfter | Kind::KillAfter | Kind::Replace { .. } | Kind::Delay(_)) | None => {}
        }
        let request = self.request(port, path, id, body);
        let answer = self.within_its_time(function, port, self.answer(port, request, entry)).await;
        match verdict.kind {
            Some(Kind::CutAfter) => lost(),
            Some(Kind::KillAfter) => {
                self.faults.kill();
                lost()
            }
            Some(
                Kind::CutBefore
                | Kind::KillBefore
                | Kind::Status(_)
                | Kind::Throttle { .. }
                | Kind::Answer { .. }
                | Kind::Replace { .. }
                | Kind::Delay(_),
            )
            | None => answer,
        }
    }

    /// Waits for an answer, but not longer than the function may take; then the worker is killed, whatever else it is doing.
    async fn within_its_time(
        &self,
        function: &str,
        port: u16,
        answer: impl Future<Output = Result<Answer, InvocationFailed>>,
    ) -> Result<Answer, InvocationFailed> {
        let Some(limit) = self.package.function_timeout else { return answer.await };
        // Its connection stays open until the worker is gone.
        let mut answer = std::pin::pin!(answer);
        if let Ok(answer) = tokio::time::timeout(limit, &mut answer).await {
            return answer;
        }
        let limit = span(limit);
        self.say(&format!("Timeout value of {limit} exceeded by function 'Functions.{function}'."));
        tokio::time::sleep(BEFORE_THE_KILL).await;
        self.order(Order::Replace { port });
        let mut phase = self.phase();
        // The sender lives as long as this instance.
        let _ = phase.wait_for(|phase| *phase != Phase::Ready { port }).await;
        let words = format!("Timeout value of {limit} was exceeded by function: Functions.{function}");
        Err(InvocationFailed { words, timed_out: true })
    }

    fn request(&self, port: u16, target: String, id: Uuid, body: String) -> Request {
        let headers = [
            ("Host", format!("127.0.0.1:{port}")),
            ("X-Azure-Functions-HostVersion", HOST_VERSION.to_owned()),
            ("X-Azure-Functions-InvocationId", id.to_string()),
            ("User-Agent", user_agent()),
        ];
        let body = if self.settings.contains_key(CORE_TOOLS) { Body::Measured(body) } else { Body::Chunked(body) };
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
        Request { method: "POST".to_owned(), target, headers, body }
    }

    async fn answer(&self, port: u16, request: Request, entry: OpenEntry) -> Result<Answer, InvocationFailed> {
        let response =
            self.wire.send(port, request).await.map_err(|error| InvocationFailed::failed(error.to_string()))?;
        let verdict = judge(Answered {
            status: response.status,
            reason: &response.reason,
            content_type: response.header("content-type"),
            length: response.header("content-length").and_then(|length| length.parse().ok()),
            body: &response.body,
        });
        entry.finish(Some(response.status), None, self.ledger.keeps_bodies().then_some(response.body));
        match verdict {
            Verdict::Done(answer) => Ok(answer),
            Verdict::Failed(error) => Err(error),
            // Neither result nor exception is ever set: only the function's timeout ends it.
            Verdict::Hangs => std::future::pending().await,
        }
    }

    /// Hands an HTTP request on as it is, and the worker's answer back. The host's name is added to the client's.
    pub(super) async fn forward(&self, request: Forwarded) -> Result<Response, InvocationFailed> {
        let _counted = InFlight::new(self);
        let port = self.until_started().await?;
        let mut headers = request.headers;
        match headers.iter_mut().find(|(name, _)| name == "User-Agent") {
            Some((_, agent)) => *agent = format!("{agent} {}", user_agent()),
            None => headers.push(("User-Agent".to_owned(), user_agent())),
        }
        headers.push(("X-Azure-Functions-HostVersion".to_owned(), HOST_VERSION.to_owned()));
        headers.push(("X-Azure-Functions-InvocationId".to_owned(), Uuid::new_v4().to_string()));
        let request = Request { method: request.method, target: request.target, headers, body: request.body };
        // A redirect is the client's to follow.
        let response = self.wire.send_once(port, &request).await;
        response.map_err(|error| InvocationFailed::failed(error.to_string()))
    }
}

fn user_agent() -> String {
    format!("Azure-Functions-Host/{HOST_VERSION}")
}

fn refused(entry: OpenEntry, status: u16) -> Result<Answer, InvocationFailed> {
    entry.finish(Some(status), None, None);
    match judge(Answered { status, reason: "", content_type: None, length: None, body: &[] }) {
        Verdict::Failed(error) => Err(error),
        Verdict::Done(_) | Verdict::Hangs => Err(InvocationFailed::failed(format!("The answer was lost ({status})."))),
    }
}

/// A time span as .NET writes it.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    let ticks = span.subsec_nanos() / 100;
    let fraction = if ticks > 0 { format!(".{ticks:07}") } else { String::new() };
    format!("{days}{hours:02}:{minutes:02}:{:02}{fraction}", seconds % 60)
}

/// Counts an invocation as long as it is going on, however it ends.
struct InFlight<'a>(&'a AtomicUsize);

impl<'a> InFlight<'a> {
    fn new(instance: &'a Instance) -> Self {
        instance.in_flight.fetch_add(1, Ordering::SeqCst);
        Self(&instance.in_flight)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_written_as_dotnet_writes_it() {
        let cases =
            [(3_000, "00:00:03"), (400, "00:00:00.4000000"), (90_061_000, "1.01:01:01"), (1_800_000, "00:30:00")];
        for (milliseconds, expected) in cases {
            assert_eq!(span(Duration::from_millis(milliseconds)), expected);
        }
    }
}
