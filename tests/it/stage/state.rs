//! The state documents, read as any other reader of the container would.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator::estate::{ArmId, ComplianceState, RecordKey};

use super::{Stage, until};

impl Stage {
    /// The documents of all targets, by blob name.
    pub(crate) fn documents(&self) -> BTreeMap<String, Value> {
        let blobs = self.azure.blobs().list("state", "targets/");
        blobs.into_iter().map(|blob| (blob.name, serde_json::from_slice(&blob.content).unwrap())).collect()
    }

    /// Every entry of every target: assignment, resource (both in lower case), entry. What waits in a parked target is shown
    /// as parked, with the target's reason.
    pub(crate) fn entries(&self) -> Vec<(String, String, Value)> {
        self.documents().into_values().flat_map(entries_of).collect()
    }

    /// The state of a resource under an assignment; null when nothing is known of it.
    pub(crate) fn state_of(&self, assignment: &str, resource: &str) -> Value {
        let (assignment, resource) = (assignment.to_lowercase(), resource.to_lowercase());
        let found = self.entries().into_iter().find(|(a, r, _)| *a == assignment && *r == resource);
        found.map(|(_, _, entry)| entry["state"].clone()).unwrap_or_default()
    }

    /// How many resources stand where: `waiting`, `inTask`, `fixed`, `parked`, `skipped`.
    pub(crate) fn count(&self, state: &str) -> usize {
        self.entries().iter().filter(|(_, _, entry)| entry["state"]["is"] == state).count()
    }

    /// Whether nothing waits, nothing is in a task, nothing is claimed, and nothing is on its way.
    pub(crate) fn is_settled(&self) -> bool {
        let is_settled = |entry: &Value| entry["state"]["is"] != "waiting" && entry["state"]["is"] != "inTask";
        let quiet = |document: Value| {
            document["active"].is_null() && entries_of(document).iter().all(|(_, _, entry)| is_settled(entry))
        };
        self.host().idle()
            && self.documents().into_values().all(quiet)
            && self.claims().is_empty()
            && self.host().idle()
    }

    /// The documents of subscriptions that hold claims, by blob name, with those.
    pub(crate) fn claims(&self) -> Vec<(String, Value)> {
        let blobs = self.azure.blobs().list("state", "subscriptions/").into_iter();
        let claims = blobs.map(|blob| {
            let document: Value = serde_json::from_slice(&blob.content).unwrap();
            (blob.name, document["claims"].clone())
        });
        claims.filter(|(_, claims)| claims.as_object().is_none_or(|claims| !claims.is_empty())).collect()
    }

    /// Waits until so many resources are known, with an entry or only counted, and everything is settled.
    pub(crate) async fn settled(&self, resources: usize) {
        let known = || self.entries().len() + self.only_counted();
        until(&format!("{resources} resources are settled"), || self.is_settled() && known() >= resources).await;
        assert_eq!(known(), resources);
    }

    /// How many resources do not comply with policies that no task remediates, and have no entry for that.
    fn only_counted(&self) -> usize {
        let noted = self.documents().into_values().filter(|document| document["notRemediable"].is_object());
        let targets = noted.map(|document| {
            let text = |name: &str| document["target"][name].as_str().map(str::to_owned);
            let (assignment, reference) = (text("policyAssignmentId").unwrap(), text("policyDefinitionReferenceId"));
            (RecordKey::new("", assignment.as_str(), reference.as_deref()), document)
        });
        let targets: Vec<_> = targets.collect();
        let is_counted = |key: &RecordKey| {
            targets.iter().any(|(target, document)| {
                let has_entry = document["resources"].get(key.resource.lower()).is_some();
                key.assignment == target.assignment && key.reference == target.reference && !has_entry
            })
        };
        let records = self.manager.records();
        records.iter().filter(|one| one.state == Some(ComplianceState::NonCompliant) && is_counted(&one.key)).count()
    }

    /// The true compliance of a resource under an assignment, as Resource Manager has it.
    pub(crate) fn complies(&self, assignment: &str, resource: &str) -> bool {
        let (assignment, resource) = (ArmId::new(assignment), ArmId::new(resource));
        let records = self.manager.records();
        let record = records.iter().find(|r| r.key.assignment == assignment && r.key.resource == resource);
        record.is_some_and(|record| record.state == Some(ComplianceState::Compliant))
    }

    /// How many records of the estate do not comply.
    pub(crate) fn unfit(&self) -> usize {
        self.manager.records().iter().filter(|record| record.state != Some(ComplianceState::Compliant)).count()
    }

    /// The container `rejected`: each item's JSON.
    pub(crate) fn rejected(&self) -> Vec<Value> {
        let blobs = self.azure.blobs().list("rejected", "");
        blobs.into_iter().map(|blob| serde_json::from_slice(&blob.content).unwrap()).collect()
    }
}

fn entries_of(document: Value) -> Vec<(String, String, Value)> {
    let assignment = document["target"]["policyAssignmentId"].as_str().unwrap_or_default().to_lowercase();
    let park = document["parked"].clone();
    let Value::Object(mut document) = document else { return Vec::new() };
    let Some(Value::Object(resources)) = document.remove("resources") else { return Vec::new() };
    let of = |(id, mut entry): (String, Value)| {
        if park.is_object() && entry["state"]["is"] == "waiting" {
            entry["state"] = park.clone();
            entry["state"]["is"] = "parked".into();
        }
        (assignment.clone(), id.to_lowercase(), entry)
    };
    resources.into_iter().map(of).collect()
}
