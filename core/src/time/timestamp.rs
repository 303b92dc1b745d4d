//! Times as Azure writes them. The Functions host re-serialises event times and may drop the zone, so a missing zone is UTC.
//! What comes from outside is taken within bounds only: a span can be added to any time that was read here, and it can be written.

use serde::{Deserialize, Deserializer};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// A point in time, always compared as such, whatever its offset.
pub type Timestamp = OffsetDateTime;

/// The years that are believed. Azure Policy is younger, and no evaluation is of the far future.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2999;

/// Reads an ISO 8601 time with or without a zone, with any number of fractional digits. `None` when it is neither, or not of
/// the years 2000 to 2999.
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let bare = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .or_else(|| PrimitiveDateTime::parse(text, &bare).ok().map(PrimitiveDateTime::assume_utc))
        .and_then(|at| at.checked_to_offset(UtcOffset::UTC))
        .filter(|at| YEARS.contains(&at.year()))
}

/// The time as logs and messages tell it: RFC 3339, in UTC.
#[must_use]
pub fn time_text(at: Timestamp) -> String {
    at.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// [`parse_time`] for serde.
///
/// # Errors
/// When the text is no time that [`parse_time`] takes.
pub fn deserialize_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom("not an ISO 8601 time of the years 2000 to 2999");
    parse_time(&text).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_that_the_host_and_event_grid_write_are_the_same_time() {
        let expected = parse_time("2021-03-27T18:37:42.4496956Z").unwrap();
        for text in
            ["2021-03-27T18:37:42.4496956", "2021-03-27T19:37:42.4496956+01:00", "2021-03-27T18:37:42.44969560Z"]
        {
            assert_eq!(parse_time(text), Some(expected), "{text}");
        }
        assert_eq!(parse_time("yesterday"), None);
        assert!(parse_time("2021-03-27T18:37:42Z").is_some());
    }

    #[test]
    fn a_time_is_told_as_it_is_read() {
        let at = parse_time("2021-03-27T19:37:42.5+01:00").unwrap();
        assert_eq!(time_text(at), "2021-03-27T18:37:42.5Z");
        assert_eq!(parse_time(&time_text(at)), Some(at));
    }

    #[test]
    fn a_time_that_cannot_be_reckoned_with_is_refused() {
        for text in [
            "9999-12-31T23:59:59-01:00",
            "9999-12-31T23:59:59Z",
            "3000-01-01T00:00:00Z",
            "2999-12-31T23:30:00-01:00",
            "2000-01-01T00:30:00+01:00",
            "1999-12-31T23:59:59.9999999",
            "0000-01-01T00:00:00+01:00",
            "0001-01-01T00:00:00",
            "-0001-01-01T00:00:00",
            "-2026-01-01T00:00:00",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert!(parse_time("2999-12-31T23:59:59Z").is_some() && parse_time("2000-01-01T00:00:00").is_some());
    }

    /// Something like a time, with a sign, a field or a zone that no clock shows; sometimes cut short.
    fn like_a_time() -> impl Strategy<Value = String> {
        let date = ("[+-]?", prop_oneof![Just(0), Just(9_999), 0_i32..12_000], 0_u8..14, 0_u8..33);
        let time = (0_u8..26, 0_u8..62, 0_u8..62, "(\\.[0-9]{0,12})?");
        let zone = prop_oneof![Just(String::new()), Just("Z".to_owned()), "[+-][0-9]{2}:[0-9]{2}"];
        (date, time, zone, 0_usize..60).prop_map(|((sign, y, m, d), (h, min, s, fraction), zone, length)| {
            let text = format!("{sign}{y:04}-{m:02}-{d:02}T{h:02}:{min:02}:{s:02}{fraction}{zone}");
            text.chars().take(length.max(10)).collect()
        })
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_a_time_that_can_be_written_and_reckoned_with(text in prop_oneof![4 => like_a_time(), 1 => any::<String>()]) {
            if let Some(at) = parse_time(&text) {
                prop_assert!(at.offset().is_utc() && YEARS.contains(&at.year()), "{text}");
                prop_assert_eq!(parse_time(&at.format(&Rfc3339).unwrap()), Some(at));
                let longest = time::Duration::days(3_650);
                prop_assert!(at.checked_add(longest).is_some() && at.checked_sub(longest).is_some());
            }
        }
    }
}
