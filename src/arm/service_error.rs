//! The error of a service: in the body of a refusal, or with a deployment that failed. The outermost often says only that something
//! failed; the cause is the innermost that has a code. Each member counts only as far as it is there.

use serde_json::Value;

use crate::arm::body;

use super::lenient::text;
use super::words::{cut, join};

/// Errors within errors that are followed.
const DEPTH: usize = 16;
/// Details of an error that are looked at.
const BREADTH: usize = 32;

/// Members that hold an inner error. Services differ in case.
const INNER: [&str; 9] = [
    "innererror",
    "innerError",
    "InnerError",
    "error",
    "Error",
    "inner_error",
    "innerException",
    "statusMessage",
    "info",
];
/// Members that hold a list of inner errors, or one.
const DETAILS: [&str; 5] = ["details", "Details", "errors", "Errors", "additionalInfo"];

/// Members that hold an error's words.
const MESSAGE: [&str; 2] = ["message", "Message"];

/// Code and words of an error, as far as it has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServiceError {
    /// The innermost code that there is.
    pub(super) code: String,
    /// The words from the outermost to the innermost, cut.
    pub(super) message: String,
}

impl ServiceError {
    /// The error that a refusal's body tells. A text of any other kind is its words.
    pub(super) fn of_body(body: &[u8]) -> Self {
        let text = body::text(body);
        match body::value(&text) {
            Ok(value) if value.is_object() => Self::of(wrapped(&value).unwrap_or(&value)),
            Ok(_) | Err(_) => Self { code: String::new(), message: cut(text.trim().to_owned()) },
        }
    }

    /// The error that stands in an answer.
    pub(super) fn of(error: &Value) -> Self {
        let unfolded = unfolded(error, DEPTH);
        let chain = chain(&unfolded);
        let code = chain.iter().rev().find_map(|error| code(error)).unwrap_or_default();
        let mut messages: Vec<String> = Vec::new();
        for message in chain.iter().flat_map(|error| message(error).into_iter().chain(denied_by(error))) {
            if !messages.iter().any(|known| known.contains(&message)) {
                messages.push(message);
            }
        }
        Self { code: cut(code), message: join(messages) }
    }
}

/// The policy assignments that deny, where they stand beside the words (`additionalInfo` of the type `PolicyViolation`; Microsoft
/// documentation, "RequestDisallowedByPolicy error").
fn denied_by(error: &Value) -> Option<String> {
    let all = error.get("additionalInfo").and_then(Value::as_array)?.iter().take(BREADTH);
    let id = |one: &Value| one.pointer("/info/policyAssignmentId").and_then(Value::as_str).map(str::to_owned);
    let ids: Vec<_> = all.filter_map(id).map(|id| format!("'{id}'")).collect();
    (!ids.is_empty()).then(|| format!("Denied by policy assignment {}.", ids.join(", ")))
}

/// The error with what its messages hold as JSON text put into its details: some services tell the cause like that.
fn unfolded(error: &Value, depth: usize) -> Value {
    let mut error = error.clone();
    let Some(depth) = depth.checked_sub(1) else { return error };
    let Some(members) = error.as_object_mut() else { return error };
    for details in DETAILS {
        let Some(details) = members.get_mut(details) else { continue };
        // Some have one detail instead of a list: it must not be lost where another comes beside it.
        if details.is_object() {
            *details = Value::Array(vec![details.take()]);
        }
        let all = details.as_array_mut().into_iter().flatten();
        all.take(BREADTH).for_each(|one| *one = unfolded(one, depth));
    }
    for member in INNER {
        if let Some(inner) = members.get_mut(member) {
            *inner = unfolded(inner, depth);
        }
    }
    let told = MESSAGE.iter().filter_map(|member| members.get(*member)).find_map(in_message);
    if let Some(told) = told {
        let told = unfolded(&told, depth);
        match members.get_mut("details").and_then(Value::as_array_mut) {
            Some(all) => all.insert(0, told),
            None => drop(members.insert("details".to_owned(), Value::Array(vec![told]))),
        }
    }
    error
}

