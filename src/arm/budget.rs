//! What an answer tells of the calls that are left. Who calls on until nothing is left meets a 429, and so does everybody
//! else who shares the budget; so when little is left the quota rests for a while. Pure: headers in, a floor out.

use std::time::Duration;

use azure_core::http::headers::{HeaderName, Headers};

use remediation::time::Timestamp;

use crate::azure::header;

use super::retry_after::quota_resets_after;

/// A header that counts down, and what is done when it has come down to `low`.
struct Mark {
    header: HeaderName,
    /// So few calls left, or fewer, and the quota rests.
    low: u64,
    pause: Duration,
}

const fn mark(header: &'static str, low: u64, pause: Duration) -> Mark {
    Mark { header: HeaderName::from_static(header), low, pause }
}

/// An instance makes one call at a time to a quota, so ten left are enough for ten instances to end theirs.
const FEW: u64 = 10;
/// For a budget that is a service's own and may be small: one began at 9 in recordings, which must not count as low.
const LAST: u64 = 2;

/// Reads come back at 25 a second, so a second brings more than was kept back (Microsoft documentation, "Understand how
/// Azure Resource Manager throttles requests"; the budgets of the tenant and of all principals refill no slower).
const READS: Duration = Duration::from_secs(1);
/// Writes come back at 10 a second (same source).
const WRITES: Duration = Duration::from_secs(2);
/// How a service's own budget comes back is documented nowhere. That of Microsoft.PolicyInsights holds 150, and two official
/// recordings fit calls that count for a minute each: after a minute without a call all of it is there.
const UNKNOWN: Duration = Duration::from_secs(60);

/// The names are those of the same page and of recorded answers; the third is that of recordings of 2019.
static MARKS: [Mark; 13] = [
    mark("x-ms-ratelimit-remaining-policy-insights-requests", FEW, UNKNOWN),
    mark("x-ms-ratelimit-remaining-subscription-resource-requests", LAST, UNKNOWN),
    mark("x-ms-ratelimit-remaining-subscription-policy-insights-requests", FEW, UNKNOWN),
    mark("x-ms-ratelimit-remaining-subscription-resource-entities-read", LAST, UNKNOWN),
    mark("x-ms-ratelimit-remaining-subscription-reads", FEW, READS),
    mark("x-ms-ratelimit-remaining-subscription-global-reads", FEW, READS),
    mark("x-ms-ratelimit-remaining-subscription-writes", FEW, WRITES),
    mark("x-ms-ratelimit-remaining-subscription-global-writes", FEW, WRITES),
    mark("x-ms-ratelimit-remaining-tenant-reads", FEW, READS),
    mark("x-ms-ratelimit-remaining-tenant-global-reads", FEW, READS),
    mark("x-ms-ratelimit-remaining-tenant-writes", FEW, WRITES),
    mark("x-ms-ratelimit-remaining-tenant-global-writes", FEW, WRITES),
    mark("x-ms-ratelimit-remaining-tenant-resource-requests", LAST, UNKNOWN),
];

/// What is left of the caller's queries of Resource Graph, until its window ends and all of it is there again.
static OF_GRAPH: HeaderName = HeaderName::from_static("x-ms-user-quota-remaining");
/// The window of Resource Graph, where the answer does not tell its end (Microsoft documentation, "Guidance for throttled requests in
/// Azure Resource Graph").
const GRAPH_WINDOW: Duration = Duration::from_secs(5);

/// Little is left of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LowQuota {
    /// The header that says so.
    pub(super) header: &'static str,
    /// How many calls it leaves.
    pub(super) remaining: u64,
    /// A floor: no call before this time.
    pub(super) until: Timestamp,
}

