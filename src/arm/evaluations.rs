//! On-demand evaluations: the call that asks for one, the question after it, and what their answers mean.
//! Source: the service's OpenAPI description, policy states 2019-10-01 (`triggerEvaluation`, a long-running operation whose
//! `Location` is asked until it says 200). In recordings it took ten minutes.

use azure_core::http::Method;
use azure_core::http::headers::{HeaderName, Headers};
use serde::Deserialize;

use remediation::fact::CallKind;
use remediation::id::Scope;
use remediation::time::Timestamp;

use crate::azure::header;

use super::call::{Call, QuotaScope};
use super::retry_after::told;

const LOCATION: HeaderName = HeaderName::from_static("location");
const API_VERSION: &str = "2019-10-01";
/// Longest link that is kept. It stands in a document that each target reads.
const LONGEST_LINK: usize = 4_000;

/// How far an evaluation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// It goes on.
    Running {
        /// Where to ask after it: an address that the answer gave, not looked at yet; none when it gave none that can be kept.
        location: Option<String>,
        /// A floor that the answer told: no question before this time.
        not_before: Option<Timestamp>,
    },
    /// It is done.
    Ended,
    /// It ended without being done; the service's word for it.
    Failed(String),
}

/// Asks for an evaluation of all that the scope holds. Not to be repeated blindly: each is a load.
#[must_use]
pub fn trigger_evaluation(scope: &Scope) -> Call<Scan> {
    let tail = ["providers", "Microsoft.PolicyInsights", "policyStates", "latest", "triggerEvaluation"];
    let quota = QuotaScope::Subscription(scope.subscription().clone());
    Call::new(CallKind::TriggerEvaluation, quota, Method::Post, scope.as_str(), &tail, API_VERSION)
}

/// Asks how far an evaluation of the scope is, at the link that an answer gave.
#[must_use]
pub fn read_evaluation(scope: &Scope) -> Call<Scan> {
    let quota = QuotaScope::Subscription(scope.subscription().clone());
    Call::new(CallKind::ReadEvaluation, quota, Method::Get, scope.as_str(), &[], API_VERSION)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wire {
    status: String,
}

impl Scan {
    /// The meaning of an answer that is a success: 202 while it goes on, anything else at its end, with or without a body.
    pub(super) fn of(status: u16, headers: &Headers, body: &[u8], now: Timestamp) -> Self {
        if status == 202 {
            let location = header(headers, &LOCATION).map(str::trim);
            let location = location.filter(|link| !link.is_empty() && link.len() <= LONGEST_LINK).map(str::to_owned);
            return Self::Running { location, not_before: told(headers, now) };
        }
        let Wire { status } = serde_json::from_slice(body).unwrap_or_default();
        match status.to_ascii_lowercase().as_str() {
            "" | "succeeded" => Self::Ended,
            _ => Self::Failed(status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::time::parse_time;

    #[test]
    fn an_answer_says_how_far_it_is() {
        let now = parse_time("2026-11-21T07:00:00Z").unwrap();
        let scan = |status: u16, headers: &[(&'static str, &str)], body: &str| {
            let mut all = Headers::new();
            headers.iter().for_each(|(name, value)| all.insert(*name, (*value).to_owned()));
            Scan::of(status, &all, body.as_bytes(), now)
        };
        let running = |link: Option<&str>, seconds: Option<u64>| Scan::Running {
            location: link.map(str::to_owned),
            not_before: seconds.map(|seconds| now + std::time::Duration::from_secs(seconds)),
        };
        let link = "https://management.azure.com/x";
        assert_eq!(scan(202, &[("location", link), ("retry-after", "30")], ""), running(Some(link), Some(30)));
        assert_eq!(scan(202, &[("location", link)], "{}"), running(Some(link), None));
        assert_eq!(scan(202, &[("location", " ")], ""), running(None, None));
        assert_eq!(scan(202, &[("location", &"x".repeat(4_001))], ""), running(None, None));
        for (status, body) in [(200, r#"{"status":"Succeeded"}"#), (200, ""), (204, ""), (200, "odd"), (200, "{}")] {
            assert_eq!(scan(status, &[], body), Scan::Ended, "{status} {body}");
        }
        assert_eq!(scan(200, &[], r#"{"status":"Failed"}"#), Scan::Failed("Failed".to_owned()));
    }
}