/// The error that a message holds: as text, or as it is.
fn in_message(message: &Value) -> Option<Value> {
    match message {
        Value::String(text) => in_text(text),
        Value::Object(_) => Some(wrapped(message).unwrap_or(message)).filter(|error| is_error(error)).cloned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

fn is_error(value: &Value) -> bool {
    code(value).is_some() || message(value).is_some()
}

/// The error that stands as JSON in a text, whatever stands around it: the first object that can be read and is an error.
fn in_text(text: &str) -> Option<Value> {
    let begins = text.match_indices('{').map(|(place, _)| place).take(BREADTH);
    let read = |place: usize| serde_json::Deserializer::from_str(&text[place..]).into_iter::<Value>().next()?.ok();
    let found = begins.filter_map(read).map(|value| wrapped(&value).cloned().unwrap_or(value)).find(is_error);
    // As it stands in a log or on a page, its quotes may be escaped once more.
    let found = found.or_else(|| text.contains("&quot;").then(|| in_text(&text.replace("&quot;", "\"")))?);
    found.or_else(|| text.contains("\\\"").then(|| in_text(&unescaped(text)))?)
}

/// A text with one layer of escapes taken away.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => letters.next().filter(|escaped| !"nrt".contains(*escaped)).unwrap_or(' '),
            letter => letter,
        });
    }
    plain
}

/// The error within its wrapping.
fn wrapped(body: &Value) -> Option<&Value> {
    ["error", "odata.error"].iter().find_map(|member| body.get(member)).filter(|error| !error.is_null())
}

/// The error and those within it, down to the first that has a code and none within that has one. Where none within has a
/// code, their words still tell something.
fn chain(error: &Value) -> Vec<&Value> {
    let mut chain = vec![error];
    while chain.len() < DEPTH {
        let Some(last) = chain.last() else { break };
        let inner = inner(last);
        let next = inner.iter().find(|inner| has_code(inner, DEPTH - chain.len())).or(inner.first());
        match next {
            Some(next) => chain.push(next),
            None => break,
        }
    }
    chain
}

fn inner(error: &Value) -> Vec<&Value> {
    let list = |details| error.get(details).and_then(Value::as_array).into_iter().flatten().take(BREADTH);
    let one = |member: &&str| error.get(*member);
    let details = DETAILS.into_iter().flat_map(list).chain(DETAILS.iter().filter_map(one));
    details.chain(INNER.iter().filter_map(one)).filter(|inner| inner.is_object()).collect()
}

fn has_code(error: &Value, depth: usize) -> bool {
    code(error).is_some() || (depth > 0 && inner(error).iter().any(|inner| has_code(inner, depth - 1)))
}

fn code(error: &Value) -> Option<String> {
    // `{"error":"invalid_grant"}`: of an identity service. A text with blanks is no code.
    let plain = error.as_str().filter(|text| !text.contains(' ')).map(str::to_owned);
    let told = |member: &&str| error.get(*member).and_then(text).filter(|code| !code.is_empty());
    ["code", "Code", "errorCode"].iter().find_map(told).or(plain).filter(|code| !code.is_empty())
}

