//! The last pass over the clock before a request leaves. A machine may stand still anywhere between a decision and its request, and
//! what was promised to be sent before a certain time must not be sent after it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};

use crate::azure::Clocks;

/// In the context of a request: it may leave until the process has been running for so long.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeavesBefore(pub(super) Duration);

/// Lets no request leave after its time. Stands right before the transport.
#[derive(Debug)]
pub(super) struct Punctual(pub(super) Clocks);

#[async_trait]
impl Policy for Punctual {
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let is_late = ctx.value().is_some_and(|LeavesBefore(until)| self.0.running() >= *until);
        if is_late {
            // No connection was made for it, so it was not sent.
            let words = "the time in which it could be sent is over";
            return Err(azure_core::Error::with_message(ErrorKind::Connection, words));
        }
        next[0].send(ctx, request, &next[1..]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    use azure_core::http::headers::Headers;
    use azure_core::http::{AsyncRawResponse, Method, StatusCode};

    #[derive(Debug, Default)]
    struct Transport(Mutex<usize>);

    #[async_trait]
    impl Policy for Transport {
        async fn send(&self, _: &Context, _: &mut Request, _: &[Arc<dyn Policy>]) -> PolicyResult {
            *self.0.lock().unwrap() += 1;
            Ok(AsyncRawResponse::from_bytes(StatusCode::Ok, Headers::new(), Vec::new()))
        }
    }

    #[tokio::test]
    async fn what_is_late_does_not_leave_and_counts_as_not_sent() {
        let transport = Arc::new(Transport::default());
        let next: [Arc<dyn Policy>; 1] = [transport.clone()];
        let clocks = Clocks::default();
        let policy = Punctual(clocks.clone());
        let mut request = Request::new("https://localhost/".parse().unwrap(), Method::Put);
        let hour = Duration::from_secs(3_600);
        let (early, late) = (LeavesBefore(clocks.running() + hour), LeavesBefore(Duration::ZERO));
        for (context, left) in
            [(Context::new(), true), (Context::new().with_value(early), true), (Context::new().with_value(late), false)]
        {
            let sent = policy.send(&context, &mut request, &next).await;
            assert_eq!(sent.is_ok(), left);
            if let Err(error) = sent {
                assert_eq!(crate::azure::FailureKind::of(&error), crate::azure::FailureKind::NotSent);
            }
        }
        assert_eq!(*transport.0.lock().unwrap(), 2);
    }
}
