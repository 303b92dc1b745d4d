//! The budgets behind the `x-ms-ratelimit-remaining-*` headers: token buckets of Resource Manager, and calls that the provider
//! counts in a rolling window. Who has used up a budget is refused with the time after which there is a call again.

use super::allowance::Allowance;
use std::collections::{HashMap, VecDeque};
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

/// What the provider counts a call as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Remediations,
    Queries,
    Evaluations,
}

/// Who makes a call, and of which kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) principal: &'a str,
    /// None for calls of the tenant.
    pub(crate) subscription: Option<&'a str>,
    pub(crate) operation: Operation,
    /// None for calls that are not Microsoft.PolicyInsights's.
    pub(crate) kind: Option<Kind>,
}

/// All principals together have this many times the budget of one ("Understand how Azure Resource Manager throttles
/// requests", Microsoft documentation).
const GLOBAL: f64 = 15.0;

/// A call was refused because a budget is used up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    /// Whole seconds until there is a call again.
    pub(crate) retry_after: u64,
    /// The provider's limit, if it was that.
    pub(crate) limit: Option<u32>,
    /// What is left of Resource Manager's budgets.
    pub(crate) headers: Headers,
}

pub(crate) type Headers = Vec<(String, String)>;

/// The budgets of all principals.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    pub(crate) allowance: Allowance,
    tokens: HashMap<String, Tokens>,
    calls: HashMap<(String, Kind), VecDeque<OffsetDateTime>>,
}

#[derive(Debug)]
struct Tokens {
    left: f64,
    at: OffsetDateTime,
}

impl Quota {
    /// Takes a call from Resource Manager's budgets, and returns the headers that tell what is left.
    ///
    /// # Errors
    /// When one is used up and the allowance refuses. Then the call costs nothing.
    pub(crate) fn pass(&mut self, asked: Asked<'_>, now: OffsetDateTime) -> Result<Headers, Refused> {
        let word = asked.operation.word();
        let (place, kind) = match asked.subscription {
            Some(id) => (id.to_lowercase(), "subscription"),
            None => ("tenant".to_owned(), "tenant"),
        };
        let (capacity, refill) = match asked.operation {
            Operation::Read => (self.allowance.reads, self.allowance.reads_refill),
            Operation::Write | Operation::Delete => (self.allowance.writes, self.allowance.writes_refill),
        };
        let own = (format!("{kind}-{word}"), asked.principal.to_lowercase(), 1.0);
        let all = (format!("{kind}-global-{word}"), String::new(), GLOBAL);
        let wanted = [own, all].map(|(name, owner, times)| {
            let header = format!("x-ms-ratelimit-remaining-{name}");
            (format!("{owner}/{place}/{name}"), header, f64::from(capacity) * times, refill * times)
        });
        let mut missing: Option<f64> = None;
        for (key, _, capacity, refill) in &wanted {
            let left = self.refilled(key, *capacity, *refill, now).left;
            if left < 1.0 && self.allowance.refuses {
                let seconds = ((1.0 - left) / refill.max(0.001)).ceil().max(1.0);
                missing = Some(missing.map_or(seconds, |other| other.max(seconds)));
            }
        }
        let price = if missing.is_some() { 0.0 } else { 1.0 };
        let headers = wanted.into_iter().map(|(key, header, capacity, refill)| {
            let tokens = self.refilled(&key, capacity, refill, now);
            tokens.left = (tokens.left - price).max(0.0);
            (header, format!("{:.0}", tokens.left.floor()))
        });
        let headers = headers.collect();
        match missing {
            Some(seconds) => Err(Refused { retry_after: seconds as u64, limit: None, headers }),
            None => Ok(headers),
        }
    }

    /// Takes a call from the provider's budget, if it has one for it, and returns the header that tells what is left.
    ///
    /// # Errors
    /// When it is used up and the allowance refuses. Then the provider does not count the call; Resource Manager has.
    pub(crate) fn count(&mut self, asked: Asked<'_>, now: OffsetDateTime) -> Result<Headers, Refused> {
        let Some(kind) = asked.kind else { return Ok(Headers::new()) };
        let Allowance { remediations, queries, evaluations, window, refuses, .. } = self.allowance;
        let (limit, header) = match kind {
            Kind::Remediations => (remediations, "x-ms-ratelimit-remaining-policy-insights-requests"),
            Kind::Queries => (queries, "x-ms-ratelimit-remaining-policy-insights-requests"),
            Kind::Evaluations => (evaluations, "x-ms-ratelimit-remaining-subscription-resource-requests"),
        };
        let place = asked.subscription.map(str::to_lowercase).unwrap_or_default();
        let calls = self.calls.entry((format!("{}/{place}", asked.principal.to_lowercase()), kind)).or_default();
        while calls.front().is_some_and(|call| *call + window <= now) {
            calls.pop_front();
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        if calls.len() >= most && refuses {
            let oldest = calls.front().copied().unwrap_or(now);
            let wait = (oldest + window - now).as_seconds_f64().ceil().max(1.0);
            return Err(Refused { retry_after: wait as u64, limit: Some(limit), headers: Headers::new() });
        }
        if calls.len() < most {
            calls.push_back(now);
        }
        Ok(vec![(header.to_owned(), (most - calls.len()).to_string())])
    }

    fn refilled(&mut self, key: &str, capacity: f64, refill: f64, now: OffsetDateTime) -> &mut Tokens {
        let tokens = self.tokens.entry(key.to_owned()).or_insert(Tokens { left: capacity, at: now });
        let passed = (now - tokens.at).as_seconds_f64().max(0.0);
        tokens.left = (tokens.left + passed * refill).min(capacity);
        tokens.at = tokens.at.max(now);
        tokens
    }
}

#[cfg(test)]
#[path = "quota_tests.rs"]
mod tests;