fn message(error: &Value) -> Option<String> {
    let told = |message: &Value| text(message.get("value").unwrap_or(message)).filter(|message| !message.is_empty());
    let plain = Some(error).filter(|error| error.as_str().is_some_and(|text| text.contains(' ')));
    MESSAGE.iter().filter_map(|member| error.get(member)).chain(plain).find_map(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn of(error: &Value) -> (String, String) {
        let ServiceError { code, message } = ServiceError::of(error);
        (code, message)
    }

    fn pair(code: &str, message: &str) -> (String, String) {
        (code.to_owned(), message.to_owned())
    }

    #[test]
    fn an_error_that_stands_as_json_in_a_message_is_an_inner_one() {
        let linked = r#"{ "error": { "code": "LinkedAuthorizationFailed", "message": "no right" } }"#;
        let read = |message: &str| of(&json!({ "code": "BadRequest", "message": message }));
        assert_eq!(read(linked).0, "LinkedAuthorizationFailed");
        assert_eq!(read(&format!("It failed: {linked} (request 5).")).0, "LinkedAuthorizationFailed");
        let twice = json!({ "error": { "code": "Outer", "message": linked } }).to_string();
        assert_eq!(read(&twice).0, "LinkedAuthorizationFailed");
        let escaped = linked.replace('"', "\\\"");
        assert_eq!(read(&format!("Inner Error: '{escaped}'.")).0, "LinkedAuthorizationFailed");
        let one = |member: &str| of(&json!({ "code": "A", member: { "code": "B", "message": linked } })).0;
        for member in INNER.into_iter().chain(DETAILS) {
            assert_eq!(one(member), "LinkedAuthorizationFailed", "{member}");
        }
        assert_eq!(read(&linked.replace('"', "&quot;")).0, "LinkedAuthorizationFailed");
        let held = serde_json::from_str::<Value>(linked).unwrap();
        assert_eq!(of(&json!({ "code": "BadRequest", "message": held })).0, "LinkedAuthorizationFailed");
        let listed = json!({ "type": "Inner", "info": held["error"] });
        assert_eq!(of(&json!({ "code": "A", "additionalInfo": [listed] })).0, "LinkedAuthorizationFailed");
        for no_error in ["{ braces } and {\"a\":5}", "{", "{}", "{0}"] {
            assert_eq!(read(no_error), pair("BadRequest", no_error), "{no_error}");
        }
    }

    #[test]
    fn one_detail_and_a_list_are_followed_alike_in_either_case_and_none_is_lost() {
        let plain = r#"{ "message": "words" }"#;
        let linked = r#"{ "error": { "code": "B", "message": "b" } }"#;
        for member in DETAILS {
            for (detail, expected) in [(json!({ "code": "B" }), "B"), (json!({ "message": linked }), "B")] {
                for held in [detail.clone(), json!([detail]), json!([{ "message": "c" }, detail])] {
                    for message in ["a", plain] {
                        let error = json!({ "code": "A", "message": message, member: held });
                        assert_eq!(of(&error).0, expected, "{error}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_empty_member_does_not_hide_the_other_spelling() {
        assert_eq!(of(&json!({ "code": "", "errorCode": "A", "message": "a" })), pair("A", "a"));
        assert_eq!(
            of(&json!({ "code": null, "Code": "", "errorCode": 5, "message": "", "Message": "a" })),
            pair("5", "a")
        );
        let linked = r#"{ "code": "B" }"#;
        assert_eq!(of(&json!({ "code": "A", "message": null, "Message": linked })).0, "B");
    }

    #[test]
    fn the_code_is_the_innermost_that_there_is() {
        let deep = json!({ "code": "A", "message": "a", "details": [
            { "message": "b", "details": null },
            { "code": null, "message": "c", "details": [{ "code": "D", "message": "d", "innererror": { "message": "e" } }] },
        ] });
        assert_eq!(of(&deep), pair("D", "a c d e"));
        for (error, expected) in [
            (json!({ "code": "A", "message": "a", "details": [{ "message": "b" }] }), pair("A", "a b")),
            (json!({ "code": "A", "message": "a", "details": [{ "code": "", "message": "b" }] }), pair("A", "a b")),
            (json!({ "code": "A", "message": "a", "details": [] }), pair("A", "a")),
            (json!({ "code": "A", "message": "a", "details": [null, "x", { "code": "B" }] }), pair("B", "a")),
            (json!({ "code": "A", "message": null, "details": "none" }), pair("A", "")),
            (json!({ "code": null, "message": "a" }), pair("", "a")),
            (json!({ "code": 409, "message": "a" }), pair("409", "a")),
            (
                json!({ "code": "A", "innererror": { "code": "B", "innererror": { "code": "C", "message": "c" } } }),
                pair("C", "c"),
            ),
            (json!({ "code": "A", "message": { "lang": "en", "value": "a" } }), pair("A", "a")),
            (json!({ "code": "A", "message": "a b", "details": [{ "code": "B", "message": "b" }] }), pair("B", "a b")),
            (Value::Null, pair("", "")),
        ] {
            assert_eq!(of(&error), expected, "{error}");
        }
    }

    #[test]
    fn a_policy_that_denies_is_named_where_it_stands_beside_the_words() {
        let info = |id: &str| json!({ "type": "PolicyViolation", "info": { "policyAssignmentId": id } });
        let inner = json!({ "code": "RequestDisallowedByPolicy", "message": "Disallowed by policy.", "additionalInfo": [info("/a"), 5, { "info": null }, info("/b")] });
        let (code, message) = of(&json!({ "code": "DeploymentFailed", "message": "It failed.", "details": [inner] }));
        assert_eq!(code, "RequestDisallowedByPolicy");
        assert!(message.ends_with("Disallowed by policy. Denied by policy assignment '/a', '/b'."), "{message}");
        for odd in [json!([]), json!("x"), json!([{ "info": { "policyAssignmentId": 5 } }])] {
            assert_eq!(of(&json!({ "code": "A", "message": "a", "additionalInfo": odd })), pair("A", "a"));
        }
    }

    #[test]
    fn a_body_of_any_kind_keeps_its_words() {
        let of = |body: &str| of_body(body.as_bytes());
        fn of_body(body: &[u8]) -> (String, String) {
            let ServiceError { code, message } = ServiceError::of_body(body);
            (code, message)
        }
        assert_eq!(of(r#"{"error":{"code":"A","message":null}}"#), pair("A", ""));
        assert_eq!(of(r#"{"error":{"code":null,"message":"a"}}"#), pair("", "a"));
        assert_eq!(of(r#"{"code":"A","message":"a"}"#), pair("A", "a"));
        assert_eq!(of(r#"{"error":null,"Message":"a"}"#), pair("", "a"));
        assert_eq!(of(r#"{"error":"invalid_token"}"#), pair("invalid_token", ""));
        assert_eq!(of(r#"{"error":"It is locked."}"#), pair("", "It is locked."));
        assert_eq!(of(r#"{"odata.error":{"code":"A","message":{"value":"a"}}}"#), pair("A", "a"));
        assert_eq!(of(" <html>Bad Gateway</html> "), pair("", "<html>Bad Gateway</html>"));
        assert_eq!(of(""), pair("", ""));
        assert_eq!(of_body(b"\xEF\xBB\xBF{\"error\":{\"code\":\"A\"}}"), pair("A", ""));
        let (_, cut) = of(&"x".repeat(10_000));
        assert!(cut.ends_with("… (cut, 10000 bytes)") && cut.len() < 4_200, "{}", cut.len());
    }

    fn any_error() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(json!(5)),
            "[A-Z]{0,2}".prop_map(|text| json!({ "code": text, "message": text })),
        ];
        leaf.prop_recursive(5, 40, 3, |inner| {
            let member = proptest::sample::select(vec!["details", "innererror"]);
            (proptest::option::of("[A-Z]{1,2}"), member, proptest::collection::vec(inner, 0..3)).prop_map(
                |(code, member, inner)| match member {
                    "details" => json!({ "code": code, "message": code, "details": inner }),
                    _ => json!({ "code": code, "message": code, "innererror": inner.first() }),
                },
            )
        })
    }

    proptest! {
        #[test]
        fn an_error_that_has_a_code_anywhere_has_a_code(error in any_error()) {
            prop_assert_eq!(ServiceError::of(&error).code.is_empty(), !has_code(&error, DEPTH));
        }

        #[test]
        fn an_inner_error_without_a_code_changes_none(error in any_error()) {
            let mut outer = json!({ "code": "Outer", "details": [{ "message": "words" }] });
            outer["details"].as_array_mut().unwrap().push(error.clone());
            let wanted = if error.is_object() && has_code(&error, DEPTH) { ServiceError::of(&error).code } else { "Outer".to_owned() };
            prop_assert_eq!(ServiceError::of(&outer).code, wanted);
        }
    }

    #[test]
    fn nesting_is_followed_so_far_and_no_farther() {
        let mut error = json!({ "code": "Innermost" });
        for _ in 0..100 {
            error = json!({ "code": "Outer", "details": [error] });
        }
        assert_eq!(ServiceError::of(&error).code, "Outer");
    }
}
