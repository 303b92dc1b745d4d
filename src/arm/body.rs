//! The text of an answer's body as JSON. What services and the gateways before them do to bodies costs as little as can be: a byte order
//! mark, a byte that is no UTF-8, and half a character, which a service leaves behind that cuts its texts.

use std::borrow::Cow;

use serde_json::Value;

use super::words::cut;

/// The text of a body.
pub(super) fn text(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body))
}

/// The value of a text that is JSON.
///
/// # Errors
/// In words that hold nothing of the body.
pub(super) fn value(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&mended(text))).map_err(|error| why(text, &error))
}

/// Why a text cannot be read.
pub(super) fn why(text: &str, error: &serde_json::Error) -> String {
    match text.trim_start().chars().next() {
        None => "the body is empty".to_owned(),
        Some('<') => "the body is HTML or XML, not JSON".to_owned(),
        Some(_) => format!("the body is no JSON as documented: {}", cut(error.to_string())),
    }
}

/// The text without escapes that stand for half a character.
fn mended(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (half(rest), rest.get(6..).and_then(half)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(_), _) => {
                mended.push_str("\\uFFFD");
                rest = &rest[6..];
                continue;
            }
            (None, _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    mended + rest
}

/// The half of a character that an escape at the beginning of the text stands for.
fn half(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok().filter(|half| (0xD800..=0xDFFF).contains(half))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_bad_bytes_and_halves_of_characters_cost_only_themselves() {
        for (body, read) in [
            (&b"\xEF\xBB\xBF\"a\""[..], "a"),
            (b"\"\xFFa\"", "\u{FFFD}a"),
            (br#""\ud83d""#, "\u{FFFD}"),
            (br#""\ud83dabc""#, "\u{FFFD}abc"),
            (br#""\ude00\ud83d\ude00\\ud83d""#, "\u{FFFD}\u{1F600}\\ud83d"),
            (br#""\ud83d\n""#, "\u{FFFD}\n"),
        ] {
            assert_eq!(value(&text(body)), Ok(Value::from(read)), "{body:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_without_the_body() {
        assert_eq!(value(""), Err("the body is empty".to_owned()));
        assert_eq!(value(" <html>secret"), Err("the body is HTML or XML, not JSON".to_owned()));
        let words = value("secret").unwrap_err();
        assert!(words.contains("no JSON") && !words.contains("secret"), "{words}");
    }

    proptest! {
        #[test]
        fn a_text_without_halves_stays_as_it_is(text in r#"[a\\"nü😀]{0,12}"#) {
            prop_assert_eq!(mended(&text), text.clone());
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(value(&json), Ok(Value::from(text)));
        }

        #[test]
        fn any_text_is_mended_without_a_panic(text in r#"(\\ud8|\\u|[\\d8cC0ü"]){0,12}"#) {
            let once = mended(&text);
            prop_assert_eq!(mended(&once), once.clone());
        }
    }
}
