//! A digest of what the service was given and no decision reads: whoever approved something approved that as well.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The same for the same values, in whatever order members come; 0 where there is none.
pub(super) fn content<'v>(values: impl IntoIterator<Item = Option<&'v Value>>) -> u64 {
    let is_empty = |value: &Value| value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
    let mut all: Vec<Value> = values.into_iter().map(|value| value.cloned().unwrap_or_default()).collect();
    if all.iter().all(is_empty) {
        return 0;
    }
    all.iter_mut().for_each(Value::sort_all_objects);
    let digest = Sha256::digest(Value::from(all).to_string());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_the_same_for_the_same_values_alone() {
        let of = |value: Value| content([Some(&value), None]);
        let one = json!({ "a": { "x": 1, "y": [1, 2] }, "b": "t" });
        assert_eq!(of(one.clone()), of(json!({ "b": "t", "a": { "y": [1, 2], "x": 1 } })));
        for other in [json!({ "a": { "x": 1, "y": [2, 1] }, "b": "t" }), json!({ "a": one["a"] }), json!([one])] {
            assert_ne!(of(one.clone()), of(other));
        }
        assert_ne!(content([Some(&one), None]), content([None, Some(&one)]));
        assert_eq!([of(json!(null)), of(json!({})), content([None])], [0, 0, 0]);
    }
}
