//! The host wraps everything but objects into strings: a text arrives as a JSON string of a JSON string, a list as a string that
//! holds a list. What was wrapped once more or once less (as other hosts and versions do) is accepted too.

use serde_json::Value;

/// The value with its string wrapping taken off, if it holds JSON.
pub(super) fn unwrapped(value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    serde_json::from_str(text).unwrap_or_else(|_| value.clone())
}

/// The list that a value holds, wrapped or not.
pub(super) fn list(value: &Value) -> Option<Vec<Value>> {
    match unwrapped(value) {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

/// The whole number that a value holds, wrapped or not.
pub(super) fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Value::String(text) => text.trim().trim_matches('"').parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wrapped_and_bare_values_are_the_same() {
        assert_eq!(list(&json!("[\"a\",\"b\"]")), list(&json!(["a", "b"])));
        assert_eq!(list(&json!("text")), None);
        assert_eq!(unwrapped(&json!("\"abc\"")), json!("abc"));
        assert_eq!(unwrapped(&json!("abc")), json!("abc"));
        for form in [json!(7), json!("7"), json!("\"7\"")] {
            assert_eq!(number(&form), Some(7), "{form}");
        }
        assert_eq!(number(&json!(-1)), None);
    }
}
