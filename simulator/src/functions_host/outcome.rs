//! What the host makes of the worker's answer. Pure. Source: recordings of a real host (`simulator/recordings`), and
//! DefaultHttpWorkerService of the Functions host.

use super::newtonsoft::{Json, Members, read_first};

/// An invocation that the host counts as failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct InvocationFailed {
    /// The host's words.
    pub words: String,
    /// Its time was over.
    pub timed_out: bool,
}

impl InvocationFailed {
    pub(super) fn failed(words: impl Into<String>) -> Self {
        Self { words: words.into(), timed_out: false }
    }

    /// What the caller of a webhook is told: of most failures nothing.
    pub(super) fn told_of(&self, function: &str) -> String {
        if self.timed_out {
            self.words.clone()
        } else {
            format!("Exception while executing function: Functions.{function}")
        }
    }
}

/// What a complete answer means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    Done(Answer),
    Failed(InvocationFailed),
    /// The host forgets the invocation and waits until the function's time is over: an empty body, or JSON `null`.
    Hangs,
}

/// The members of a good answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) outputs: Members,
    pub(super) logs: Vec<String>,
    pub(super) return_value: Json,
}

/// What is looked at of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered<'a> {
    pub(super) status: u16,
    pub(super) reason: &'a str,
    pub(super) content_type: Option<&'a str>,
    /// `Content-Length`, where it was given.
    pub(super) length: Option<u64>,
    pub(super) body: &'a [u8],
}

pub(super) fn judge(answered: Answered<'_>) -> Verdict {
    let Answered { status, reason, content_type, length, body } = answered;
    if !(200..300).contains(&status) {
        return failed(format!("Response status code does not indicate success: {status} ({reason})."));
    }
    if length == Some(0) || matches!(status, 204 | 205) {
        return Verdict::Hangs;
    }
    let media_type = content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !["application/json", "text/json"].iter().any(|json| media_type.eq_ignore_ascii_case(json)) {
        return invalid(status, reason);
    }
    // What follows the first value is not read.
    match read_first(&String::from_utf8_lossy(body)) {
        Ok(None | Some(Json::Null)) => Verdict::Hangs,
        Ok(Some(Json::Object(members))) => Answer::read(members).map_or_else(|| invalid(status, reason), Verdict::Done),
        Ok(Some(Json::Bool(_) | Json::Whole(_) | Json::Float(_) | Json::Text(_) | Json::Date(_) | Json::List(_)))
        | Err(_) => invalid(status, reason),
    }
}

fn failed(words: String) -> Verdict {
    Verdict::Failed(InvocationFailed::failed(words))
}

fn invalid(status: u16, reason: &str) -> Verdict {
    failed(format!("Invalid HttpResponseMessage: StatusCode: {status}, ReasonPhrase: '{reason}'"))
}

impl Answer {
    /// Member names compare without case; unknown ones are ignored. None where a member is of the wrong kind.
    fn read(members: Members) -> Option<Self> {
        let mut answer = Self { outputs: Members::default(), logs: Vec::new(), return_value: Json::Null };
        for (name, value) in members {
            match (name.to_ascii_lowercase().as_str(), value) {
                ("outputs", Json::Object(outputs)) => answer.outputs = outputs,
                ("outputs" | "logs", Json::Null) => {}
                ("logs", Json::List(lines)) => {
                    answer.logs = lines.iter().map(|line| line.plain().unwrap_or_default()).collect();
                }
                ("outputs" | "logs", _) => return None,
                ("returnvalue", value) => answer.return_value = value,
                _ => {}
            }
        }
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_objects_with_a_good_status_are_success_and_emptiness_hangs() {
        let json = Some("application/json; charset=utf-8");
        type Case = (u16, Option<&'static str>, Option<u64>, &'static str, &'static str);
        let cases: [Case; 18] = [
            (200, json, Some(2), "{}", "done"),
            (202, Some("text/json"), None, "{\"unknown\":1}", "done"),
            (200, json, None, "{\"logs\":null,\"OUTPUTS\":{}}", "done"),
            (200, json, None, "{} and more", "done"),
            (200, json, Some(0), "", "hangs"),
            (200, None, Some(0), "", "hangs"),
            (200, Some("text/plain"), Some(0), "", "hangs"),
            (200, json, None, "", "hangs"),
            (204, None, None, "", "hangs"),
            (200, json, Some(4), "null", "hangs"),
            (200, Some("text/plain"), Some(2), "{}", "failed"),
            (200, None, Some(2), "{}", "failed"),
            (200, Some("text/plain"), None, "", "failed"),
            (200, json, Some(2), "[]", "failed"),
            (200, json, Some(1), "{", "failed"),
            (200, json, Some(9), "{\"Logs\":1}", "failed"),
            (500, json, Some(2), "{}", "failed"),
            (302, json, Some(2), "{}", "failed"),
        ];
        for (status, content_type, length, body, expected) in cases {
            let found = match judge(Answered { status, reason: "", content_type, length, body: body.as_bytes() }) {
                Verdict::Done(_) => "done",
                Verdict::Failed(_) => "failed",
                Verdict::Hangs => "hangs",
            };
            assert_eq!(found, expected, "{status} {content_type:?} {length:?} {body:?}");
        }
    }

    #[test]
    fn a_caller_is_told_of_a_timeout_and_of_nothing_else() {
        let mut failure = InvocationFailed::failed("Response status code does not indicate success: 500 (x).");
        assert_eq!(failure.told_of("f"), "Exception while executing function: Functions.f");
        failure.timed_out = true;
        assert_eq!(failure.told_of("f"), failure.words);
    }
}
