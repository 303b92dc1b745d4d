//! Token buckets behind the `x-ms-ratelimit-remaining-*` headers. They count and refill; refusing a call when one is
//! empty is not their business (a fault layer does that), so they stop at zero.

use std::collections::HashMap;
use time::OffsetDateTime;

/// What a call counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Read,
    Write,
    Delete,
}

impl Operation {
    fn word(self) -> &'static str {
        match self {
            Operation::Read => "reads",
            Operation::Write => "writes",
            Operation::Delete => "deletes",
        }
    }

    /// Capacity and refill a second. Capacities are as recorded in 2025 (`…-subscription-reads: 1099`), refills as in
    /// "Understand how Azure Resource Manager throttles requests" (Microsoft documentation).
    fn bucket(self) -> (u32, u32) {
        match self {
            Operation::Read => (1100, 25),
            Operation::Write | Operation::Delete => (800, 10),
        }
    }
}

/// All principals together have this many times the budget of one (same source).
const GLOBAL: u32 = 15;
/// Recorded: the header starts at 149. How it refills is not known; here 150 in five minutes.
const POLICY_INSIGHTS: (f64, f64) = (150.0, 0.5);

/// The buckets of all subscriptions and of the tenant.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    buckets: HashMap<String, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: OffsetDateTime,
}

impl Quota {
    /// Takes one call from its buckets and returns the headers that tell what is left. `subscription` is none for
    /// calls of the tenant; `insights` is set for calls of Microsoft.PolicyInsights.
    pub(crate) fn take(
        &mut self,
        subscription: Option<&str>,
        operation: Operation,
        insights: bool,
        now: OffsetDateTime,
    ) -> Vec<(String, String)> {
        let (owner, kind) = match subscription {
            Some(id) => (id.to_lowercase(), "subscription"),
            None => ("tenant".to_owned(), "tenant"),
        };
        let (capacity, refill) = operation.bucket();
        let word = operation.word();
        let mut headers = Vec::new();
        for (name, times) in [(format!("{kind}-{word}"), 1), (format!("{kind}-global-{word}"), GLOBAL)] {
            let left =
                self.draw(&format!("{owner}/{name}"), f64::from(capacity * times), f64::from(refill * times), now);
            headers.push((format!("x-ms-ratelimit-remaining-{name}"), left));
        }
        if insights {
            let left = self.draw(&format!("{owner}/insights"), POLICY_INSIGHTS.0, POLICY_INSIGHTS.1, now);
            headers.push(("x-ms-ratelimit-remaining-policy-insights-requests".to_owned(), left));
        }
        headers
    }

    fn draw(&mut self, key: &str, capacity: f64, refill: f64, now: OffsetDateTime) -> String {
        let bucket = self.buckets.entry(key.to_owned()).or_insert(Bucket { left: capacity, at: now });
        let passed = (now - bucket.at).as_seconds_f64().max(0.0);
        bucket.left = (bucket.left + passed * refill).min(capacity);
        bucket.at = bucket.at.max(now);
        bucket.left = (bucket.left - 1.0).max(0.0);
        format!("{:.0}", bucket.left.floor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_drawn_and_refill() {
        let mut quota = Quota::default();
        let start = OffsetDateTime::UNIX_EPOCH;
        let value = |headers: &[(String, String)], name: &str| {
            headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        };
        let first = quota.take(Some("S"), Operation::Read, true, start);
        assert_eq!(value(&first, "x-ms-ratelimit-remaining-subscription-reads").as_deref(), Some("1099"));
        assert_eq!(value(&first, "x-ms-ratelimit-remaining-subscription-global-reads").as_deref(), Some("16499"));
        assert_eq!(value(&first, "x-ms-ratelimit-remaining-policy-insights-requests").as_deref(), Some("149"));
        for _ in 0..200 {
            quota.take(Some("s"), Operation::Write, true, start);
        }
        let empty = quota.take(Some("s"), Operation::Write, true, start);
        assert_eq!(value(&empty, "x-ms-ratelimit-remaining-policy-insights-requests").as_deref(), Some("0"));
        assert_eq!(value(&empty, "x-ms-ratelimit-remaining-subscription-writes").as_deref(), Some("599"));
        let later = quota.take(Some("s"), Operation::Write, true, start + time::Duration::hours(1));
        assert_eq!(value(&later, "x-ms-ratelimit-remaining-policy-insights-requests").as_deref(), Some("149"));
        let other = quota.take(None, Operation::Delete, false, start);
        assert_eq!(value(&other, "x-ms-ratelimit-remaining-tenant-deletes").as_deref(), Some("799"));
        assert_eq!(other.len(), 2);
    }
}
