//! How the host writes values into `Data` and `Metadata`: objects as they are, everything else once more as text in a
//! string. Pure. Source: ScriptInvocationContextExtensions of the Functions host; dates as Newtonsoft.Json writes them.

use time::{OffsetDateTime, UtcOffset, macros::format_description};

use super::newtonsoft::Json;

/// A value on the wire: an object stays one, anything else becomes a string of JSON.
pub(super) fn wire(value: Json) -> Json {
    match value {
        Json::Object(_) => value,
        Json::Null
        | Json::Bool(_)
        | Json::Whole(_)
        | Json::Float(_)
        | Json::Text(_)
        | Json::Date(_)
        | Json::List(_) => Json::Text(value.to_string()),
    }
}

/// A .NET `DateTime` of no kind, alone: whole seconds and no zone.
pub(super) fn plain_date(time: OffsetDateTime) -> Json {
    Json::Text(seconds(time))
}

/// A .NET `DateTimeOffset`, alone: whole seconds and its offset.
pub(super) fn offset_date(time: OffsetDateTime) -> Json {
    Json::Text(seconds(time) + "+00:00")
}

/// A date inside an array or an object, or `UtcNow`: it keeps its fraction. `zone` is what follows: nothing, `Z` or `+00:00`.
pub(super) fn full_date(time: OffsetDateTime, zone: &str) -> Json {
    let ticks = time.nanosecond() / 100;
    let fraction = if ticks == 0 { String::new() } else { format!(".{ticks:07}").trim_end_matches('0').to_owned() };
    Json::Text(format!("{}{fraction}{zone}", seconds(time)))
}

fn seconds(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    time.to_offset(UtcOffset::UTC).format(&format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn everything_but_objects_is_encoded_twice() {
        let cases = [
            (Json::object([("a", Json::whole(1))]), r#"{"a":1}"#),
            (Json::text("abc"), r#""\"abc\"""#),
            (Json::text("{\"a\":1}"), r#""\"{\\\"a\\\":1}\"""#),
            (Json::whole(1), r#""1""#),
            (Json::Null, r#""null""#),
            (Json::List(vec![Json::text("x"), Json::Null]), r#""[\"x\",null]""#),
        ];
        for (value, expected) in cases {
            assert_eq!(wire(value).to_string(), expected);
        }
    }

    #[test]
    fn dates_lose_their_fraction_alone_and_keep_it_in_arrays() {
        let time = datetime!(2026-01-01 01:00:00.123_400 +1);
        assert_eq!(plain_date(time), Json::text("2026-01-01T00:00:00"));
        assert_eq!(offset_date(time), Json::text("2026-01-01T00:00:00+00:00"));
        assert_eq!(full_date(time, ""), Json::text("2026-01-01T00:00:00.1234"));
        assert_eq!(full_date(datetime!(2026-01-01 0:00 UTC), "Z"), Json::text("2026-01-01T00:00:00Z"));
    }
}
