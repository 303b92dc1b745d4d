//! Whether the worker keeps away from Resource Manager for as long as it is told to. An instance knows at once what it was
//! told itself, and what another was told as soon as that stands in the subscription's state document.

use std::collections::HashMap;

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use simulator::Service;
use simulator::estate::{ArmId, parse_instant};
use simulator::ledger::Entry;

/// An invocation that took at least this long may have left looks at targets behind, which go on by themselves
/// (docs/adr/0005: three seconds; less here, to be on the safe side).
const MAY_GO_ON: std::time::Duration = std::time::Duration::from_millis(2_500);
/// No look lasts longer than that.
const LONGEST_LOOK: Duration = Duration::seconds(60);

/// A call that came before a time that had been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooEarly {
    /// Its path.
    pub path: String,
    /// The path of the call that was told, where one was.
    pub told_to: Option<String>,
    /// How much too early.
    pub by: Duration,
    /// When the time was told: the answer with it was given, or it stood in the document.
    pub told: OffsetDateTime,
}

/// Calls to Resource Manager that came before a Retry-After told for their subscription had passed, counted from when it
/// was told to the instance that calls. What had been received by then was on its way already.
pub fn too_early(entries: &[Entry]) -> Vec<TooEarly> {
    let mut of_one: HashMap<(String, Option<&str>), Vec<&Entry>> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.service == Service::ResourceManager) {
        of_one.entry((subscription(entry), entry.token.as_deref())).or_default().push(entry);
    }
    let mut found = Vec::new();
    for calls in of_one.values() {
        for told in calls.iter().filter(|call| call.status == Some(429)) {
            let Some(wait) = told.retry_after.and_then(|seconds| i64::try_from(seconds).ok()) else { continue };
            let floor = told.answered + Duration::seconds(wait);
            for call in calls.iter().filter(|call| call.received > told.answered && call.received < floor) {
                let told_to = Some(told.path.clone());
                found.push(TooEarly {
                    path: call.path.clone(),
                    told_to,
                    by: floor - call.received,
                    told: told.answered,
                });
            }
        }
    }
    found
}

/// What the state documents let all instances know of Retry-After.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shared {
    /// How often such a time could be held against anybody: it had not passed when the last look that may not know it ended.
    pub judged: usize,
    /// Calls that came although their instance must have read the time.
    pub too_early: Vec<TooEarly>,
}

/// Calls that came before a time that stood in the state document of their subscription (`throttledUntil`), as far as their
/// instance must have read it: every invocation under way began after the document had been written, and each look at a
/// target reads that document first. Wants the whole ledger, with bodies.
pub fn too_early_for_all(entries: &[Entry]) -> Shared {
    let mut shared = Shared::default();
    let looks: Vec<&Entry> = entries.iter().filter(|one| is_of(one, Service::Functions, "/remediate")).collect();
    let calls: Vec<&Entry> = entries.iter().filter(|one| one.service == Service::ResourceManager).collect();
    for (owner, until, told) in entries.iter().filter_map(written) {
        // From when on nobody can still act on what he read before.
        let known = looks.iter().filter(|look| look.received < told).map(|look| end(look)).max();
        let known = known.map_or(told, |end| end.max(told));
        shared.judged += usize::from(known < until);
        let early = |call: &&&Entry| call.received > known && call.received < until && subscription(call) == owner;
        let blame =
            |call: &&Entry| TooEarly { path: call.path.clone(), told_to: None, by: until - call.received, told };
        shared.too_early.extend(calls.iter().filter(early).map(blame));
    }
    shared
}

/// A time that was written into the document of a subscription: whose it is, the time, and when that was done.
fn written(entry: &Entry) -> Option<(String, OffsetDateTime, OffsetDateTime)> {
    let stored = is_of(entry, Service::Blob, "subscriptions") && entry.status.is_some_and(|status| status < 300);
    let document: Value = serde_json::from_slice(entry.request_body.as_ref().filter(|_| stored)?).ok()?;
    let until = parse_instant(document["throttledUntil"].as_str()?)?;
    Some((document["subscription"].as_str()?.to_lowercase(), until, entry.answered))
}

