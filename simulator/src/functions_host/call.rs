//! Invocations of the worker over HTTP: the request as the host writes it, the function's time, and faults on the way.
//! What an answer means is decided in `outcome`.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering},
};

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{Request, header};
use serde_json::Value;
use uuid::Uuid;

use super::{
    instance::{Instance, Order},
    outcome::{Answer, InvocationFailed, Verdict, judge},
};
use crate::{
    Service,
    faults::Kind,
    ledger::{Asked, OpenEntry},
};

const HOST_VERSION: &str = "4.1045.200.0";

impl Instance {
    /// Invokes a function and judges the answer, within the function's time.
    pub(super) async fn invoke(&self, function: &str, body: &Value) -> Result<Answer, InvocationFailed> {
        let _counted = InFlight::new(self);
        let id = Uuid::new_v4();
        let result = self.invoke_once(function, id, Bytes::from(body.to_string())).await;
        match &result {
            Ok(answer) => answer.logs.iter().for_each(|line| self.say(line)),
            Err(error) => self.say(&format!("Executed 'Functions.{function}' (Failed, Id={id}): {error}")),
        }
        result
    }

    async fn invoke_once(&self, function: &str, id: Uuid, body: Bytes) -> Result<Answer, InvocationFailed> {
        let port = self.until_started().await?;
        let path = format!("/{function}");
        let mut entry = self.ledger.open_entry(Asked {
            service: Service::Functions,
            method: "POST".to_owned(),
            path: path.clone(),
            query: String::new(),
            user_agent: format!("Azure-Functions-Host/{HOST_VERSION}"),
            token: None,
            body: self.ledger.keeps_bodies().then(|| body.clone()),
        });
        let verdict = self.faults.judge(Service::Functions, "POST", &path, &body);
        entry.faults = verdict.rules;
        tokio::time::sleep(verdict.delay).await;
        let lost = || Err(InvocationFailed("An error occurred while sending the request.".to_owned()));
        match verdict.kind {
            Some(Kind::CutBefore) => return lost(),
            Some(Kind::KillBefore) => {
                self.faults.kill();
                return lost();
            }
            Some(Kind::Status(status)) => return self.refused(entry, status),
            Some(Kind::Throttle { .. }) => return self.refused(entry, 429),
            Some(Kind::Answer { status, .. }) => return self.refused(entry, status),
            // What a worker answers is its own.
            Some(Kind::CutAfter | Kind::KillAfter | Kind::Replace { .. } | Kind::Delay(_)) | None => {}
        }
        let request = self.request(port, &path, id, body);
        let exchange = async {
            let verdict = self.exchange(request, entry).await?;
            match verdict {
                Verdict::Done(answer) => Ok(answer),
                Verdict::Failed(error) => Err(error),
                // Neither result nor exception is ever set: only the function's timeout ends it.
                Verdict::Hangs => std::future::pending().await,
            }
        };
        let answer = match self.package.function_timeout {
            None => exchange.await,
            Some(limit) => tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| {
                // The host kills the whole worker, whatever else it was doing.
                let _ = self.orders.send(Order::Replace { port });
                let limit = limit.as_secs_f64();
                Err(InvocationFailed(format!(
                    "Timeout value of {limit} s was exceeded by function: Functions.{function}"
                )))
            }),
        };
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

    fn refused(&self, entry: OpenEntry, status: u16) -> Result<Answer, InvocationFailed> {
        entry.finish(Some(status), None, None);
        match judge(status, None, None, &[]) {
            Verdict::Failed(error) => Err(error),
            Verdict::Done(_) | Verdict::Hangs => Err(InvocationFailed(format!("The answer was lost ({status})."))),
        }
    }

    fn request(&self, port: u16, path: &str, id: Uuid, body: Bytes) -> Request<Body> {
        // In Azure the body is chunked, under the Core Tools it has a length: both by turns.
        let body = match self.requests.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => Body::from_stream(futures::stream::once(async move { Ok::<_, Infallible>(body) })),
            _ => Body::from(body),
        };
        Request::post(format!("http://127.0.0.1:{port}{path}"))
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header("X-Azure-Functions-HostVersion", HOST_VERSION)
            .header("X-Azure-Functions-InvocationId", id.to_string())
            .header(header::USER_AGENT, format!("Azure-Functions-Host/{HOST_VERSION}"))
            .body(body)
            .expect("the names of functions are checked to be paths")
    }

    async fn exchange(&self, request: Request<Body>, entry: OpenEntry) -> Result<Verdict, InvocationFailed> {
        let gone = |error: &dyn std::error::Error| {
            InvocationFailed(format!("An error occurred while sending the request: {error}"))
        };
        let response = self.client.request(request).await.map_err(|error| gone(&error))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| gone(&error))?.to_bytes();
        let text = |name| head.headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
        let status = head.status.as_u16();
        let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let verdict = judge(status, text(header::CONTENT_TYPE), length, &body);
        entry.finish(Some(status), None, self.ledger.keeps_bodies().then_some(body));
        Ok(verdict)
    }

    /// Hands an HTTP request on as it is, and the worker's answer back.
    pub(super) async fn forward(&self, mut request: Request<Body>) -> Result<crate::tls::Response, InvocationFailed> {
        let _counted = InFlight::new(self);
        let port = self.until_started().await?;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("http://127.0.0.1:{port}{path}")
            .parse()
            .map_err(|error| InvocationFailed(format!("The path cannot be forwarded: {error}")))?;
        request.headers_mut().remove(header::HOST);
        let id = header::HeaderValue::try_from(Uuid::new_v4().to_string()).expect("an id is ASCII");
        request.headers_mut().insert("X-Azure-Functions-InvocationId", id);
        request.headers_mut().insert("X-Azure-Functions-HostVersion", header::HeaderValue::from_static(HOST_VERSION));
        let response = self.client.request(request).await;
        response.map(|response| response.map(Body::new)).map_err(|error| InvocationFailed(error.to_string()))
    }
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
