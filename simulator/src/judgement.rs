//! What the record of a run says about the worker, measured against the estate's own script of failures: what could have
//! been fixed, how few tasks would have done, which resources were troubled too often, and which calls came too early.
//! Pure: values in, values out.

use std::collections::{BTreeMap, HashMap};

use time::{Duration, OffsetDateTime};

use crate::Service;
use crate::estate::{ArmId, Attempt, ComplianceRecord, ComplianceState, Estate, RecordKey};
use crate::ledger::Entry;
use crate::resource_manager::TaskView;

/// Most resources that one task names (`filters.resourceIds`, api 2024-10-01).
const MOST: usize = 100;

/// What should be compliant in the end: non-compliant now, remediable, and not failing for ever.
pub fn fixable(estate: &Estate) -> Vec<RecordKey> {
    let keys = remediable(estate).filter(|record| !fails_for_ever(record)).map(|record| record.key.clone());
    keys.collect()
}

/// What should be parked in the end: remediable, and failing for ever.
pub fn hopeless(estate: &Estate) -> Vec<RecordKey> {
    remediable(estate).filter(|record| fails_for_ever(record)).map(|record| record.key.clone()).collect()
}

/// The least number of tasks that fix everything: for each target and attempt, as many full tasks as hold the resources
/// that need an attempt of that number. What fails for ever needs one, by which that is found out.
pub fn least_tasks(estate: &Estate) -> usize {
    let mut needed: BTreeMap<(String, String, Option<String>, usize), usize> = BTreeMap::new();
    for record in remediable(estate) {
        let subscription = record.key.resource.subscription().unwrap_or_default().to_lowercase();
        let assignment = record.key.assignment.lower().to_owned();
        for attempt in 1..=attempts(record) {
            let place = (subscription.clone(), assignment.clone(), record.key.reference.clone(), attempt);
            *needed.entry(place).or_default() += 1;
        }
    }
    needed.values().map(|resources| resources.div_ceil(MOST)).sum()
}

/// Records that were in more tasks than their script needs, with the number of tasks and that need. `drifted` tells how
/// often a record was set back after a fix, each of which needs one task more.
pub fn troubled_too_often(
    estate: &Estate,
    tasks: &[TaskView],
    drifted: impl Fn(&RecordKey) -> usize,
) -> Vec<(RecordKey, usize, usize)> {
    let mut tasks_of: HashMap<RecordKey, usize> = HashMap::new();
    for task in tasks {
        for resource in task.named.as_ref().unwrap_or(&task.resources) {
            let key = RecordKey::new(resource.clone(), task.assignment.clone(), task.reference.as_deref());
            *tasks_of.entry(key).or_default() += 1;
        }
    }
    let need: HashMap<&RecordKey, usize> = remediable(estate).map(|record| (&record.key, attempts(record))).collect();
    let of = |key: &RecordKey| need.get(key).copied().unwrap_or_default() + drifted(key);
    let mut found: Vec<_> = tasks_of
        .into_iter()
        .map(|(key, count)| (count, of(&key), key))
        .filter(|(count, need, _)| count > need)
        .collect();
    found.sort();
    found.into_iter().map(|(count, need, key)| (key, count, need)).collect()
}

/// A call that came before a time that had been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooEarly {
    /// Its path.
    pub path: String,
    /// How much too early.
    pub by: Duration,
    /// When the answer that told the time was given.
    pub told: OffsetDateTime,
}

/// Calls to Resource Manager that came before a Retry-After told for their subscription had passed, counted from when it
/// was told. What had been received by then was on its way already.
pub fn too_early(entries: &[Entry]) -> Vec<TooEarly> {
    let mut by_subscription: HashMap<String, Vec<&Entry>> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.service == Service::ResourceManager) {
        by_subscription.entry(subscription(entry)).or_default().push(entry);
    }
    let mut found = Vec::new();
    for calls in by_subscription.values() {
        for told in calls.iter().filter(|call| call.status == Some(429)) {
            let Some(wait) = told.retry_after.and_then(|seconds| i64::try_from(seconds).ok()) else { continue };
            let floor = told.answered + Duration::seconds(wait);
            for call in calls.iter().filter(|call| call.received > told.answered && call.received < floor) {
                let by = floor - call.received;
                found.push(TooEarly { path: call.path.clone(), by, told: told.answered });
            }
        }
    }
    found
}

/// Whose allowance a call counts against; empty for the tenant.
fn subscription(entry: &Entry) -> String {
    ArmId::new(&entry.path).subscription().unwrap_or_default().to_lowercase()
}

