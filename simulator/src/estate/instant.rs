//! Points in time as the policy services write them: RFC 3339 in UTC with ticks of 100 ns, trailing zeros dropped
//! (recordings of Policy Insights show both `…04.6401908Z` and `…05.064047Z`).

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Writes an instant with at most seven decimals.
pub fn instant_text(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    let ticks = format!("{:07}", at.nanosecond() / 100);
    let ticks = ticks.trim_end_matches('0');
    if !ticks.is_empty() {
        text.push('.');
        text.push_str(ticks);
    }
    text.push('Z');
    text
}

/// Reads an RFC 3339 instant; a blank instead of the `T` is accepted, as the service's own query links use it.
pub fn parse_instant(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    let parsed = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&text.replacen(' ', "T", 1), &Rfc3339))
        .or_else(|_| OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339))
        .ok()?;
    Some(parsed.to_offset(UtcOffset::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_with_up_to_seven_decimals() {
        for (read, written) in [
            ("2022-01-13T23:11:04.6401908Z", "2022-01-13T23:11:04.6401908Z"),
            ("2022-01-13T23:11:05.0640470Z", "2022-01-13T23:11:05.064047Z"),
            ("2022-01-13T23:11:05.123456789Z", "2022-01-13T23:11:05.1234567Z"),
            ("2022-01-14T01:11:05+02:00", "2022-01-13T23:11:05Z"),
            ("2019-10-12 19:48:53Z", "2019-10-12T19:48:53Z"),
            ("2019-10-12", "2019-10-12T00:00:00Z"),
        ] {
            assert_eq!(parse_instant(read).map(instant_text).as_deref(), Some(written), "{read}");
        }
        assert_eq!(parse_instant("yesterday"), None);
    }
}
