//! When a service that answered 429 wants to be called again.

use azure_core::http::headers::{Headers, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::event::Timestamp;

/// Assumed when a 429 does not tell. The windows that are documented for Resource Manager are of this order.
const SILENT: time::Duration = time::Duration::seconds(30);

/// The floor that the answer tells, in seconds or as a date.
pub(super) fn retry_after(headers: &Headers, now: Timestamp) -> Timestamp {
    let told = headers.get_optional_str(&RETRY_AFTER).map(str::trim);
    let seconds = told.and_then(|t| t.parse::<u32>().ok()).map(|s| now + time::Duration::seconds(i64::from(s)));
    let date = || told.and_then(|t| OffsetDateTime::parse(&t.replace("GMT", "+0000"), &Rfc2822).ok());
    seconds.or_else(date).unwrap_or(now + SILENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse_time;

    #[test]
    fn seconds_dates_and_silence() {
        let now = parse_time("2026-11-21T07:00:00Z").unwrap();
        let told = |text: &str| {
            let mut headers = Headers::new();
            headers.insert(RETRY_AFTER, text.to_owned());
            retry_after(&headers, now)
        };
        assert_eq!(told("17"), parse_time("2026-11-21T07:00:17Z").unwrap());
        assert_eq!(told("Sat, 21 Nov 2026 07:01:00 GMT"), parse_time("2026-11-21T07:01:00Z").unwrap());
        assert_eq!(told("soon"), now + SILENT);
        assert_eq!(retry_after(&Headers::new(), now), now + SILENT);
    }
}