fn remediable(estate: &Estate) -> impl Iterator<Item = &ComplianceRecord> {
    let locations: HashMap<&ArmId, &str> =
        estate.resources.iter().map(|resource| (&resource.id, resource.location.as_str())).collect();
    estate.records.iter().filter(move |record| {
        let reference = record.key.reference.as_deref();
        let location = locations.get(&record.key.resource).copied();
        record.state == ComplianceState::NonCompliant
            && estate
                .assignment(&record.key.assignment)
                .is_some_and(|assignment| estate.is_remediable(assignment, reference, location))
    })
}

fn fails_for_ever(record: &ComplianceRecord) -> bool {
    record.script.last().is_some_and(|last| *last != Attempt::Succeed)
}

/// How many tasks a record needs: the failures before its first success and that; only one when it fails for ever.
fn attempts(record: &ComplianceRecord) -> usize {
    if fails_for_ever(record) {
        return 1;
    }
    record.script.iter().position(|attempt| *attempt == Attempt::Succeed).map_or(1, |failures| failures + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::Storm;
    use crate::estate::{Failure, sample};

    fn call(path: &str, received: i64, answered: i64, retry_after: Option<u64>) -> Entry {
        let at = |milliseconds| OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(milliseconds);
        Entry {
            sequence: 0,
            received: at(received),
            answered: at(answered),
            took: std::time::Duration::ZERO,
            service: Service::ResourceManager,
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: String::new(),
            user_agent: String::new(),
            token: None,
            status: Some(if retry_after.is_some() { 429 } else { 200 }),
            retry_after,
            faults: Vec::new(),
            request_body: None,
            response_body: None,
        }
    }

    #[test]
    fn a_call_is_too_early_only_between_the_telling_and_the_time_told_and_only_for_its_subscription() {
        let told = call("/subscriptions/A/x", 0, 10, Some(2));
        for (path, received, early) in [
            ("/subscriptions/a/y", 5, false),
            ("/subscriptions/a/y", 11, true),
            ("/SUBSCRIPTIONS/A/y", 2009, true),
            ("/subscriptions/a/y", 2010, false),
            ("/subscriptions/b/y", 11, false),
            ("/providers/x", 11, false),
        ] {
            let entries = [told.clone(), call(path, received, received + 1, None)];
            assert_eq!(too_early(&entries).len(), usize::from(early), "{path} at {received}");
        }
    }

    #[test]
    fn the_least_is_counted_by_target_and_attempt() {
        let mut estate = sample(OffsetDateTime::UNIX_EPOCH);
        estate.records.clear();
        let assignment = estate.assignments.iter().find(|one| one.id.name() == "Enforce-TLS").unwrap().id.clone();
        let subscription = assignment.subscription().unwrap().to_owned();
        for number in 0..101 {
            let id = format!(
                "/subscriptions/{subscription}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s{number}"
            );
            let key = RecordKey::new(id, assignment.clone(), None);
            let record = ComplianceRecord::non_compliant(key, OffsetDateTime::UNIX_EPOCH);
            estate = estate.with_record(match number {
                0 => record.failing(2, Failure::service_unavailable()),
                1 => record.failing(1, Failure::service_unavailable()),
                2 => record.always_failing(Failure::invalid_template_deployment()),
                _ => record,
            });
        }
        // 101 resources are two tasks, then one for those that failed once, then one for the one that failed twice.
        assert_eq!(least_tasks(&estate), 4);
        assert_eq!((fixable(&estate).len(), hopeless(&estate).len()), (100, 1));
    }

    #[test]
    fn a_storm_is_as_large_as_told_and_the_same_for_the_same_seed() {
        let now = OffsetDateTime::now_utc();
        let storm = Storm::of(10_000, 7);
        let estate = storm.estate(now);
        let events = storm.events(&estate);
        let mut distinct: Vec<String> = events.iter().map(ToString::to_string).collect();
        distinct.sort();
        distinct.dedup();
        assert_eq!((events.len(), distinct.len()), (10_000, 7_000));
        assert_eq!(estate.resources.len(), 2_000);
        let share = |count: usize| count as f64 / estate.records.len() as f64;
        assert!((0.015..0.025).contains(&share(hopeless(&estate).len())), "{}", hopeless(&estate).len());
        let failing = estate.records.iter().filter(|record| !record.script.is_empty() && !fails_for_ever(record));
        assert!((0.08..0.12).contains(&share(failing.count())));
        let mut targets: Vec<_> = estate
            .records
            .iter()
            .map(|record| {
                let subscription = record.key.resource.subscription().unwrap().to_owned();
                (subscription, record.key.assignment.clone(), record.key.reference.clone())
            })
            .collect();
        targets.sort();
        targets.dedup();
        assert_eq!(targets.len(), 40);
        assert_eq!(events, storm.events(&storm.estate(now)));
        assert_ne!(events, Storm::of(10_000, 8).events(&Storm::of(10_000, 8).estate(now)));
    }
}
