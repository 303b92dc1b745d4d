//! Clouds lag: a sovereign one may not have the api-version that a call was written for. It says so and lists those that it has; the newest that
//! the call can live with is then used for calls of this kind, as long as the process lives. A call that needs what only its own
//! version has is refused instead: without it, it would mean something else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tracing::warn;

use remediation::fact::CallKind;

use super::call::ApiVersion;
use super::error::ArmError;

/// Codes of an answer that says that the api-version is not there.
const CODES: [&str; 3] = ["InvalidApiVersionParameter", "NoRegisteredProviderFound", "InvalidResourceType"];

/// What one cloud has, as far as it told.
#[derive(Debug, Default)]
pub(super) struct ApiVersions(Mutex<HashMap<CallKind, String>>);

impl ApiVersions {
    /// The version to send a call with.
    pub(super) fn of(&self, kind: CallKind, version: ApiVersion) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&kind).cloned();
        // Another call of the kind may be able to live with less.
        known.filter(|known| version.lives_with(known)).unwrap_or_else(|| version.own.to_owned())
    }

    /// Remembers that calls of this kind have to do with this version, and tells it.
    pub(super) fn remember(&self, kind: CallKind, version: ApiVersion, used: &str) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(kind, used.to_owned());
        if known.as_deref() != Some(used) {
            let (call, wanted) = (kind.as_str(), version.own);
            warn!(
                event = "api_version_lacking",
                call, wanted, used, "this cloud lacks an api-version; an older one is used"
            );
        }
    }
}

/// What to do about a refusal that says that the api-version is not there.
#[derive(Debug, PartialEq)]
pub(super) enum Lack {
    /// Ask again with this one.
    Use(String),
    /// None of those that are there will do.
    Error(ArmError),
}

/// What the error says of the api-version `used`; none when it is about something else.
pub(super) fn lack(error: &ArmError, version: ApiVersion, used: &str) -> Option<Lack> {
    let (call, status, code, message) = match error {
        ArmError::Refused { call, status, code, message } => (*call, *status, code, message),
        ArmError::NotFound { call, code, message } => (*call, 404, code, message),
        ArmError::Throttled { .. }
        | ArmError::Held { .. }
        | ArmError::NotSent { .. }
        | ArmError::Lost { .. }
        | ArmError::Unauthorized { .. }
        | ArmError::Unreadable { .. } => return None,
    };
    if !CODES.iter().any(|known| known.eq_ignore_ascii_case(code)) {
        return None;
    }
    if let Some(next) = newest(message, version, used) {
        return Some(Lack::Use(next));
    }
    // Not "not found", whatever the status: what was asked for may well be there.
    let least = match version.oldest {
        oldest if oldest == version.own => "nothing older will do".to_owned(),
        oldest => format!("nothing older than {oldest} will do"),
    };
    let message = format!("this cloud does not take api-version {used} of the call, and {least}: {message}");
    Some(Lack::Error(ArmError::Refused { call, status, code: code.clone(), message }))
}

/// The newest of the versions that the message lists which the call can live with; a preview only if there is nothing else.
fn newest(message: &str, version: ApiVersion, used: &str) -> Option<String> {
    // What stands before is the version that was asked for.
    let lower = message.to_ascii_lowercase();
    let list = lower.find("supported").map_or(lower.as_str(), |at| &lower[at..]);
    let fits = |listed: &&str| version.lives_with(listed) && *listed != used;
    versions(list).filter(fits).max_by_key(|listed| (listed.len() == DATE, *listed)).map(str::to_owned)
}

/// Length of a version without a suffix.
const DATE: usize = "2024-10-01".len();

/// What looks like a version: a date, with or without a suffix.
fn versions(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.map(|word| word.trim_end_matches('-')).filter(|word| is_version(word))
}

fn is_version(word: &str) -> bool {
    let digits = |at: std::ops::Range<usize>| word.as_bytes()[at].iter().all(u8::is_ascii_digit);
    word.len() >= DATE
        && word.is_ascii()
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && word.as_bytes()[4] == b'-'
        && word.as_bytes()[7] == b'-'
        && (word.len() == DATE || word.as_bytes()[DATE] == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: ApiVersion = ApiVersion { own: "2024-10-01", oldest: "2019-07-01" };

    fn refused(code: &str, message: &str) -> ArmError {
        let (code, message) = (code.to_owned(), message.to_owned());
        ArmError::Refused { call: CallKind::ListTasks, status: 400, code, message }
    }

    fn used(message: &str) -> Option<String> {
        match lack(&refused("InvalidApiVersionParameter", message), CALL, "2024-10-01") {
            Some(Lack::Use(version)) => Some(version),
            Some(Lack::Error(_)) | None => None,
        }
    }

    #[test]
    fn the_newest_that_is_listed_and_old_enough_is_used() {
        for (message, expected) in [
            (
                "The api-version '2024-10-01' is invalid. The supported versions are '2021-10-01,2019-07-01'.",
                "2021-10-01",
            ),
            (
                "The api-version '2024-10-01' is invalid. The supported versions are '2019-07-01, 2021-10-01,'.",
                "2021-10-01",
            ),
            (
                "No registered resource provider found for location 'x' and API version '2024-10-01' for type 'remediations'. The supported api-versions are '2018-07-01-preview, 2021-10-01, 2022-01-01-preview'. The supported locations are ', global'.",
                "2021-10-01",
            ),
            ("Supported API-Versions: [\"2020-05-01-Preview\";\"2019-08-01-preview\"]", "2020-05-01-preview"),
            ("Supported: 2024-10-01, 2023-01-01", "2023-01-01"),
            ("2024-10-01 is not there, 2021-10-01 is", "2021-10-01"),
        ] {
            assert_eq!(used(message).as_deref(), Some(expected), "{message}");
        }
        for message in [
            "",
            "The supported versions are ''.",
            "Supported: 2024-10-01",
            "Supported: 2018-07-01-preview, 2016-01-01",
            "Supported: 2026-01-01, 20211001, 2021/10/01, x2021-10-01, 2021-1-1",
        ] {
            assert_eq!(used(message), None, "{message}");
        }
    }

    #[test]
    fn what_needs_its_own_version_is_refused_and_never_said_to_be_missing() {
        let only = ApiVersion { own: "2024-10-01", oldest: "2024-10-01" };
        let not_found = ArmError::NotFound {
            call: CallKind::ReadTask,
            code: "invalidresourcetype".to_owned(),
            message: "The supported api-versions are '2021-10-01'.".to_owned(),
        };
        match lack(&not_found, only, "2024-10-01") {
            Some(Lack::Error(ArmError::Refused { status: 404, message, .. })) => {
                assert!(message.contains("api-version 2024-10-01") && message.contains("'2021-10-01'"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(lack(&refused("InvalidRequestContent", "Supported: 2021-10-01"), CALL, "2024-10-01"), None);
    }

    #[test]
    fn a_kind_of_call_keeps_its_version_where_the_call_can_live_with_it() {
        let versions = ApiVersions::default();
        let only = ApiVersion { own: "2024-10-01", oldest: "2024-10-01" };
        versions.remember(CallKind::CreateTask, CALL, "2021-10-01");
        assert_eq!(versions.of(CallKind::CreateTask, CALL), "2021-10-01");
        assert_eq!(versions.of(CallKind::CreateTask, only), "2024-10-01");
        assert_eq!(versions.of(CallKind::ReadTask, CALL), "2024-10-01");
    }
}
