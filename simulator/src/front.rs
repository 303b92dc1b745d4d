//! What stands before every service: it reads the request, asks for faults, checks the token, asks for fakes, calls the
//! service's router and records the exchange. The services behind it know nothing of tokens, faults or the ledger.

use std::sync::Arc;

use axum::{Router, body::Body};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::header;
use time::OffsetDateTime;
use tower::ServiceExt;

use crate::{
    Cloud, Exchanges, Faults, Ledger, Service,
    fakes::{Answer, Fakes},
    faults,
    identity::{Caller, Tokens},
    ledger::{Asked, OpenEntry},
    refusal,
    rights::{Gate, data},
    tls::{Cut, Exchange, Response},
};

/// No request of the worker comes near this; what exceeds it gets 413 instead of the machine's memory.
const LARGEST_BODY: usize = 64 << 20;

/// A service's router with ledger, faults and, where the service asks for tokens, their check around it.
#[derive(Clone)]
pub struct Front {
    service: Service,
    router: Router,
    ledger: Ledger,
    faults: Faults,
    fakes: Fakes,
    guard: Option<Guard>,
    open: Option<(&'static str, Router)>,
    exchanges: Option<Exchanges>,
}

#[derive(Clone)]
struct Guard {
    tokens: Tokens,
    audiences: Vec<String>,
    /// Where a token is to be had, for the challenge.
    login: String,
    gate: Option<Gate>,
}

impl Front {
    /// A front without a token check.
    pub fn new(service: Service, router: Router, ledger: Ledger, faults: Faults) -> Self {
        Self { service, router, ledger, faults, fakes: Fakes::new(), guard: None, open: None, exchanges: None }
    }

    /// Lets only requests through that carry a token for one of these audiences. The service finds the
    /// [`Caller`](crate::identity::Caller) in the request's extensions.
    #[must_use]
    pub fn guarded(mut self, tokens: Tokens, audiences: &[&str]) -> Self {
        let audiences = audiences.iter().map(ToString::to_string).collect();
        self.guard = Some(Guard { tokens, audiences, login: Cloud::default().login().to_owned(), gate: None });
        self
    }

    /// Names another place where a token is to be had. For a guarded front.
    #[must_use]
    pub fn with_login(mut self, login: &str) -> Self {
        if let Some(guard) = &mut self.guard {
            login.clone_into(&mut guard.login);
        }
        self
    }

    /// Lets everybody through to this path, which has a router of its own.
    #[must_use]
    pub fn open(mut self, path: &'static str, router: Router) -> Self {
        self.open = Some((path, router));
        self
    }

    /// Lets only those of them through whose caller has a right to the data. For a guarded front.
    #[must_use]
    pub fn gated(mut self, gate: Option<Gate>) -> Self {
        if let Some(guard) = &mut self.guard {
            guard.gate = gate;
        }
        self
    }

    /// Lets these speak in the service's place.
    #[must_use]
    pub fn faked(mut self, fakes: Fakes) -> Self {
        self.fakes = fakes;
        self
    }

    /// Writes down what goes over the wire.
    #[must_use]
    pub fn written(mut self, exchanges: Option<Exchanges>) -> Self {
        self.exchanges = exchanges;
        self
    }

    /// What an [`Endpoint`](crate::tls::Endpoint) serves.
    pub fn exchange(self) -> Exchange {
        let front = Arc::new(self);
        Arc::new(move |request| {
            let front = front.clone();
            Box::pin(async move {
                let (head, body) = request.into_parts();
                let body = match Limited::new(body, LARGEST_BODY).collect().await {
                    Ok(body) => body.to_bytes(),
                    Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                        return Ok(refusal::of_status(front.service, 413));
                    }
                    // The client went away while it was sending.
                    Err(_) => return Err(Cut),
                };
                // A task of its own: a service that has begun goes on when the client hangs up.
                tokio::spawn(async move { front.answer(head, body).await }).await.unwrap_or(Err(Cut))
            })
        })
    }

    async fn answer(&self, head: hyper::http::request::Parts, body: Bytes) -> Result<Response, Cut> {
        let Some(exchanges) = &self.exchanges else { return self.answered(head, body).await };
        let half = Exchanges::begin(&head.method, &head.uri, &head.headers, &body);
        let (head, body) = whole(self.answered(head, body).await?).await?;
        exchanges.end(half, head.status.as_u16(), &head.headers, &body);
        Ok(Response::from_parts(head, Body::from(body)))
    }