/// The lowest budget that an answer tells of: the one that must rest longest. None when there is enough of each. A number
/// that cannot be read tells nothing.
pub(super) fn low(headers: &Headers, now: Timestamp) -> Option<LowQuota> {
    let told = |mark: &Mark| header(headers, &mark.header)?.trim().parse::<u64>().ok();
    let of_graph = header(headers, &OF_GRAPH).and_then(|left| left.trim().parse::<u64>().ok());
    if of_graph == Some(0) {
        let until = now + quota_resets_after(headers).unwrap_or(GRAPH_WINDOW);
        return Some(LowQuota { header: OF_GRAPH.as_str(), remaining: 0, until });
    }
    MARKS
        .iter()
        .filter_map(|mark| Some((mark, told(mark).filter(|remaining| *remaining <= mark.low)?)))
        .max_by_key(|(mark, _)| mark.pause)
        .map(|(mark, remaining)| LowQuota { header: mark.header.as_str(), remaining, until: now + mark.pause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use remediation::time::parse_time;

    fn now() -> Timestamp {
        parse_time("2026-11-21T07:00:00Z").unwrap()
    }

    fn told(headers: &[(&'static str, &str)]) -> Option<LowQuota> {
        let mut all = Headers::new();
        headers.iter().for_each(|(name, value)| all.insert(*name, (*value).to_owned()));
        low(&all, now())
    }

    #[test]
    fn every_budget_has_its_low_mark_and_its_pause() {
        for Mark { header, low, pause } in &MARKS {
            let header = header.as_str();
            let at = |left: u64| told(&[(header, &left.to_string())]);
            assert_eq!(at(low + 1), None, "{header}");
            for left in 0..=*low {
                let wanted = LowQuota { header, remaining: left, until: now() + *pause };
                assert_eq!(at(left), Some(wanted), "{header}");
            }
            assert!(*pause >= READS, "{header}");
        }
        let names: std::collections::BTreeSet<_> = MARKS.iter().map(|mark| mark.header.as_str()).collect();
        assert_eq!(names.len(), MARKS.len(), "each stands there once");
    }

    #[test]
    fn the_last_query_of_resource_graph_closes_its_quota_until_the_window_ends() {
        let left = "x-ms-user-quota-remaining";
        assert_eq!(told(&[(left, "1"), ("x-ms-user-quota-resets-after", "00:00:04")]), None);
        let low = told(&[(left, "0"), ("x-ms-user-quota-resets-after", "00:00:04")]).unwrap();
        assert_eq!((low.header, low.remaining, low.until), (left, 0, now() + Duration::from_secs(4)));
        assert_eq!(told(&[(left, "0")]).unwrap().until, now() + GRAPH_WINDOW);
    }

    #[test]
    fn what_recordings_began_with_is_enough() {
        for (header, left) in [
            ("x-ms-ratelimit-remaining-policy-insights-requests", "149"),
            ("x-ms-ratelimit-remaining-subscription-policy-insights-requests", "599"),
            ("x-ms-ratelimit-remaining-subscription-resource-requests", "9"),
            ("x-ms-ratelimit-remaining-subscription-reads", "1099"),
            ("x-ms-ratelimit-remaining-subscription-global-reads", "16499"),
            ("x-ms-ratelimit-remaining-subscription-writes", "1199"),
        ] {
            assert_eq!(told(&[(header, left)]), None, "{header}");
        }
    }

    #[test]
    fn of_several_low_budgets_the_one_that_rests_longest_counts() {
        let reads = ("x-ms-ratelimit-remaining-subscription-reads", "0");
        let insights = ("x-ms-ratelimit-remaining-policy-insights-requests", "7");
        let low = told(&[reads, insights]).unwrap();
        assert_eq!((low.header, low.remaining, low.until), (insights.0, 7, now() + UNKNOWN));
        let enough = ("x-ms-ratelimit-remaining-policy-insights-requests", "70");
        assert_eq!(told(&[reads, enough]).unwrap().until, now() + READS);
    }

    proptest! {
        #[test]
        fn a_floor_is_ahead_and_only_a_small_number_makes_one(place in 0..MARKS.len(), text in "[ 0-9+.,a-z-]{0,6}") {
            let mark = &MARKS[place];
            let few = text.trim().parse::<u64>().is_ok_and(|left| left <= mark.low);
            let found = told(&[(mark.header.as_str(), &text)]);
            prop_assert_eq!(found.is_some(), few);
            prop_assert!(found.is_none_or(|low| low.until > now() && low.remaining <= mark.low));
        }

        #[test]
        fn no_other_header_closes_a_gate(name in "x-ms-[a-z-]{1,60}", left in 0..20_u64) {
            prop_assume!(MARKS.iter().all(|mark| mark.header.as_str() != name));
            let mut headers = Headers::new();
            headers.insert(name, left.to_string());
            headers.insert("x-ms-ratelimit-remaining-subscription-deletes", "0");
            headers.insert("retry-after", "17");
            prop_assert_eq!(low(&headers, now()), None);
        }
    }
}
