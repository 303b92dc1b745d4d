//! The first layer of retry: quick tries of a call that may be repeated, bounded by a deadline. Of Resource Manager a few only:
//! longer waits belong to the documents and their wake-ups. Storage and Service Bus are the worker's own, and nobody else could
//! wait for them, so they are tried until the deadline.
//!
//! | trouble | of Resource Manager repeated? | of storage and Service Bus? |
//! |---|---|---|
//! | not sent (no connection) | yes | yes |
//! | lost (sent, no answer) | yes: only calls that may be repeated come here | yes |
//! | token refused or out of reach | yes: the identity endpoint restarts with the app | yes |
//! | 408, 500, 502, 503, 504 | yes | yes |
//! | 429 | no, its time belongs to the caller | yes |
//! | 400, 411, 413, 414, 416, 431 | no | no: the request itself is refused, and the same one would be again |
//! | any other status, such as 401, 403, 404 of a queue or container, 409, 410, 412 | no | yes: a role, a firewall, a lease, a container or a queue may come and go |
//! | an answer that cannot be read | no | no |

use std::time::Duration;

use azure_core::error::ErrorKind;
use backon::{ExponentialBuilder, Retryable};
use tokio::time::Instant;

/// The time after which nothing is begun any more.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that is `span` from now.
    #[must_use]
    pub fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// The earlier of this one and `span` from now.
    #[must_use]
    pub fn within(self, span: Duration) -> Self {
        Self(self.0.min(Instant::now() + span))
    }

    /// What is left.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.left().is_zero()
    }
}

/// What went wrong with a call, by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// No connection: the service never saw the call.
    NotSent,
    /// Sent, and no answer: the service may have done it.
    Lost,
    /// No token.
    NoToken,
    /// The service answered with this status.
    Status(u16),
    /// The answer cannot be read, or the call could not be made.
    Defect,
}

impl FailureKind {
    /// The meaning of an error of the pipeline.
    #[must_use]
    pub fn of(error: &azure_core::Error) -> Self {
        match error.kind() {
            ErrorKind::HttpResponse { status, .. } => Self::Status(u16::from(*status)),
            ErrorKind::Connection => Self::NotSent,
            ErrorKind::Io => Self::Lost,
            ErrorKind::Credential => Self::NoToken,
            _ => Self::Defect,
        }
    }

    /// Whether a call that may be repeated is worth another try at once.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            Self::NotSent | Self::Lost | Self::NoToken => true,
            Self::Status(status) => matches!(status, 408 | 500 | 502 | 503 | 504),
            Self::Defect => false,
        }
    }
}

/// Whether a call to storage or Service Bus is worth another try: see the table above. What a status means of the one thing that
/// was asked for (a blob that is not there, a lost race) the caller knows before it asks here.
#[must_use]
pub fn may_pass(error: &azure_core::Error) -> bool {
    match FailureKind::of(error) {
        FailureKind::NotSent | FailureKind::Lost | FailureKind::NoToken => true,
        FailureKind::Status(_) => !is_of_the_request(error),
        FailureKind::Defect => false,
    }
}

/// Whether storage or Service Bus refused this very request, so that it is no use to send the same one again.
#[must_use]
pub fn is_of_the_request(error: &azure_core::Error) -> bool {
    matches!(FailureKind::of(error), FailureKind::Status(400 | 411 | 413 | 414 | 416 | 431))
}

/// Runs `operation` until it succeeds, fails for good, `tries` are used up or the deadline is near.
/// Between tries it waits 0.2 s, doubled each time up to 10 s, with jitter.
///
/// # Errors
/// The last try's error.
pub async fn retry<T, E, F>(
    deadline: Deadline,
    tries: usize,
    passes: impl Fn(&E) -> bool,
    operation: impl FnMut() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_max_times(tries.saturating_sub(1))
        .with_jitter();
    operation
        .retry(backoff)
        .when(|error| passes(error) && deadline.left() > Duration::from_secs(1))
        .adjust(|_, pause| pause.map(|pause| pause.min(deadline.left())))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn only_what_passes_by_itself_is_repeated() {
        for (trouble, passes) in [
            (FailureKind::NotSent, true),
            (FailureKind::Lost, true),
            (FailureKind::NoToken, true),
            (FailureKind::Status(503), true),
            (FailureKind::Status(408), true),
            (FailureKind::Status(429), false),
            (FailureKind::Status(412), false),
            (FailureKind::Status(403), false),
            (FailureKind::Defect, false),
        ] {
            assert_eq!(trouble.is_transient(), passes, "{trouble:?}");
        }
    }

    #[test]
    fn of_storage_and_service_bus_only_what_the_request_itself_is_to_blame_for_is_final() {
        let error = |status: u16| {
            azure_core::Error::from(ErrorKind::HttpResponse {
                status: status.into(),
                error_code: None,
                raw_response: None,
            })
        };
        for status in 300..600 {
            let of_the_request = [400, 411, 413, 414, 416, 431].contains(&status);
            assert_eq!(is_of_the_request(&error(status)), of_the_request, "{status}");
            assert_eq!(may_pass(&error(status)), !of_the_request, "{status}");
        }
        let kind = |kind: ErrorKind| may_pass(&azure_core::Error::from(kind));
        assert!(kind(ErrorKind::Io) && kind(ErrorKind::Credential) && kind(ErrorKind::Connection));
        assert!(!kind(ErrorKind::DataConversion));
    }

    #[tokio::test(start_paused = true)]
    async fn tries_and_time_are_both_limited() {
        let calls = Cell::new(0);
        let fail = || async {
            calls.set(calls.get() + 1);
            Err::<(), _>(FailureKind::Lost)
        };
        let _ = retry(Deadline::after(Duration::from_secs(60)), 3, |t: &FailureKind| t.is_transient(), fail).await;
        assert_eq!(calls.replace(0), 3);
        let begun = Instant::now();
        let _ =
            retry(Deadline::after(Duration::from_secs(20)), usize::MAX, |t: &FailureKind| t.is_transient(), fail).await;
        assert!(begun.elapsed() <= Duration::from_secs(20), "{:?}", begun.elapsed());
        assert!(calls.get() > 3);
    }
}