fn is_of(entry: &Entry, service: Service, part: &str) -> bool {
    let method = if service == Service::Blob { "PUT" } else { "POST" };
    entry.service == service && entry.method == method && entry.path.contains(part)
}

/// When the last look of an invocation has ended for certain.
fn end(invocation: &Entry) -> OffsetDateTime {
    if invocation.took < MAY_GO_ON { invocation.answered } else { invocation.received + LONGEST_LOOK }
}

/// Whose allowance a call counts against; empty for the tenant.
fn subscription(entry: &Entry) -> String {
    ArmId::new(&entry.path).subscription().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(service: Service, method: &str, path: &str, received: i64, answered: i64) -> Entry {
        let at = |milliseconds| OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(milliseconds);
        Entry {
            sequence: 0,
            received: at(received),
            answered: at(answered),
            took: std::time::Duration::from_millis(u64::try_from(answered - received).unwrap()),
            service,
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            user_agent: String::new(),
            token: None,
            status: Some(200),
            retry_after: None,
            faults: Vec::new(),
            request_body: None,
            response_body: None,
        }
    }

    fn call(path: &str, received: i64, token: &str) -> Entry {
        Entry { token: Some(token.into()), ..entry(Service::ResourceManager, "GET", path, received, received + 1) }
    }

    fn told(path: &str, token: &str) -> Entry {
        Entry {
            status: Some(429),
            retry_after: Some(2),
            token: Some(token.into()),
            ..entry(Service::ResourceManager, "GET", path, 0, 10)
        }
    }

    #[test]
    fn a_call_is_too_early_only_between_the_telling_and_the_time_told_and_only_for_its_subscription_and_instance() {
        for (path, received, token, early) in [
            ("/subscriptions/a/y", 5, "one", false),
            ("/subscriptions/a/y", 11, "one", true),
            ("/subscriptions/a/y", 11, "two", false),
            ("/SUBSCRIPTIONS/A/y", 2009, "one", true),
            ("/subscriptions/a/y", 2010, "one", false),
            ("/subscriptions/b/y", 11, "one", false),
            ("/providers/x", 11, "one", false),
        ] {
            let entries = [told("/subscriptions/A/x", "one"), call(path, received, token)];
            assert_eq!(too_early(&entries).len(), usize::from(early), "{path} at {received} by {token}");
        }
    }

    #[test]
    fn another_instance_is_blamed_once_nobody_can_act_on_what_he_read_before() {
        let body = r#"{"subscription":"A","throttledUntil":"1970-01-01T00:00:02Z"}"#;
        let write = Entry {
            request_body: Some(body.into()),
            ..entry(Service::Blob, "PUT", "/store/state/subscriptions%2Fa.json", 20, 30)
        };
        let look = |from, to| entry(Service::Functions, "POST", "/remediate", from, to);
        for (looks, path, received, early) in [
            (vec![], "/subscriptions/a/x", 29, false),
            (vec![], "/subscriptions/a/x", 31, true),
            (vec![], "/subscriptions/a/x", 2000, false),
            (vec![], "/subscriptions/b/x", 31, false),
            (vec![look(0, 500), look(40, 900)], "/subscriptions/a/x", 499, false),
            (vec![look(0, 500), look(40, 900)], "/subscriptions/a/x", 501, true),
            (vec![look(0, 2_600)], "/subscriptions/a/x", 1999, false),
        ] {
            let entries: Vec<Entry> = looks.into_iter().chain([write.clone(), call(path, received, "two")]).collect();
            assert_eq!(too_early_for_all(&entries).too_early.len(), usize::from(early), "{path} at {received}");
        }
        let refused = Entry { status: Some(412), ..write };
        let entries = [refused, call("/subscriptions/a/x", 31, "two")];
        assert_eq!(too_early_for_all(&entries), Shared::default());
    }
}
