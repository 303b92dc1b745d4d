//! Token buckets behind the `x-ms-ratelimit-remaining-*` headers. They count and refill. When one is empty they stop at
//! zero, or, where that is wanted, refuse the call with the time after which there is a token again.

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
    pub(crate) fn word(self) -> &'static str {
        match self {
            Operation::Read => "reads",
            Operation::Write => "writes",
            Operation::Delete => "deletes",
        }
    }
}

/// All principals together have this many times the budget of one ("Understand how Azure Resource Manager throttles
/// requests", Microsoft documentation).
const GLOBAL: f64 = 15.0;

/// How generous Resource Manager is with calls. Deletes have a budget of their own, of the size of that for writes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance {
    /// Calls of Microsoft.PolicyInsights that a subscription may make at once.
    pub insights: u32,
    /// How many of them come back in a second.
    pub insights_refill: f64,
    /// Reads that a principal may make at once in a subscription.
    pub reads: u32,
    /// How many of them come back in a second.
    pub reads_refill: f64,
    /// Writes that a principal may make at once in a subscription.
    pub writes: u32,
    /// How many of them come back in a second.
    pub writes_refill: f64,
    /// Whether a call is refused when a budget is used up. Otherwise the headers stop at zero and nothing happens.
    pub refuses: bool,
}

/// How many times as generous as Azure the default is. Tasks that take tenths of a second instead of a minute or two make
/// so many times the calls in the same time.
const QUICK: u32 = 250;

impl Allowance {
    /// As recorded, and refusing nothing. The numbers of reads and writes are those of 2025 (`…-subscription-reads: 1099`),
    /// their refills those of the documentation named above. That of Microsoft.PolicyInsights starts at 149; how it refills
    /// is not known: here 150 in five minutes.
    pub fn recorded() -> Self {
        Self {
            insights: 150,
            insights_refill: 0.5,
            reads: 1100,
            reads_refill: 25.0,
            writes: 800,
            writes_refill: 10.0,
            refuses: false,
        }
    }

    fn of(&self, operation: Operation) -> (u32, f64) {
        match operation {
            Operation::Read => (self.reads, self.reads_refill),
            Operation::Write | Operation::Delete => (self.writes, self.writes_refill),
        }
    }
}

impl Default for Allowance {
    /// In relation to tasks as quick as those of demos and tests: what is recorded, 250 times over.
    fn default() -> Self {
        let as_recorded = Self::recorded();
        let more = f64::from(QUICK);
        Self {
            insights: as_recorded.insights * QUICK,
            insights_refill: as_recorded.insights_refill * more,
            reads: as_recorded.reads * QUICK,
            reads_refill: as_recorded.reads_refill * more,
            writes: as_recorded.writes * QUICK,
            writes_refill: as_recorded.writes_refill * more,
            refuses: as_recorded.refuses,
        }
    }
}

/// A call was refused because a bucket is empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    /// Whole seconds until there is a token again.
    pub(crate) retry_after: u64,
    /// Whether it was the bucket of Microsoft.PolicyInsights.
    pub(crate) insights: bool,
    /// What is left in the buckets.
    pub(crate) headers: Vec<(String, String)>,
}

