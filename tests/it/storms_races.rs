//! What a race means at each of the six writes, and what must be seen of it.
//!
//! The two documents are written on condition of their ETag: there a race is lost with 409 or 412. The creation of a task, the
//! wake-up and its acknowledgement have no condition, so none can lose there: it is the documents, written before, that keep
//! the two instances apart.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use simulator::Service;
use simulator::ledger::Entry;

use crate::stage::Stage;
use crate::storms_weather::Trouble;

/// Judges a race that was staged at this write, and says whether it was run: by both instances, and with a loser where there
/// can be one.
pub(crate) fn race_was_weathered(stage: &Stage, trouble: Trouble, story: &str) -> bool {
    let all = stage.azure.ledger().entries();
    let tokens: BTreeSet<_> =
        all.iter().filter(|e| e.service == Service::ResourceManager).filter_map(|e| e.token.as_deref()).collect();
    let has_loser = match trouble.write.name {
        "opening" | "claim" | "open" => {
            let lost = races_lost(stage, trouble);
            println!("{story}: {lost} races lost at {}", trouble.write.name);
            lost > 0
        }
        // Two that create one task: the name stands in the document, so the second finds it there.
        "put" => {
            each_task_was_created_once(&all, story);
            true
        }
        // Two that wake one target, and two passes of one wake-up: the later generation in the document counts.
        "wake-up" | "acknowledgement" => true,
        other => panic!("what is a race at {other}?"),
    };
    no_document_went_back(&all, story);
    tokens.len() > 1 && has_loser
}

/// How many of the writes that were held for a race have lost it.
pub(crate) fn races_lost(stage: &Stage, trouble: Trouble) -> usize {
    let name = trouble.name();
    stage.azure.ledger().count(|entry| entry.faults.contains(&name) && matches!(entry.status, Some(409 | 412)))
}

fn each_task_was_created_once(all: &[Entry], story: &str) {
    let is_creation = |entry: &&Entry| entry.service == Service::ResourceManager && entry.method == "PUT";
    let mut created: BTreeMap<String, usize> = BTreeMap::new();
    for entry in all.iter().filter(is_creation).filter(|entry| entry.status == Some(201)) {
        *created.entry(entry.path.to_lowercase()).or_default() += 1;
    }
    assert!(!created.is_empty() && created.values().all(|times| *times == 1), "{story}: {created:#?}");
}

/// No write took the place of a later one: in every target's document generation and sequence only rise, each write that was
/// let through goes on from the one before it.
fn no_document_went_back(all: &[Entry], story: &str) {
    let is_write = |entry: &&Entry| {
        let stored = entry.status.is_some_and(|status| status < 300);
        entry.service == Service::Blob && entry.method == "PUT" && entry.path.contains("targets%2F") && stored
    };
    let mut of_one: BTreeMap<&str, Vec<(&Entry, [u64; 2])>> = BTreeMap::new();
    for entry in all.iter().filter(is_write) {
        let document: Value = serde_json::from_slice(entry.request_body.as_ref().unwrap()).unwrap();
        let numbers = ["generation", "sequence"].map(|name| document[name].as_u64().unwrap());
        of_one.entry(&entry.path).or_default().push((entry, numbers));
    }
    assert!(!of_one.is_empty(), "{story}");
    for writes in of_one.values() {
        for (entry, now) in writes {
            // What was answered by then, the writer must have known.
            let earlier = writes.iter().filter(|(other, _)| other.answered < entry.received);
            let fell = earlier.into_iter().find(|(_, before)| before[0] > now[0] || before[1] > now[1]);
            assert!(fell.is_none(), "{story}: {fell:#?} became {now:?} in {}", entry.path);
        }
    }
}
