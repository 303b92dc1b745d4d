//! A line of the worker's log in short form: the time of the day, the level, the event and its fields, ids by their last
//! part. What is no line of the worker's is left as it is.

use serde_json::{Map, Value};

/// Fields that say where a line comes from, or that its short form has already.
const LEFT_OUT: [&str; 8] =
    ["timestamp", "level", "event", "message", "spans", "target", "subscription", "observed_to_fixed_seconds"];

/// The longest text of a field, in characters.
const LONGEST: usize = 100;

/// The short form of a line.
pub(super) fn short(line: &str) -> String {
    let Ok(Value::Object(entry)) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let time = text("timestamp").split_once('T').map_or("", |(_, time)| time.get(..8).unwrap_or_default());
    let what = if text("event").is_empty() { text("message") } else { text("event") };
    let mut short = format!("{time} {:5} {what}", text("level"));
    fields(&entry).for_each(|field| short.push_str(&field));
    short
}

fn fields(entry: &Map<String, Value>) -> impl Iterator<Item = String> {
    entry.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())).filter_map(|(name, value)| {
        let value = match value {
            Value::Null => return None,
            Value::String(text) => brief(text),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => brief(&value.to_string()),
        };
        Some(format!("  {name}={value}"))
    })
}

/// An id by its last part, any other text by its beginning.
fn brief(text: &str) -> String {
    let is_id = text.starts_with('/') && !text.contains(char::is_whitespace);
    let text = if is_id { text.rsplit('/').next().unwrap_or(text) } else { text };
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_is_told_by_time_level_event_and_fields() {
        let line = json!({
            "timestamp": "2026-01-02T03:04:05.678Z", "level": "WARN", "message": "parked", "event": "resource_parked",
            "target": "ab12", "resource": "/subscriptions/s/providers/a.b/c/st1", "reason": "permanentFailure",
            "attempt": 2, "task": null, "spans": [{ "name": "pass" }],
        });
        let told = "03:04:05 WARN  resource_parked  resource=st1  reason=permanentFailure  attempt=2";
        assert_eq!(short(&line.to_string()), told);
    }

    #[test]
    fn long_texts_are_cut_and_what_is_no_entry_stays() {
        let line = json!({ "level": "INFO", "message": "hello", "words": "ü".repeat(200) }).to_string();
        assert!(short(&line).ends_with(&format!("hello  words={}…", "ü".repeat(100))), "{}", short(&line));
        assert_eq!(short("The worker has ended."), "The worker has ended.");
        assert_eq!(short("[1]"), "[1]");
    }
}
