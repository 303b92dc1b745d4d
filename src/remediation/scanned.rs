//! What became of a request for an evaluation, or of a question after it, by meaning.

use crate::arm::{ArmError, Scan};
use crate::event::Timestamp;

/// What is known of an evaluation after an answer, or after none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// It goes on; where to ask after it, and not before when.
    Running(String, Option<Timestamp>),
    /// It is done.
    Ended,
    /// It cannot be had, or nobody can tell what becomes of it; the service's words.
    Unavailable(String),
    /// The same, and Resource Manager wants no call before this time.
    Throttled(Timestamp, String),
    /// It was never asked for.
    NotSent,
    /// No answer to a question after it: ask again.
    Unanswered,
}

impl Scanned {
    /// The meaning of the answer to a request. One whose answer is lost may have been done, so it is not repeated.
    #[must_use]
    pub fn of_request(answer: Result<Scan, ArmError>) -> Self {
        match answer {
            Ok(scan) => Self::of(scan, None),
            Err(ArmError::Held { .. } | ArmError::NotSent { .. }) => Self::NotSent,
            Err(error @ ArmError::Throttled { until, .. }) => Self::Throttled(until, error.to_string()),
            Err(
                error @ (ArmError::NotFound { .. }
                | ArmError::Refused { .. }
                | ArmError::Lost { .. }
                | ArmError::Unauthorized { .. }
                | ArmError::Unreadable { .. }),
            ) => Self::Unavailable(error.to_string()),
        }
    }

    /// The meaning of the answer to a question at this link.
    ///
    /// # Errors
    /// When Resource Manager is to be left alone.
    pub fn of_question(answer: Result<Scan, ArmError>, link: &str) -> Result<Self, ArmError> {
        match answer {
            Ok(scan) => Ok(Self::of(scan, Some(link))),
            Err(error @ (ArmError::Held { .. } | ArmError::Throttled { .. })) => Err(error),
            Err(ArmError::NotSent { .. } | ArmError::Lost { .. } | ArmError::Unauthorized { .. }) => {
                Ok(Self::Unanswered)
            }
            Err(error @ (ArmError::NotFound { .. } | ArmError::Refused { .. } | ArmError::Unreadable { .. })) => {
                Ok(Self::Unavailable(error.to_string()))
            }
        }
    }

    fn of(scan: Scan, link: Option<&str>) -> Self {
        match scan {
            Scan::Running { location, not_before } => match location.or(link.map(str::to_owned)) {
                Some(location) => Self::Running(location, not_before),
                None => Self::Unavailable("the answer does not say where to ask after it".to_owned()),
            },
            Scan::Ended => Self::Ended,
            Scan::Failed(word) => Self::Unavailable(format!("it ended as {word}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::CallKind;
    use crate::remediation::fixture::now;

    const LINK: &str = "https://management.azure.com/x";

    fn errors() -> [(ArmError, &'static str); 7] {
        let (call, until) = (CallKind::TriggerEvaluation, now());
        let (code, message, words) = (|| "Code".to_owned(), || "words".to_owned(), || "no answer".to_owned());
        [
            (ArmError::Throttled { call, until }, "throttled"),
            (ArmError::Held { call, until }, "held"),
            (ArmError::NotSent { call, words: words() }, "not sent"),
            (ArmError::Lost { call, words: words() }, "lost"),
            (ArmError::Unreadable { call, words: words() }, "final"),
            (ArmError::NotFound { call, code: code(), message: message() }, "final"),
            (ArmError::Refused { call, status: 405, code: code(), message: message() }, "final"),
        ]
    }

    #[test]
    fn a_request_that_may_have_been_done_or_was_refused_is_not_repeated() {
        for (error, kind) in errors() {
            let scanned = Scanned::of_request(Err(error.clone()));
            match kind {
                "held" | "not sent" => assert_eq!(scanned, Scanned::NotSent),
                "throttled" => assert_eq!(scanned, Scanned::Throttled(now(), error.to_string())),
                _ => assert_eq!(scanned, Scanned::Unavailable(error.to_string())),
            }
        }
        let running =
            |location: Option<&str>| Scan::Running { location: location.map(str::to_owned), not_before: None };
        assert_eq!(Scanned::of_request(Ok(running(Some(LINK)))), Scanned::Running(LINK.to_owned(), None));
        assert!(matches!(Scanned::of_request(Ok(running(None))), Scanned::Unavailable(_)));
        assert_eq!(Scanned::of_request(Ok(Scan::Ended)), Scanned::Ended);
        assert!(matches!(Scanned::of_request(Ok(Scan::Failed("Failed".to_owned()))), Scanned::Unavailable(_)));
    }

    #[test]
    fn a_question_is_asked_again_unless_its_answer_is_final() {
        for (error, kind) in errors() {
            let scanned = Scanned::of_question(Err(error.clone()), LINK);
            match kind {
                "held" | "throttled" => assert_eq!(scanned, Err(error)),
                "not sent" | "lost" => assert_eq!(scanned, Ok(Scanned::Unanswered)),
                _ => assert_eq!(scanned, Ok(Scanned::Unavailable(error.to_string()))),
            }
        }
        let silent = Scan::Running { location: None, not_before: Some(now()) };
        assert_eq!(Scanned::of_question(Ok(silent), LINK), Ok(Scanned::Running(LINK.to_owned(), Some(now()))));
    }
}
