//! How far the worker is, at a glance: the state documents are looked at several times a second, and each is read again only when it has
//! changed.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use simulator::LocalAzure;

use super::tally::StateTally;

/// How far it is, of one target or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Glance {
    /// Resources that are settled: fixed, skipped or parked.
    pub(crate) settled: usize,
    /// Those of them that are fixed.
    pub(crate) fixed: usize,
    /// Resources that wait or are in a task.
    pub(crate) unsettled: usize,
    /// Targets that have a task.
    pub(crate) active_tasks: usize,
    /// Targets in which something waits.
    pub(crate) waiting_targets: Vec<String>,
}

/// What was seen of each document, by its blob's name, with the ETag that it had.
#[derive(Debug, Default)]
pub(crate) struct Glances(HashMap<String, (String, Glance)>);

impl Glances {
    /// A look at all documents.
    pub(crate) fn look(&mut self, azure: &LocalAzure) -> Glance {
        let blobs = azure.blobs().list("state", "targets/");
        let there: HashSet<&str> = blobs.iter().map(|blob| blob.name.as_str()).collect();
        self.0.retain(|name, _| there.contains(name.as_str()));
        let mut all = Glance::default();
        for blob in &blobs {
            let is_known = self.0.get(&blob.name).is_some_and(|(etag, _)| *etag == blob.etag);
            if !is_known && let Ok(document) = serde_json::from_slice(&blob.content) {
                self.0.insert(blob.name.clone(), (blob.etag.clone(), Glance::of(&blob.name, document)));
            }
            if let Some((_, one)) = self.0.get(&blob.name) {
                all.add(one);
            }
        }
        all
    }
}

impl Glance {
    fn of(name: &str, document: Value) -> Self {
        let counted = document["notRemediable"]["seen"].as_u64().unwrap_or_default();
        let tally = StateTally::of(&[(name.to_owned(), document)]);
        let listed = tally.fixed + tally.skipped.values().sum::<usize>() + tally.parked.values().sum::<usize>();
        Self {
            settled: listed + usize::try_from(counted).unwrap_or(usize::MAX),
            fixed: tally.fixed,
            unsettled: tally.waiting + tally.in_task,
            active_tasks: tally.active_tasks,
            waiting_targets: tally.waiting_targets.into_keys().collect(),
        }
    }

    fn add(&mut self, other: &Self) {
        self.settled += other.settled;
        self.fixed += other.fixed;
        self.unsettled += other.unsettled;
        self.active_tasks += other.active_tasks;
        self.waiting_targets.extend_from_slice(&other.waiting_targets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_listed_and_what_is_only_counted_is_settled() {
        let state = |is: &str| json!({ "state": { "is": is, "reason": "r" } });
        let document = json!({
            "target": { "policyAssignmentId": "/a" },
            "active": {},
            "resources": { "1": state("fixed"), "2": state("skipped"), "3": state("parked"), "4": state("waiting"), "5": state("inTask") },
        });
        let waits = Glance::of("targets/s/t.json", document);
        let expected =
            Glance { settled: 3, fixed: 1, unsettled: 2, active_tasks: 1, waiting_targets: vec!["t".to_owned()] };
        assert_eq!(waits, expected);
        let mut all = Glance::of("targets/s/u.json", json!({ "resources": {}, "notRemediable": { "seen": 7 } }));
        assert_eq!((all.settled, all.unsettled), (7, 0));
        all.add(&waits);
        assert_eq!((all.settled, all.waiting_targets.len()), (10, 1));
    }
}
