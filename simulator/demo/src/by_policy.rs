//! What became of the resources of each policy: a row for each assignment and policy within it, counted from the state documents and
//! the tasks that there were.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// What became of the resources of one policy, over all scopes. Counts are of resources, but for the tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRow {
    /// The assignment, as an id in lower case.
    pub assignment: String,
    /// The policy within the initiative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Resources that were seen.
    pub resources: usize,
    /// Tasks that were opened for it.
    pub tasks: usize,
    /// Fixed ones.
    pub fixed: usize,
    /// Skipped ones.
    pub skipped: usize,
    /// Parked ones, by themselves or with their target.
    pub parked: usize,
    /// Those that wait or are in a task.
    pub waiting: usize,
}

/// Rows, most resources first. `tasks` are the assignment and reference of each task.
pub(super) fn by_policy<'a>(
    documents: &[(String, Value)],
    tasks: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> Vec<PolicyRow> {
    let mut rows: BTreeMap<(String, Option<String>), PolicyRow> = BTreeMap::new();
    let lower = |assignment: &str, reference: Option<&str>| {
        (assignment.to_lowercase(), reference.filter(|name| !name.is_empty()).map(str::to_lowercase))
    };
    for (_, document) in documents {
        let target = &document["target"];
        let assignment = target["policyAssignmentId"].as_str().unwrap_or_default();
        let key = lower(assignment, target["policyDefinitionReferenceId"].as_str());
        rows.entry(key).or_default().add(document);
    }
    for (assignment, reference) in tasks {
        rows.entry(lower(assignment, reference)).or_default().tasks += 1;
    }
    let named = rows.into_iter().map(|((assignment, reference), row)| PolicyRow { assignment, reference, ..row });
    let mut rows: Vec<PolicyRow> = named.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.resources));
    rows
}

impl PolicyRow {
    fn add(&mut self, document: &Value) {
        let is_parked = document["parked"].is_object();
        for entry in document["resources"].as_object().into_iter().flat_map(|entries| entries.values()) {
            self.resources += 1;
            match entry["state"]["is"].as_str() {
                Some("fixed") => self.fixed += 1,
                Some("skipped") => self.skipped += 1,
                Some("parked") => self.parked += 1,
                // What waits in a parked target is parked for the target's reason.
                Some("waiting") if is_parked => self.parked += 1,
                _ => self.waiting += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn targets_of_one_policy_are_one_row_and_a_parked_target_parks_what_waits() {
        let mut documents = Vec::new();
        let mut put = |name: &str, assignment: &str, states: &[&str], parked: bool| {
            let entries: serde_json::Map<String, Value> =
                states.iter().enumerate().map(|(n, is)| (n.to_string(), json!({ "state": { "is": is } }))).collect();
            let mut document = json!({ "target": { "policyAssignmentId": assignment }, "resources": entries });
            if parked {
                document["parked"] = json!({ "reason": "noIdentity" });
            }
            documents.push((format!("targets/{name}.json"), document));
        };
        put("1", "/A", &["fixed", "waiting", "skipped"], false);
        put("2", "/a", &["waiting", "parked", "fixed"], true);
        put("3", "/b", &["inTask"], false);
        let rows = by_policy(&documents, [("/a", None), ("/A", Some("")), ("/b", None)].into_iter());
        let counts = |row: &PolicyRow| [row.resources, row.tasks, row.fixed, row.skipped, row.parked, row.waiting];
        assert_eq!(rows.iter().map(|row| row.assignment.as_str()).collect::<Vec<_>>(), ["/a", "/b"]);
        assert_eq!(counts(&rows[0]), [6, 2, 2, 1, 2, 1]);
        assert_eq!(counts(&rows[1]), [1, 1, 0, 0, 0, 1]);
    }
}
