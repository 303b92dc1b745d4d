//! What an answer about an evaluation means for who waits for it.

use remediation::fact::Scanned;

use super::error::ArmError;
use super::evaluations::Scan;

/// The meaning of the answer to a request. One whose answer is lost may have been done, so it is not repeated.
#[must_use]
pub fn of_request(answer: Result<Scan, ArmError>) -> Scanned {
    match answer {
        Ok(scan) => of(scan, None),
        Err(ArmError::Held { .. } | ArmError::NotSent { .. }) => Scanned::NotSent,
        Err(error @ ArmError::Throttled { until, .. }) => Scanned::Throttled(until, error.to_string()),
        Err(
            error @ (ArmError::NotFound { .. }
            | ArmError::Refused { .. }
            | ArmError::Lost { .. }
            | ArmError::Unauthorized { .. }
            | ArmError::Unreadable { .. }),
        ) => Scanned::Unavailable(error.to_string()),
    }
}

/// The meaning of the answer to a question at this link.
///
/// # Errors
/// When Resource Manager is to be left alone.
pub fn of_question(answer: Result<Scan, ArmError>, link: &str) -> Result<Scanned, ArmError> {
    match answer {
        Ok(scan) => Ok(of(scan, Some(link))),
        Err(error @ (ArmError::Held { .. } | ArmError::Throttled { .. })) => Err(error),
        Err(ArmError::NotSent { .. } | ArmError::Lost { .. } | ArmError::Unauthorized { .. }) => {
            Ok(Scanned::Unanswered)
        }
        Err(error @ (ArmError::NotFound { .. } | ArmError::Refused { .. } | ArmError::Unreadable { .. })) => {
            Ok(Scanned::Unavailable(error.to_string()))
        }
    }
}

fn of(scan: Scan, link: Option<&str>) -> Scanned {
    match scan {
        Scan::Running { location, not_before } => match location.or(link.map(str::to_owned)) {
            Some(location) => Scanned::Running(location, not_before),
            None => Scanned::Unavailable("the answer does not say where to ask after it".to_owned()),
        },
        Scan::Ended => Scanned::Ended,
        Scan::Failed(word) => Scanned::Unavailable(format!("it ended as {word}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fact::CallKind;
    use remediation::fixture::now;

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
            let scanned = of_request(Err(error.clone()));
            match kind {
                "held" | "not sent" => assert_eq!(scanned, Scanned::NotSent),
                "throttled" => assert_eq!(scanned, Scanned::Throttled(now(), error.to_string())),
                _ => assert_eq!(scanned, Scanned::Unavailable(error.to_string())),
            }
        }
        let running =
            |location: Option<&str>| Scan::Running { location: location.map(str::to_owned), not_before: None };
        assert_eq!(of_request(Ok(running(Some(LINK)))), Scanned::Running(LINK.to_owned(), None));
        assert!(matches!(of_request(Ok(running(None))), Scanned::Unavailable(_)));
        assert_eq!(of_request(Ok(Scan::Ended)), Scanned::Ended);
        assert!(matches!(of_request(Ok(Scan::Failed("Failed".to_owned()))), Scanned::Unavailable(_)));
    }

    #[test]
    fn a_question_is_asked_again_unless_its_answer_is_final() {
        for (error, kind) in errors() {
            let scanned = of_question(Err(error.clone()), LINK);
            match kind {
                "held" | "throttled" => assert_eq!(scanned, Err(error)),
                "not sent" | "lost" => assert_eq!(scanned, Ok(Scanned::Unanswered)),
                _ => assert_eq!(scanned, Ok(Scanned::Unavailable(error.to_string()))),
            }
        }
        let silent = Scan::Running { location: None, not_before: Some(now()) };
        assert_eq!(of_question(Ok(silent), LINK), Ok(Scanned::Running(LINK.to_owned(), Some(now()))));
    }
}
