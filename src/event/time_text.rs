//! Times as Azure writes them. The Functions host re-serialises event times and may drop the zone, so a missing zone is UTC.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// A point in time, always compared as such, whatever its offset.
pub type Timestamp = OffsetDateTime;

/// Reads an ISO 8601 time with or without a zone, with any number of fractional digits. `None` when it is neither.
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let bare = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .or_else(|| PrimitiveDateTime::parse(text, &bare).ok().map(PrimitiveDateTime::assume_utc))
        .map(|at| at.to_offset(time::UtcOffset::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
