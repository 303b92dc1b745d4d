//! How the host writes values into `Data` and `Metadata`: objects as they are, everything else once more as text in a
//! string. Pure. Source: ScriptInvocationContextExtensions of the Functions host; dates as Newtonsoft.Json writes them.

use serde_json::{Map, Value};
use time::{OffsetDateTime, UtcOffset, macros::format_description};

/// A value on the wire: an object stays one, anything else becomes a string of JSON.
pub(super) fn wire(value: Value) -> Value {
    match value {
        Value::Object(_) => value,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Value::String(value.to_string())
        }
    }
}

/// A .NET `DateTime` of no kind, alone: whole seconds and no zone.
pub(super) fn plain_date(time: OffsetDateTime) -> Value {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    text(time.to_offset(UtcOffset::UTC).format(&format))
}

/// A .NET `DateTimeOffset`, alone: whole seconds and its offset.
pub(super) fn offset_date(time: OffsetDateTime) -> Value {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+00:00");
    text(time.to_offset(UtcOffset::UTC).format(&format))
}

/// A date inside an array, or `UtcNow`: it keeps its fraction. `zone` is what follows: nothing, `Z` or `+00:00`.
pub(super) fn full_date(time: OffsetDateTime, zone: &str) -> Value {
    let time = time.to_offset(UtcOffset::UTC);
    let seconds = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let seconds = time.format(&seconds).unwrap_or_default();
    Value::String(format!("{seconds}{}{zone}", fraction(time.nanosecond() / 100)))
}

/// What Newtonsoft.Json does to texts that look like dates when it reads and writes JSON: at most seven digits of the
/// fraction, no zeros at its end, and an offset turned into the host's zone, which is UTC in Azure.
pub(super) fn through_newtonsoft(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(date_through_newtonsoft(&text).unwrap_or(text)),
        Value::Array(items) => Value::Array(items.into_iter().map(through_newtonsoft).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, through_newtonsoft(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// Sets a key of the binding data; keys compare without case, and the first spelling stays.
pub(super) fn set(metadata: &mut Map<String, Value>, key: &str, value: Value) {
    let known = metadata.keys().find(|known| known.eq_ignore_ascii_case(key)).cloned();
    metadata.insert(known.unwrap_or_else(|| key.to_owned()), value);
}

fn text(formatted: Result<String, time::error::Format>) -> Value {
    Value::String(formatted.unwrap_or_default())
}

fn fraction(ticks: u32) -> String {
    if ticks == 0 { String::new() } else { format!(".{ticks:07}").trim_end_matches('0').to_owned() }
}

fn date_through_newtonsoft(text: &str) -> Option<String> {
    let (date, rest) = text.split_at_checked(19)?;
    let shape = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let date = time::PrimitiveDateTime::parse(date, &shape).ok()?;
    let digits = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    if rest.starts_with('.') && digits == 0 {
        return None;
    }
    let (digits, zone) = match digits {
        0 => ("", rest),
        digits => (&rest[1..=digits], &rest[1 + digits..]),
    };
    let ticks = format!("{:0<7}", &digits[..digits.len().min(7)]).parse().ok()?;
    let (date, zone) = match zone {
        "" => (date, ""),
        "Z" => (date, "Z"),
        offset => {
            let format = format_description!("[offset_hour sign:mandatory]:[offset_minute]");
            let offset = UtcOffset::parse(offset, &format).ok()?;
            let utc = date.assume_offset(offset).checked_to_offset(UtcOffset::UTC)?;
            (time::PrimitiveDateTime::new(utc.date(), utc.time()), "+00:00")
        }
    };
    // The dates of .NET begin with the year 1 and end with 9999; what is none, also in UTC, stays the text that it is.
    (date.year() >= 1).then_some(())?;
    Some(format!("{}{}{zone}", date.format(&shape).ok()?, fraction(ticks)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    #[test]
    fn everything_but_objects_is_encoded_twice() {
        let cases = [
            (json!({"a": 1}), r#"{"a":1}"#),
            (json!("abc"), r#""\"abc\"""#),
            (json!("{\"a\":1}"), r#""\"{\\\"a\\\":1}\"""#),
            (json!(1), r#""1""#),
            (json!(["x", null]), r#""[\"x\",null]""#),
        ];
        for (value, expected) in cases {
            assert_eq!(wire(value).to_string(), expected);
        }
    }

    #[test]
    fn dates_lose_their_fraction_alone_and_keep_it_in_arrays() {
        let time = datetime!(2026-01-01 01:00:00.123_400 +1);
        assert_eq!(plain_date(time), "2026-01-01T00:00:00");
        assert_eq!(offset_date(time), "2026-01-01T00:00:00+00:00");
        assert_eq!(full_date(time, ""), "2026-01-01T00:00:00.1234");
        assert_eq!(full_date(datetime!(2026-01-01 0:00 UTC), "Z"), "2026-01-01T00:00:00Z");
    }

    #[test]
    fn texts_that_look_like_dates_are_rewritten_and_others_are_not() {
        let cases = [
            ("2023-10-12T20:13:49.640002000Z", "2023-10-12T20:13:49.640002Z"),
            ("2023-10-12T20:13:49.123456789Z", "2023-10-12T20:13:49.1234567Z"),
            ("2023-10-12T20:13:49.000Z", "2023-10-12T20:13:49Z"),
            ("2023-10-12T22:13:49.5+02:00", "2023-10-12T20:13:49.5+00:00"),
            ("2023-10-12T20:13:49", "2023-10-12T20:13:49"),
            ("2023-13-12T20:13:49Z", "2023-13-12T20:13:49Z"),
            ("2023-10-12T20:13:49.Z", "2023-10-12T20:13:49.Z"),
            ("2023-10-12T20:13:49.0Zulu", "2023-10-12T20:13:49.0Zulu"),
            ("2023-10-12", "2023-10-12"),
            ("9999-12-31T23:59:59.1200-01:00", "9999-12-31T23:59:59.1200-01:00"),
            ("0000-01-01T00:00:00.10Z", "0000-01-01T00:00:00.10Z"),
            ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00"),
            ("ünïcödé-text-über-alles", "ünïcödé-text-über-alles"),
        ];
        for (text, expected) in cases {
            assert_eq!(through_newtonsoft(json!([{ "t": text }])), json!([{ "t": expected }]));
        }
    }
}
