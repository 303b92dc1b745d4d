//! How a run has ended, as plain values: what verdicts are made of. Read from the documents, the services' own records, the
//! ledger and the worker's log, and from nothing else.

use serde_json::Value;
use simulator::LocalAzure;
use simulator::Service;
use simulator::functions_host::{LogLine, LogStream};
use simulator::ledger::Entry;
use simulator::resource_manager::ResourceManager;

use crate::counted::target_documents;

/// The end of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct End {
    /// What the state documents have of each resource.
    pub places: Vec<Place>,
    /// Targets that are parked as a whole.
    pub parked_targets: usize,
    /// Tasks that Resource Manager has had.
    pub tasks: usize,
    /// Deployments, by resource (in lower case) and assignment.
    pub deployments: Vec<(String, usize)>,
    /// Calls that Resource Manager got.
    pub calls: Vec<Call>,
    /// Why things were rejected, one by one.
    pub rejected: Vec<String>,
    /// The worker's log.
    pub log: Vec<Value>,
    /// How often each answer was given, by name.
    pub answers: Vec<(String, u64)>,
    /// What was done later, and what went wrong with it.
    pub acts: Vec<(String, Option<String>)>,
    /// Pairs of tasks of the worker that were active at one resource at one time.
    pub overlaps: usize,
    /// Whether everything has come to rest.
    pub settled: bool,
}

/// Where a resource stands. Ids are in lower case; what is not said is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The resource.
    pub resource: String,
    /// The assignment.
    pub assignment: String,
    /// `waiting`, `inTask`, `fixed`, `skipped` or `parked`.
    pub is: String,
    /// Why.
    pub reason: String,
    /// The class of the failure.
    pub class: String,
    /// The service's words.
    pub words: String,
    /// How to mend it.
    pub hint: String,
    /// Whether its target is parked as a whole.
    pub target_is_parked: bool,
}

/// A call to Resource Manager.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// Its method.
    pub method: String,
    /// Path and query, decoded, in lower case.
    pub address: String,
    /// The status of the answer.
    pub status: Option<u16>,
}

impl End {
    /// Reads what the services and the log have, when the run is over.
    pub(crate) fn of(azure: &LocalAzure, manager: &ResourceManager, log: &[LogLine], settled: bool) -> Self {
        let documents = |container: &str, prefix: &str| -> Vec<Value> {
            let blobs = azure.blobs().list(container, prefix);
            blobs.iter().filter_map(|blob| serde_json::from_slice(&blob.content).ok()).collect()
        };
        let targets: Vec<_> = target_documents(azure, manager).into_iter().map(|(_, document)| document).collect();
        let reason = |item: &Value| item["reason"].as_str().unwrap_or_default().to_owned();
        let worker = log.iter().filter(|line| line.stream != LogStream::Host);
        let records = manager.records();
        Self {
            parked_targets: targets.iter().filter(|document| document["parked"].is_object()).count(),
            places: targets.iter().flat_map(places).collect(),
            tasks: manager.tasks().len(),
            deployments: records.iter().map(|one| (one.key.resource.lower().to_owned(), one.attempts)).collect(),
            calls: azure.ledger().of(Service::ResourceManager).iter().map(call).collect(),
            rejected: documents("rejected", "").iter().map(reason).collect(),
            log: worker.filter_map(|line| serde_json::from_str(&line.text).ok()).collect(),
            answers: azure.fakes().hits(),
            acts: Vec::new(),
            overlaps: overlaps(manager),
            settled,
        }
    }
}

/// The places of a target's document.
fn places(document: &Value) -> Vec<Place> {
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let assignment = text(&document["target"], "policyAssignmentId").to_lowercase();
    let park = &document["parked"];
    let of = |(resource, entry): (&String, &Value)| {
        let state = &entry["state"];
        // What waits in a parked target is parked for the target's reason.
        let is_held = park.is_object() && state["is"] == "waiting";
        let told = if is_held { park } else { state };
        let failure = if told["words"].is_string() { told } else { &entry["lastFailure"] };
        Place {
            resource: resource.to_lowercase(),
            assignment: assignment.clone(),
            is: if is_held { "parked".to_owned() } else { text(state, "is") },
            reason: text(told, "reason"),
            class: text(failure, "class"),
            words: text(failure, "words"),
            hint: text(told, "hint"),
            target_is_parked: park.is_object(),
        }
    };
    document["resources"].as_object().into_iter().flatten().map(of).collect()
}

fn call(entry: &Entry) -> Call {
    let query = if entry.query.is_empty() { String::new() } else { format!("?{}", entry.query) };
    let address = simulator::fakes::readable(&format!("{}{query}", entry.path));
    Call { method: entry.method.clone(), address, status: entry.status }
}

/// A person's task may lie over another; two of the worker's may not.
fn overlaps(manager: &ResourceManager) -> usize {
    let is_ours = |id: &str| id.rsplit('/').next().is_some_and(|name| name.starts_with("pr-"));
    let all = manager.overlaps();
    all.iter().filter(|one| is_ours(one.first.as_str()) && is_ours(one.second.as_str())).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_waits_in_a_parked_target_is_parked_for_the_targets_reason() {
        let failure = json!({ "class": "transient", "words": "busy" });
        let mut document = json!({
            "target": { "policyAssignmentId": "/A" },
            "resources": {
                "/X/waits": { "state": { "is": "waiting" }, "lastFailure": failure },
                "/X/fixed": { "state": { "is": "fixed" } },
            }
        });
        let free = places(&document);
        let waits = free.iter().find(|one| one.resource == "/x/waits").unwrap();
        assert_eq!((waits.is.as_str(), waits.class.as_str(), waits.words.as_str()), ("waiting", "transient", "busy"));
        assert_eq!((waits.assignment.as_str(), waits.target_is_parked), ("/a", false));
        document["parked"] = json!({ "reason": "noIdentity", "words": "w", "hint": "h" });
        let held = places(&document);
        let waits = held.iter().find(|one| one.resource == "/x/waits").unwrap();
        assert_eq!((waits.is.as_str(), waits.reason.as_str(), waits.hint.as_str()), ("parked", "noIdentity", "h"));
        let fixed = held.iter().find(|one| one.resource == "/x/fixed").unwrap();
        assert_eq!((fixed.is.as_str(), fixed.reason.as_str(), fixed.target_is_parked), ("fixed", "", true));
    }
}
