//! When a service that answered 429 wants to be called again.

use std::time::Duration;

use azure_core::http::headers::{HeaderName, Headers, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use remediation::time::Timestamp;

use crate::azure::header;

/// When the quota of Resource Graph is whole again, as `hh:mm:ss` (Microsoft documentation, "Guidance for throttled requests in Azure
/// Resource Graph").
const RESETS_AFTER: HeaderName = HeaderName::from_static("x-ms-user-quota-resets-after");

/// Assumed when a 429 does not tell. The windows that are documented for Resource Manager are of this order.
const SILENT: time::Duration = time::Duration::seconds(30);

/// Shortest and longest floor that is believed. One that is already over would let the call be made again at once; one of
/// days would leave a customer alone for what is most likely a mistake.
const SHORTEST: time::Duration = time::Duration::seconds(1);
const LONGEST: time::Duration = time::Duration::hours(24);

/// The floor of a 429: as it tells, or assumed.
pub(super) fn retry_after(headers: &Headers, now: Timestamp) -> Timestamp {
    told(headers, now).unwrap_or(now + SILENT)
}

/// The floor that the answer tells, in seconds or as a date.
pub(super) fn told(headers: &Headers, now: Timestamp) -> Option<Timestamp> {
    let told = header(headers, &RETRY_AFTER).map(str::trim);
    let seconds = told.and_then(|t| t.parse::<f64>().ok()).filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
    let seconds = seconds.map(time::Duration::saturating_seconds_f64);
    let date = || told.and_then(|t| OffsetDateTime::parse(&t.replace("GMT", "+0000"), &Rfc2822).ok());
    let of_graph = || quota_resets_after(headers)?.try_into().ok();
    let wait = seconds.or_else(|| date().map(|date| date - now)).or_else(of_graph)?;
    Some(now + wait.clamp(SHORTEST, LONGEST))
}

/// How long the quota of Resource Graph takes to be whole again, as far as the answer tells.
pub(super) fn quota_resets_after(headers: &Headers) -> Option<Duration> {
    let mut parts = header(headers, &RESETS_AFTER)?.trim().split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let sound = parts.next().is_none() && hours < 24 && minutes < 60 && seconds < 60;
    sound.then(|| Duration::from_secs(hours * 3_600 + minutes * 60 + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::time::parse_time;

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
        assert_eq!(told("17.0"), told("17"));
        assert_eq!(told("1e300"), now + LONGEST);
        for odd in ["soon", "-5", "NaN", "inf", ""] {
            assert_eq!(told(odd), now + SILENT, "{odd}");
        }
        for past in ["0", "Sat, 21 Nov 2026 07:00:00 GMT", "Sat, 21 Nov 2026 06:00:00 GMT"] {
            assert_eq!(told(past), now + SHORTEST, "{past}");
        }
        assert_eq!(told("86399"), now + time::Duration::seconds(86_399));
        for far in ["86401", "4294967295", "Sun, 21 Nov 2027 07:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(told(far), now + LONGEST, "{far}");
        }
        assert_eq!(retry_after(&Headers::new(), now), now + SILENT);
        for (text, wait) in
            [("00:00:03", Some(3)), ("01:00:05", Some(3_605)), ("3", None), ("00:61:00", None), ("", None)]
        {
            let mut headers = Headers::new();
            headers.insert(RESETS_AFTER, text.to_owned());
            let wait = wait.map_or(SILENT, time::Duration::seconds);
            assert_eq!(retry_after(&headers, now), now + wait, "{text}");
        }
    }
}
