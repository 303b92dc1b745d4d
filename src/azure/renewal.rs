//! A token that a service refuses is thrown away, once. `azure_core` forgets its copy at a 401, but the managed identity's own cache hands
//! the same one out again until it expires; so the credential itself is made anew. What the platform's endpoint keeps is out of
//! reach.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request, StatusCode};
use tokio::time::Instant;
use tracing::info;

/// A service that refuses every token is not to make the identity's endpoint busy.
const PAUSE: Duration = Duration::from_secs(60);

type Make = dyn Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync;

/// A credential that can be made anew.
pub(super) struct Renewable {
    make: Box<Make>,
    current: Mutex<Current>,
}

struct Current {
    credential: Arc<dyn TokenCredential>,
    renewed: Option<Instant>,
}

impl fmt::Debug for Renewable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewable").finish_non_exhaustive()
    }
}

impl Renewable {
    pub(super) fn new(
        make: impl Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync + 'static,
    ) -> azure_core::Result<Self> {
        let current = Current { credential: make()?, renewed: None };
        Ok(Self { make: Box::new(make), current: Mutex::new(current) })
    }

    /// Throws away the tokens that were handed out before `asked`. Whether there are fresh ones to be had.
    fn renew(&self, asked: Instant) -> bool {
        let mut current = self.current();
        match current.renewed {
            // Somebody else has done it meanwhile.
            Some(renewed) if renewed >= asked => return true,
            Some(renewed) if renewed.elapsed() < PAUSE => return false,
            Some(_) | None => {}
        }
        let Ok(credential) = (self.make)() else { return false };
        *current = Current { credential, renewed: Some(Instant::now()) };
        true
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl TokenCredential for Renewable {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let credential = Arc::clone(&self.current().credential);
        credential.get_token(scopes, options).await
    }
}

/// Stands before a pipeline's own policies: a request whose token was refused is sent again, once, with a fresh one. A refused
/// request was not carried out, so that any may be sent again.
#[derive(Debug)]
pub(super) struct FreshToken(pub(super) Arc<Renewable>);

#[async_trait::async_trait]
impl Policy for FreshToken {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let asked = Instant::now();
        let answer = next[0].send(context, request, &next[1..]).await?;
        if answer.status() != StatusCode::Unauthorized || !self.0.renew(asked) {
            return Ok(answer);
        }
        info!(
            event = "token_renewed",
            host = request.url().host_str(),
            "a token was refused; the request is sent again with a fresh one"
        );
        request.body_mut().reset().await?;
        next[0].send(context, request, &next[1..]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    use azure_core::credentials::Secret;
    use azure_core::http::headers::{AUTHORIZATION, Headers};
    use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
    use azure_core::http::{AsyncRawResponse, ClientOptions, Method, Pipeline, PipelineSendOptions};

    /// Hands out one token for ever, as the cache of a managed identity does.
    #[derive(Debug)]
    struct Cached(u32);

    #[async_trait::async_trait]
    impl TokenCredential for Cached {
        async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
            let expires_on = crate::azure::now() + time::Duration::hours(1);
            Ok(AccessToken::new(Secret::new(self.0.to_string()), expires_on))
        }
    }

    /// A service that takes tokens from this number on, and keeps what it was asked.
    #[derive(Debug)]
    struct Service(u32, Mutex<Vec<String>>);

    #[async_trait::async_trait]
    impl Policy for Service {
        async fn send(&self, _: &Context, request: &mut Request, _: &[Arc<dyn Policy>]) -> PolicyResult {
            let token = request.headers().get_str(&AUTHORIZATION)?.trim_start_matches("Bearer ").to_owned();
            let taken = token.parse::<u32>().is_ok_and(|token| token >= self.0);
            self.1.lock().unwrap().push(token);
            let status = if taken { StatusCode::Ok } else { StatusCode::Unauthorized };
            Ok(AsyncRawResponse::from_bytes(status, Headers::new(), Vec::new()))
        }
    }

    /// A pipeline whose tokens have the number of their credential, and the service behind it.
    fn pipeline(takes_from: u32) -> (Pipeline, Arc<Service>) {
        let made = AtomicU32::new(0);
        let make = move || Ok(Arc::new(Cached(made.fetch_add(1, Ordering::Relaxed))) as Arc<dyn TokenCredential>);
        let identity = Arc::new(Renewable::new(make).unwrap());
        let service = Arc::new(Service(takes_from, Mutex::default()));
        let bearer: Arc<dyn Policy> = Arc::new(BearerTokenAuthorizationPolicy::new(identity.clone(), ["scope"]));
        let per_try = vec![bearer, service.clone() as Arc<dyn Policy>];
        let options =
            ClientOptions { per_call_policies: vec![Arc::new(FreshToken(identity))], ..ClientOptions::default() };
        (Pipeline::new(None, None, options, Vec::new(), per_try, None), service)
    }

    async fn status(pipeline: &Pipeline) -> StatusCode {
        let mut request = Request::new("https://localhost/".parse().unwrap(), Method::Put);
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        pipeline.send(&Context::new(), &mut request, Some(options)).await.unwrap().status()
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_renewed_once_a_minute() {
        let (pipeline, service) = pipeline(3);
        let mut asked = Vec::new();
        for (wait, tokens, expected) in [
            (0, vec!["0", "1"], StatusCode::Unauthorized),
            (30, vec!["1"], StatusCode::Unauthorized),
            (31, vec!["1", "2"], StatusCode::Unauthorized),
            (61, vec!["2", "3"], StatusCode::Ok),
            (1, vec!["3"], StatusCode::Ok),
        ] {
            tokio::time::advance(Duration::from_secs(wait)).await;
            assert_eq!(status(&pipeline).await, expected);
            asked.extend(tokens);
            assert_eq!(*service.1.lock().unwrap(), asked);
        }
    }
}
