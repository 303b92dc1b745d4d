//! What the host makes of the worker's answer. Pure. Source: DefaultHttpWorkerService of the Functions host, and the
//! ReadAsAsync extensions behind it.

use serde_json::{Map, Value};

/// An invocation that the host counts as failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvocationFailed(
    /// The host's words.
    pub String,
);

/// What a complete answer means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    Done(Answer),
    Failed(InvocationFailed),
    /// The host forgets the invocation and waits until the function's time is over: an empty body, or JSON `null`.
    Hangs,
}

/// The members of a good answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Answer {
    pub(super) outputs: Map<String, Value>,
    pub(super) logs: Vec<String>,
    pub(super) return_value: Value,
}

/// Judges an answer. `length` is the `Content-Length` header, or 0 for a status that never has a body.
pub(super) fn judge(status: u16, content_type: Option<&str>, length: Option<u64>, body: &[u8]) -> Verdict {
    if !(200..300).contains(&status) {
        return failed(format!("Response status code does not indicate success: {status}."));
    }
    let length = if matches!(status, 204 | 205) { Some(0) } else { length };
    let media_type = content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    let is_json = ["application/json", "text/json"].iter().any(|json| media_type.eq_ignore_ascii_case(json));
    if length == Some(0) {
        return Verdict::Hangs;
    }
    if !is_json {
        return failed(format!(
            "No MediaTypeFormatter is available to read an object of type 'HttpScriptInvocationResult' from content with \
             media type '{}'.",
            if media_type.is_empty() { "application/octet-stream" } else { media_type }
        ));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Verdict::Hangs;
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Null) => Verdict::Hangs,
        Ok(Value::Object(members)) => match Answer::read(members) {
            Ok(answer) => Verdict::Done(answer),
            Err(member) => failed(format!("Error converting the member '{member}' of the invocation's answer.")),
        },
        Ok(_) => failed("Cannot deserialize the current JSON into type 'HttpScriptInvocationResult'.".to_owned()),
        Err(error) => failed(format!("The invocation's answer is not JSON: {error}.")),
    }
}

fn failed(words: String) -> Verdict {
    Verdict::Failed(InvocationFailed(words))
}

impl Answer {
    /// Member names compare without case; unknown ones are ignored.
    fn read(members: Map<String, Value>) -> Result<Self, String> {
        let mut answer = Self::default();
        for (name, value) in members {
            match (name.to_ascii_lowercase().as_str(), value) {
                ("outputs", Value::Object(outputs)) => answer.outputs = outputs,
                ("outputs" | "logs", Value::Null) => {}
                ("logs", Value::Array(lines)) => {
                    let text = |line: Value| line.as_str().map_or_else(|| line.to_string(), str::to_owned);
                    answer.logs = lines.into_iter().map(text).collect();
                }
                ("outputs" | "logs", _) => return Err(name),
                ("returnvalue", value) => answer.return_value = value,
                _ => {}
            }
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_objects_with_a_good_status_are_success_and_emptiness_hangs() {
        let json = Some("application/json; charset=utf-8");
        type Case = (u16, Option<&'static str>, Option<u64>, &'static str, &'static str);
        let cases: [Case; 16] = [
            (200, json, Some(2), "{}", "done"),
            (202, Some("text/json"), None, "{\"unknown\":1}", "done"),
            (200, json, None, "{\"logs\":null,\"OUTPUTS\":{}}", "done"),
            (200, json, Some(0), "", "hangs"),
            (200, None, Some(0), "", "hangs"),
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
            let found = match judge(status, content_type, length, body.as_bytes()) {
                Verdict::Done(_) => "done",
                Verdict::Failed(_) => "failed",
                Verdict::Hangs => "hangs",
            };
            assert_eq!(found, expected, "{status} {content_type:?} {length:?} {body:?}");
        }
    }
}
