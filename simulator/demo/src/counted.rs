//! The documents of the targets, completed with what they only count: a target that no task remediates keeps no entries, so the records of
//! the local Azure tell which resources they are.

use serde_json::{Value, json};
use simulator::LocalAzure;
use simulator::estate::{ComplianceState, RecordKey};
use simulator::resource_manager::ResourceManager;

/// The documents by the names of their blobs.
pub(crate) fn target_documents(azure: &LocalAzure, manager: &ResourceManager) -> Vec<(String, Value)> {
    let blobs = azure.blobs().list("state", "targets/");
    let read = blobs.iter().filter_map(|blob| Some((blob.name.clone(), serde_json::from_slice(&blob.content).ok()?)));
    let mut documents: Vec<(String, Value)> = read.collect();
    if documents.iter().any(|(_, document)| document["notRemediable"].is_object()) {
        let records = manager.records().into_iter();
        let bad = records.filter(|record| record.state == Some(ComplianceState::NonCompliant)).map(|record| record.key);
        let bad: Vec<_> = bad.collect();
        documents.iter_mut().for_each(|(_, document)| complete(document, &bad));
    }
    documents
}

/// Adds an entry for each resource that does not comply and has none, where the target counts them.
fn complete(document: &mut Value, bad: &[RecordKey]) {
    if !document["notRemediable"].is_object() {
        return;
    }
    let text = |name: &str| document["target"][name].as_str().unwrap_or_default().to_owned();
    let scope = format!("{}/", text("scope").to_lowercase());
    let target = RecordKey::new("", text("policyAssignmentId").as_str(), Some(&text("policyDefinitionReferenceId")));
    let is_of = |key: &&RecordKey| key.assignment == target.assignment && key.reference == target.reference;
    let Some(entries) = document["resources"].as_object_mut() else { return };
    for key in bad.iter().filter(is_of).filter(|key| key.resource.lower().starts_with(&scope)) {
        let skipped = || json!({ "attempt": 1, "state": { "is": "skipped", "reason": "notRemediable" } });
        entries.entry(key.resource.lower()).or_insert_with(skipped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_counts_is_told_by_the_records_of_its_own_scope_and_policy() {
        let mut document = json!({
            "target": { "scope": "/subscriptions/S", "policyAssignmentId": "/A", "policyDefinitionReferenceId": "r" },
            "resources": { "/subscriptions/s/fixed": { "state": { "is": "fixed" } } },
        });
        let key = |resource: &str, reference: &str| RecordKey::new(resource, "/a", Some(reference));
        let bad = [
            key("/subscriptions/s/one", "R"),
            key("/subscriptions/s/fixed", "r"),
            key("/subscriptions/s/another", "other"),
            key("/subscriptions/ss/elsewhere", "r"),
        ];
        let before = document.clone();
        complete(&mut document, &bad);
        assert_eq!(document, before, "it counts nothing");
        document["notRemediable"] = json!({ "seen": 3 });
        complete(&mut document, &bad);
        let entries = document["resources"].as_object().unwrap();
        assert_eq!((entries.len(), &entries["/subscriptions/s/one"]["state"]["reason"]), (2, &json!("notRemediable")));
    }
}
