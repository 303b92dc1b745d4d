//! What went wrong with a call, by meaning.

use remediation::fact::CallKind;
use remediation::time::{Timestamp, time_text};

use crate::azure::{FailureKind, error_chain};

use super::service_error::ServiceError;
use super::words::cut;

/// Codes of a 404 that say that the subscription, or what the service has of it, is out of sight (Microsoft documentation, "Common
/// deployment errors").
const OF_THE_SUBSCRIPTION: [&str; 7] = [
    "SubscriptionNotFound",
    "InvalidSubscriptionId",
    "SubscriptionNotRegistered",
    "MissingSubscriptionRegistration",
    "NoRegisteredProviderFound",
    "InvalidResourceNamespace",
    "InvalidResourceType",
];

/// Why a call to Resource Manager did not give its answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ArmError {
    /// Asked to come back later (429).
    #[error("Resource Manager wants no {} call before {}", call.as_str(), time_text(*until))]
    Throttled {
        /// The call.
        call: CallKind,
        /// A floor: not before this time.
        until: Timestamp,
    },
    /// Never sent: an earlier answer closed the gate of the account.
    #[error("no {} call is sent before {}: the account is left alone until then", call.as_str(), time_text(*until))]
    Held {
        /// The call.
        call: CallKind,
        /// A floor: not before this time.
        until: Timestamp,
    },
    /// What was asked for is not there.
    #[error("{}: not found: {code} {message}", call.as_str())]
    NotFound {
        /// The call.
        call: CallKind,
        /// The service's code.
        code: String,
        /// The service's words.
        message: String,
    },
    /// Refused with a 4xx.
    #[error("{} was refused with {status}: {code} {message}", call.as_str())]
    Refused {
        /// The call.
        call: CallKind,
        /// The HTTP status.
        status: u16,
        /// The service's code.
        code: String,
        /// The service's words.
        message: String,
    },
    /// The token was not taken (401), and a fresh one neither.
    #[error("{} was refused with 401: {code} {message}", call.as_str())]
    Unauthorized {
        /// The call.
        call: CallKind,
        /// The service's code.
        code: String,
        /// The service's words.
        message: String,
    },
    /// Never sent: no connection, no token, or no time.
    #[error("{} could not be sent: {words}", call.as_str())]
    NotSent {
        /// The call.
        call: CallKind,
        /// What the client says.
        words: String,
    },
    /// Sent, and the service failed or did not answer: it may have been done.
    #[error("{} has no usable answer: {words}", call.as_str())]
    Lost {
        /// The call.
        call: CallKind,
        /// What is known.
        words: String,
    },
    /// Answered, but not as documented.
    #[error("the answer to {} cannot be read: {words}", call.as_str())]
    Unreadable {
        /// The call.
        call: CallKind,
        /// What is wrong with it.
        words: String,
    },
}

/// `ResponseTooLarge`, `ResponsePayloadTooLarge`, `ResponseSizeExceeded`: services differ in what is between. "The query response exceeded
/// the allowed size."
fn says_too_large(code: &str, message: &str) -> bool {
    let (code, message) = (code.to_ascii_lowercase(), message.to_ascii_lowercase());
    let is_code = code.starts_with("response")
        && ["toolarge", "sizeexceeded", "limitexceeded"].iter().any(|end| code.ends_with(end));
    let is_words = message.contains("response") && message.contains("size") && message.contains("exceed");
    is_code || (is_words && !code.starts_with("request"))
}