/// The buckets of all subscriptions and of the tenant.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    pub(crate) allowance: Allowance,
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
    ///
    /// # Errors
    /// When a bucket is empty and the allowance refuses.
    pub(crate) fn take(
        &mut self,
        subscription: Option<&str>,
        operation: Operation,
        insights: bool,
        now: OffsetDateTime,
    ) -> Result<Vec<(String, String)>, Refused> {
        let (owner, kind) = match subscription {
            Some(id) => (id.to_lowercase(), "subscription"),
            None => ("tenant".to_owned(), "tenant"),
        };
        let (capacity, refill) = self.allowance.of(operation);
        let word = operation.word();
        let mut wanted = Vec::new();
        for (name, times) in [(format!("{kind}-{word}"), 1.0), (format!("{kind}-global-{word}"), GLOBAL)] {
            let (key, header) = (format!("{owner}/{name}"), format!("x-ms-ratelimit-remaining-{name}"));
            wanted.push((key, header, f64::from(capacity) * times, refill * times));
        }
        if insights {
            let header = "x-ms-ratelimit-remaining-policy-insights-requests".to_owned();
            let Allowance { insights, insights_refill, .. } = self.allowance;
            wanted.push((format!("{owner}/insights"), header, f64::from(insights), insights_refill));
        }
        let mut missing = None;
        for (key, header, capacity, refill) in &wanted {
            let left = self.refilled(key, *capacity, *refill, now).left;
            if left < 1.0 && self.allowance.refuses {
                missing = Some((((1.0 - left) / refill.max(0.001)).ceil().max(1.0), header.contains("insights")));
            }
        }
        // A refused call costs nothing.
        let price = if missing.is_some() { 0.0 } else { 1.0 };
        let headers = wanted.into_iter().map(|(key, header, capacity, refill)| {
            let bucket = self.refilled(&key, capacity, refill, now);
            bucket.left = (bucket.left - price).max(0.0);
            (header, format!("{:.0}", bucket.left.floor()))
        });
        let headers = headers.collect();
        match missing {
            Some((seconds, insights)) => Err(Refused { retry_after: seconds as u64, insights, headers }),
            None => Ok(headers),
        }
    }

    fn refilled(&mut self, key: &str, capacity: f64, refill: f64, now: OffsetDateTime) -> &mut Bucket {
        let bucket = self.buckets.entry(key.to_owned()).or_insert(Bucket { left: capacity, at: now });
        let passed = (now - bucket.at).as_seconds_f64().max(0.0);
        bucket.left = (bucket.left + passed * refill).min(capacity);
        bucket.at = bucket.at.max(now);
        bucket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_drawn_and_refill() {
        let mut quota = Quota { allowance: Allowance::recorded(), ..Quota::default() };
        let start = OffsetDateTime::UNIX_EPOCH;
        let value = |headers: &[(String, String)], name: &str| {
            headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        };
        let first = quota.take(Some("S"), Operation::Read, true, start).expect("nothing is refused");
        assert_eq!(value(&first, "x-ms-ratelimit-remaining-subscription-reads").as_deref(), Some("1099"));
        assert_eq!(value(&first, "x-ms-ratelimit-remaining-subscription-global-reads").as_deref(), Some("16499"));
        assert_eq!(value(&first, "x-ms-ratelimit-remaining-policy-insights-requests").as_deref(), Some("149"));
        for _ in 0..200 {
            quota.take(Some("s"), Operation::Write, true, start).expect("nothing is refused");
        }
        let empty = quota.take(Some("s"), Operation::Write, true, start).expect("nothing is refused");
        assert_eq!(value(&empty, "x-ms-ratelimit-remaining-policy-insights-requests").as_deref(), Some("0"));
        assert_eq!(value(&empty, "x-ms-ratelimit-remaining-subscription-writes").as_deref(), Some("599"));
        let later = quota
            .take(Some("s"), Operation::Write, true, start + time::Duration::hours(1))
            .expect("nothing is refused");
        assert_eq!(value(&later, "x-ms-ratelimit-remaining-policy-insights-requests").as_deref(), Some("149"));
        let other = quota.take(None, Operation::Delete, false, start).expect("nothing is refused");
        assert_eq!(value(&other, "x-ms-ratelimit-remaining-tenant-deletes").as_deref(), Some("799"));
        assert_eq!(other.len(), 2);
    }

    #[test]
    fn an_empty_bucket_refuses_where_that_is_wanted_and_says_when_to_come_back() {
        let allowance = Allowance { insights: 2, insights_refill: 0.25, refuses: true, ..Allowance::recorded() };
        let mut quota = Quota { allowance, ..Quota::default() };
        let start = OffsetDateTime::UNIX_EPOCH;
        let at = |seconds| start + time::Duration::seconds(seconds);
        for _ in 0..2 {
            assert!(quota.take(Some("s"), Operation::Read, true, start).is_ok());
        }
        let refused = quota.take(Some("s"), Operation::Read, true, at(1)).expect_err("it is empty");
        assert_eq!((refused.retry_after, refused.insights), (3, true));
        let left =
            |name: &str| refused.headers.iter().find(|(key, _)| key.ends_with(name)).map(|(_, left)| left.as_str());
        assert_eq!((left("policy-insights-requests"), left("subscription-reads")), (Some("0"), Some("1100")));
        assert!(quota.take(Some("s"), Operation::Read, false, at(1)).is_ok(), "other calls have their own");
        assert!(quota.take(Some("t"), Operation::Read, true, at(1)).is_ok(), "so have other subscriptions");
        assert!(quota.take(Some("s"), Operation::Read, true, at(4)).is_ok(), "it came when it was told to");
    }

    #[test]
    fn reads_and_writes_have_budgets_of_their_own() {
        let allowance = Allowance { reads: 3, reads_refill: 1.0, writes: 2, refuses: true, ..Allowance::recorded() };
        let mut quota = Quota { allowance, ..Quota::default() };
        let start = OffsetDateTime::UNIX_EPOCH;
        let mut taken = |operation, seconds| {
            let at = start + time::Duration::seconds(seconds);
            (0..9).map_while(|_| quota.take(Some("s"), operation, false, at).ok()).count()
        };
        assert_eq!((taken(Operation::Read, 0), taken(Operation::Write, 0), taken(Operation::Delete, 0)), (3, 2, 2));
        assert_eq!(taken(Operation::Read, 2), 2, "one comes back in a second");
        let refused = quota.take(Some("s"), Operation::Read, false, start + time::Duration::seconds(2));
        let refused = refused.expect_err("it is empty");
        assert_eq!((refused.retry_after, refused.insights), (1, false));
    }

    #[test]
    fn by_default_a_quick_demo_has_as_much_to_spend_as_a_slow_azure() {
        let (quick, slow) = (Allowance::default(), Allowance::recorded());
        assert_eq!((quick.insights, quick.reads, quick.writes), (150 * QUICK, 1100 * QUICK, 800 * QUICK));
        assert!(!quick.refuses && quick.reads_refill / slow.reads_refill == f64::from(QUICK));
    }
}
