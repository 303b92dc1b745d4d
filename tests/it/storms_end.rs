//! How a storm must end: each resource where its script wants it, none troubled more often than that needs, none in two tasks
//! at once, and no panic on the way.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator::Service;
use simulator::estate::{ArmId, ComplianceState, Estate, RecordKey};
use simulator_demo::judgement::{attempts, fixable, hopeless, troubled_too_often};

use crate::stage::Stage;

const MAX_ATTEMPTS: u64 = 8;
const ROLES: &str = "missingPermission";

/// The end of each record, in words: `fixed`, `parked: reason, class`, `skipped: reason`.
pub(crate) type Ends = BTreeMap<RecordKey, String>;

/// What the script of the estate wants.
pub(crate) fn wanted(estate: &Estate) -> Ends {
    let fixed = fixable(estate).into_iter().map(|key| (key, "fixed".to_owned()));
    let parked = hopeless(estate).into_iter().map(|(key, park)| (key, parked(park.reason, park.class)));
    fixed.chain(parked).collect()
}

/// What the state documents say; each record stands in one of them only.
pub(crate) fn ends(stage: &Stage) -> Ends {
    let mut ends = Ends::new();
    for document in stage.documents().into_values() {
        let assignment = document["target"]["policyAssignmentId"].as_str().unwrap().to_owned();
        let reference = document["target"]["policyDefinitionReferenceId"].as_str().map(str::to_owned);
        for (resource, entry) in document["resources"].as_object().unwrap() {
            let key = RecordKey::new(resource.as_str(), assignment.as_str(), reference.as_deref());
            assert!(entry["attempt"].as_u64().unwrap() <= MAX_ATTEMPTS, "{entry:#}");
            let known = ends.insert(key, end(&document, &entry["state"]));
            assert_eq!(known, None, "{resource} is in two documents of one target");
        }
    }
    ends
}

/// The end of one record: by itself, or with its whole target.
fn end(document: &Value, state: &Value) -> String {
    let is = state["is"].as_str().unwrap();
    let park = if is == "waiting" && document["parked"].is_object() { &document["parked"] } else { state };
    let word = |name: &str| park[name].as_str().unwrap_or_default();
    match is {
        "waiting" | "parked" if park["reason"].is_string() => parked(word("reason"), word("class")),
        "skipped" => format!("skipped: {}", word("reason")),
        _ => is.to_owned(),
    }
}

pub(crate) fn parked(reason: &str, class: &str) -> String {
    format!("parked: {reason}, {class}")
}

/// Compares the two and says only where they differ.
pub(crate) fn assert_ends(found: &Ends, wanted: &Ends, story: &str) {
    let keys: std::collections::BTreeSet<_> = found.keys().chain(wanted.keys()).collect();
    let differ = keys.into_iter().filter(|key| found.get(key) != wanted.get(key));
    let differ: Vec<_> = differ.map(|key| (key, found.get(key), wanted.get(key))).collect();
    assert!(differ.is_empty(), "{story}: (record, found, wanted): {differ:#?}");
}

/// The end of a storm in which nothing happened that its script does not tell.
pub(crate) fn the_end_is_right(stage: &Stage, estate: &Estate, story: &str) {
    // Every resource that can be fixed is, in truth and in the documents; every other one is parked as it should be.
    let now: BTreeMap<RecordKey, Option<ComplianceState>> =
        stage.manager.records().into_iter().map(|record| (record.key, record.state)).collect();
    for key in fixable(estate) {
        assert_eq!(now[&key], Some(ComplianceState::Compliant), "{story}: {key:?} can be fixed");
    }
    assert_ends(&ends(stage), &wanted(estate), story);
    // None was in two tasks at once, of whatever target.
    let overlaps = stage.manager.overlaps();
    assert!(overlaps.is_empty(), "{story}: {overlaps:#?}");
    // None was troubled more often than its script needs, neither by name nor by deployment.
    let too_often = troubled_too_often(estate, &stage.manager.tasks(), |_| 0);
    assert!(too_often.is_empty(), "{story}: {too_often:#?}");
    let hopeless = hopeless(estate);
    for record in stage.manager.records() {
        let need = attempts(estate, estate.record(&record.key).unwrap());
        // Where roles are missing, the first to fail may speak for its whole target.
        let is_spared = record.attempts == 0 && hopeless.get(&record.key).is_some_and(|park| park.reason == ROLES);
        assert!(record.attempts == need || is_spared, "{story}: {record:?} needs {need}");
    }
    // One task is enough to learn that roles are missing, or one in each of two groups where the first was of one group alone.
    let mut tasks_without_roles: BTreeMap<_, usize> = BTreeMap::new();
    for task in stage.manager.tasks() {
        let key = |id: &ArmId| RecordKey::new(id.clone(), task.assignment.clone(), task.reference.as_deref());
        let first = task.resources.first().and_then(|id| hopeless.get(&key(id)));
        if first.is_some_and(|park| park.reason == ROLES) {
            *tasks_without_roles.entry((task.assignment.clone(), task.reference.clone())).or_default() += 1;
        }
    }
    assert!(
        tasks_without_roles.len() == 1 && tasks_without_roles.values().all(|tasks| (1..=2).contains(tasks)),
        "{story}: {tasks_without_roles:#?}"
    );
    no_panic_and_no_answer_but_json(stage, story);
}

pub(crate) fn no_panic_and_no_answer_but_json(stage: &Stage, story: &str) {
    // Reading the log fails for a line that is not JSON, as those of a panic are not.
    for line in stage.log() {
        assert!(!line.to_string().contains("panicked"), "{story}: {line}");
    }
    for answer in stage.azure.ledger().of(Service::Functions) {
        let is_the_workers = answer.user_agent.starts_with("Azure-Functions-Host/") && answer.faults.is_empty();
        if let (true, Some(body)) = (is_the_workers, &answer.response_body) {
            let json: Result<Value, _> = serde_json::from_slice(body);
            assert!(json.is_ok_and(|json| json.is_object()), "{story}: {} answered {body:?}", answer.path);
        }
    }
}