    async fn answered(&self, head: hyper::http::request::Parts, body: Bytes) -> Result<Response, Cut> {
        let (method, path) = (head.method.to_string(), head.uri.path().to_owned());
        let authorization = text(head.headers.get(header::AUTHORIZATION)).filter(|_| self.guard.is_some());
        let kept = self.ledger.keeps_bodies().then(|| body.clone());
        let mut entry = self.ledger.open_entry(Asked {
            service: self.service,
            method: method.clone(),
            path: path.clone(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            user_agent: text(head.headers.get(header::USER_AGENT)).unwrap_or_default().to_owned(),
            token: authorization.and_then(Tokens::id),
            body: kept,
        });
        let target = head.uri.path_and_query().map_or(path.as_str(), |both| both.as_str()).to_owned();
        let verdict = self.faults.judge(self.service, &method, &target, &body);
        entry.faults = verdict.rules;
        if !verdict.delay.is_zero() {
            tokio::time::sleep(verdict.delay).await;
        }
        match verdict.kind {
            Some(kind @ (faults::Kind::CutBefore | faults::Kind::KillBefore)) => {
                if kind == faults::Kind::KillBefore {
                    self.faults.kill();
                }
                entry.finish(None, None, None);
                Err(Cut)
            }
            Some(kind @ (faults::Kind::CutAfter | faults::Kind::KillAfter)) => {
                let (_, body) = self.served(head, body).await?;
                if kind == faults::Kind::KillAfter {
                    self.faults.kill();
                }
                entry.finish(None, None, self.ledger.keeps_bodies().then_some(body));
                Err(Cut)
            }
            Some(faults::Kind::Throttle { retry_after }) => {
                self.recorded(entry, refusal::throttled(self.service, retry_after)).await
            }
            Some(faults::Kind::Status(code)) => self.recorded(entry, refusal::of_status(self.service, code)).await,
            Some(faults::Kind::Answer { status: code, body }) => {
                let answer = (refusal::status(code), [(header::CONTENT_TYPE, "application/json")], body);
                self.recorded(entry, axum::response::IntoResponse::into_response(answer)).await
            }
            Some(faults::Kind::Replace { from, to }) => {
                let (mut head, body) = self.served(head, body).await?;
                head.headers.remove(header::CONTENT_LENGTH);
                let body = String::from_utf8_lossy(&body).replace(from, to);
                self.recorded(entry, Response::from_parts(head, Body::from(body))).await
            }
            Some(faults::Kind::Delay(_)) | None => {
                let (head, body) = self.served(head, body).await?;
                self.recorded(entry, Response::from_parts(head, Body::from(body))).await
            }
        }
    }

    async fn served(
        &self,
        mut head: hyper::http::request::Parts,
        body: Bytes,
    ) -> Result<(hyper::http::response::Parts, Bytes), Cut> {
        if let Some((_, router)) = self.open.as_ref().filter(|(path, _)| head.uri.path().eq_ignore_ascii_case(path)) {
            let Ok(response) = router.clone().oneshot(hyper::Request::from_parts(head, Body::from(body))).await;
            return whole(response).await;
        }
        if let Some(guard) = &self.guard {
            let authorization = text(head.headers.get(header::AUTHORIZATION));
            match guard.tokens.check(authorization, &guard.audiences, OffsetDateTime::now_utc()) {
                Ok(caller) => {
                    let refused = self.refused(guard, &caller, &head);
                    if let Some(refused) = refused {
                        return whole(refused).await;
                    }
                    head.extensions.insert(caller);
                }
                Err(problem) => {
                    let Guard { tokens, audiences, login, .. } = guard;
                    let refused = refusal::unauthenticated(self.service, &problem, tokens.tenant(), login, audiences);
                    return whole(refused).await;
                }
            }
        }
        let asked = (!self.fakes.is_empty()).then(|| (head.method.to_string(), head.uri.to_string(), body.clone()));
        let instead = asked.as_ref().and_then(|(method, target, body)| self.fakes.instead(method, target, body));
        if let Some(answer) = instead {
            return whole(faked(answer)).await;
        }
        let Ok(response) = self.router.clone().oneshot(hyper::Request::from_parts(head, Body::from(body))).await;
        let (mut head, own) = whole(response).await?;
        let Some((method, target, body)) = asked else { return Ok((head, own)) };
        let changed = self.fakes.changed(&method, &target, &body, own.clone());
        if changed != own {
            head.headers.remove(header::CONTENT_LENGTH);
        }
        Ok((head, changed))
    }

    /// The service's no to a caller without the right to what the request asks for.
    fn refused(&self, guard: &Guard, caller: &Caller, head: &hyper::http::request::Parts) -> Option<Response> {
        let gate = guard.gate.as_ref()?;
        let (method, uri) = (head.method.as_str(), &head.uri);
        let need = data::need(self.service, method, uri.path(), uri.query().unwrap_or_default())?;
        if gate.opens(caller, need.plane, &need.action, &need.scope) {
            return None;
        }
        let host = text(head.headers.get(header::HOST)).unwrap_or_default();
        Some(data::refused(self.service, &need, host))
    }

    async fn recorded(&self, entry: OpenEntry, response: Response) -> Result<Response, Cut> {
        let (head, body) = whole(response).await?;
        let retry_after = text(head.headers.get(header::RETRY_AFTER)).and_then(|seconds| seconds.parse().ok());
        entry.finish(Some(head.status.as_u16()), retry_after, self.ledger.keeps_bodies().then(|| body.clone()));
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

/// A whole answer, as JSON unless its own headers say otherwise.
fn faked(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = refusal::status(answer.status);
    let json = (header::CONTENT_TYPE.to_string(), "application/json; charset=utf-8".to_owned());
    for (name, value) in std::iter::once(json).chain(answer.headers) {
        if let (Ok(name), Ok(value)) = (header::HeaderName::try_from(name), header::HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The answer with its body read to the end, so that the service's work is done before a fault can strike.
async fn whole(response: Response) -> Result<(hyper::http::response::Parts, Bytes), Cut> {
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    Ok((head, body))
}

fn text(header: Option<&hyper::header::HeaderValue>) -> Option<&str> {
    header.and_then(|value| value.to_str().ok())
}