impl ArmError {
    /// Whether the answer would be larger than the service gives: a smaller question may have one (azure-docs issue 41368,
    /// EPAC pull request 1300).
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Refused { status, code, message, .. } if *status == 413 || says_too_large(code, message))
    }

    /// The meaning of a failure of the transport.
    pub(super) fn of_transport(call: CallKind, error: &azure_core::Error) -> Self {
        let words = cut(error_chain(error));
        match FailureKind::of(error) {
            FailureKind::NotSent | FailureKind::NoToken => Self::NotSent { call, words },
            FailureKind::Lost | FailureKind::Status(_) | FailureKind::Defect => Self::Lost { call, words },
        }
    }

    /// The meaning of an answer that is no success. `until` is what a 429 told.
    pub(super) fn of_answer(call: CallKind, status: u16, body: &[u8], until: Timestamp) -> Self {
        let ServiceError { code, message } = ServiceError::of_body(body);
        match status {
            // Whatever the status, only a smaller question has an answer. What writes asks none, and may have written.
            400.. if status != 429 && !call.writes() && says_too_large(&code, &message) => {
                Self::Refused { call, status, code, message }
            }
            429 => Self::Throttled { call, until },
            404 => Self::NotFound { call, code, message },
            // The token's trouble, not the call's.
            401 => Self::Unauthorized { call, code, message },
            408 | 500.. => Self::Lost { call, words: format!("status {status} {code} {message}") },
            _ => Self::Refused { call, status, code, message },
        }
    }

    /// The words of what would be answered again; whatever may pass is an error still.
    ///
    /// # Errors
    /// The error itself, where asking again may help.
    pub(super) fn final_words(self) -> Result<String, Self> {
        match self {
            Self::Unreadable { words, .. } => Ok(words),
            Self::NotFound { code, message, .. } | Self::Refused { code, message, .. } => {
                Ok(format!("{code}: {message}"))
            }
            error @ (Self::Throttled { .. }
            | Self::Held { .. }
            | Self::Unauthorized { .. }
            | Self::NotSent { .. }
            | Self::Lost { .. }) => Err(error),
        }
    }

    /// Whether it says that the very thing is not there that was asked for, and not only what would hold it: of what is in a
    /// subscription that Resource Manager does not find, it says nothing.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        match self {
            Self::NotFound { code, .. } => !OF_THE_SUBSCRIPTION.iter().any(|known| code.eq_ignore_ascii_case(known)),
            Self::Throttled { .. }
            | Self::Held { .. }
            | Self::Refused { .. }
            | Self::Unauthorized { .. }
            | Self::NotSent { .. }
            | Self::Lost { .. }
            | Self::Unreadable { .. } => false,
        }
    }

    /// Whether it is refused for want of a right.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status == 403,
            Self::NotFound { .. }
            | Self::Unauthorized { .. }
            | Self::Throttled { .. }
            | Self::Held { .. }
            | Self::NotSent { .. }
            | Self::Lost { .. }
            | Self::Unreadable { .. } => false,
        }
    }

    /// Whether the same call would fail again, however often it is made.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::NotFound { .. } | Self::Refused { .. } | Self::Unreadable { .. } => true,
            Self::NotSent { .. }
            | Self::Lost { .. }
            | Self::Unauthorized { .. }
            | Self::Throttled { .. }
            | Self::Held { .. } => false,
        }
    }

    /// Whether the same call may succeed at once.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotSent { .. } | Self::Lost { .. } | Self::Unauthorized { .. } => true,
            Self::Throttled { .. }
            | Self::Held { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::Unreadable { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::http::{HttpClient, Method, Request};

    #[test]
    fn a_refusal_keeps_what_there_is_of_its_words() {
        let of = |status, body: &str| {
            ArmError::of_answer(CallKind::ReadTask, status, body.as_bytes(), Timestamp::UNIX_EPOCH).to_string()
        };
        let null = r#"{"error":{"code":null,"message":"It is locked.","details":null}}"#;
        assert_eq!(of(409, null), "readTask was refused with 409:  It is locked.");
        let inner = r#"{"error":{"code":"A","message":null,"details":[{"code":"B","message":"b"}]}}"#;
        assert_eq!(of(409, inner), "readTask was refused with 409: B b");
        assert_eq!(of(404, "<h1>Not here</h1>"), "readTask: not found:  <h1>Not here</h1>");
        assert!(of(502, &"x".repeat(5_000)).ends_with("(cut, 5000 bytes)"));
    }

    #[test]
    fn an_answer_that_is_too_large_is_known_by_status_code_or_words_whatever_the_status() {
        for (status, body, expected) in [
            (400, r#"{"error":{"code":"ResponseTooLarge"}}"#, true),
            (502, r#"{"error":{"code":"ResponsePayloadTooLarge"}}"#, true),
            (500, r#"{"error":{"code":"ResponseSizeExceeded"}}"#, true),
            (400, r#"{"error":{"code":"BadRequest","message":"The query response exceeded the allowed size."}}"#, true),
            (413, "", true),
            (400, r#"{"error":{"code":"RequestContentTooLarge","message":"The size exceeds 4 MB."}}"#, false),
            (502, "Bad Gateway", false),
        ] {
            let error = ArmError::of_answer(CallKind::QueryStates, status, body.as_bytes(), Timestamp::UNIX_EPOCH);
            assert_eq!(error.is_too_large(), expected, "{status} {body}");
        }
        // A task may have been made, and who is throttled waits.
        let words = br#"{"error":{"code":"ResponseSizeExceeded"}}"#;
        let made = ArmError::of_answer(CallKind::CreateTask, 500, words, Timestamp::UNIX_EPOCH);
        assert!(matches!(made, ArmError::Lost { .. }), "{made}");
        let busy = ArmError::of_answer(CallKind::QueryStates, 429, words, Timestamp::UNIX_EPOCH);
        assert!(matches!(busy, ArmError::Throttled { .. }), "{busy}");
    }

    #[tokio::test]
    async fn a_refused_connection_is_told_as_such_without_its_address() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/subscriptions?api-version=1&sig=secret", free.local_addr().unwrap());
        drop(free);
        let client = crate::azure::http_client(None).unwrap();
        let request = Request::new(address.parse().unwrap(), Method::Get);
        let error = client.execute_request(&request).await.unwrap_err();
        let ArmError::NotSent { words, .. } = ArmError::of_transport(CallKind::ReadTask, &error) else {
            panic!("{error:?}")
        };
        assert!(words.starts_with(&error.to_string()), "{words}");
        assert!(words.to_lowercase().contains("refused"), "{words}");
        assert!(!words.contains("secret") && !words.contains("/subscriptions"), "{words}");
    }
}
