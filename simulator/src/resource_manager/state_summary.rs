//! Counts over policy states: resources and policies that are not compliant, in all, by assignment and by policy. A pure
//! function of rows; shaped as the OpenAPI examples of `summarize`.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Row = Map<String, Value>;

/// The one element of a summary's `value`; `top` limits the assignments.
pub(crate) fn summary(rows: &[Row], context: &str, query: &str, top: Option<usize>) -> Value {
    let mut assignments: Vec<Value> = Vec::new();
    for (assignment, rows) in grouped(rows.iter(), &["policyAssignmentId", "policySetDefinitionId"]) {
        let query = format!("{query} and PolicyAssignmentId eq '{}'", part(&assignment, 0));
        let mut definitions = Vec::new();
        let by = ["policyDefinitionId", "policyDefinitionReferenceId", "policyDefinitionAction"];
        for (policy, rows) in grouped(rows.iter().copied(), &by) {
            let query = format!("{query} and PolicyDefinitionId eq '{}'", part(&policy, 0));
            definitions.push(json!({
                "policyDefinitionId": part(&policy, 0),
                "policyDefinitionReferenceId": part(&policy, 1),
                "policyDefinitionGroupNames": [""],
                "effect": part(&policy, 2),
                "results": results(&rows, &query)
            }));
        }
        assignments.push(json!({
            "policyAssignmentId": part(&assignment, 0),
            "policySetDefinitionId": part(&assignment, 1),
            "results": results(&rows, &query),
            "policyDefinitions": definitions,
            "policyGroups": []
        }));
    }
    assignments.truncate(top.unwrap_or(usize::MAX));
    json!({
        "@odata.id": null,
        "@odata.context": format!("{context}/$entity"),
        "results": results(&rows.iter().collect::<Vec<_>>(), query),
        "policyAssignments": assignments
    })
}

fn results(rows: &[&Row], query: &str) -> Value {
    let bad = |row: &&&Row| text(row, "complianceState") == "NonCompliant";
    let resources: BTreeSet<&str> = rows.iter().filter(bad).map(|row| text(row, "resourceId")).collect();
    let policy = |row: &&Row| -> Vec<String> {
        ["policyAssignmentId", "policyDefinitionId", "policyDefinitionReferenceId"]
            .iter()
            .map(|name| text(row, name).to_owned())
            .collect()
    };
    let policies: BTreeSet<Vec<String>> = rows.iter().filter(bad).map(policy).collect();
    // A resource counts once, by the worst of its states; so does a policy.
    let by = |key: &dyn Fn(&&Row) -> Vec<String>| -> Vec<Value> {
        let mut worst: BTreeMap<Vec<String>, String> = BTreeMap::new();
        for row in rows {
            let state = text(row, "complianceState").to_lowercase();
            let known = worst.entry(key(row)).or_insert_with(|| state.clone());
            if rank(&state) > rank(known) {
                *known = state;
            }
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for state in worst.into_values() {
            *counts.entry(state).or_default() += 1;
        }
        counts.into_iter().map(|(state, count)| json!({ "complianceState": state, "count": count })).collect()
    };
    json!({
        "queryResultsUri": query,
        "nonCompliantResources": resources.len(),
        "nonCompliantPolicies": policies.len(),
        "resourceDetails": by(&|row| vec![text(row, "resourceId").to_owned()]),
        "policyDetails": by(&policy),
        "policyGroupDetails": []
    })
}

fn rank(state: &str) -> u8 {
    match state {
        "noncompliant" => 3,
        "compliant" => 2,
        "exempt" => 1,
        _ => 0,
    }
}

fn grouped<'a>(rows: impl Iterator<Item = &'a Row>, by: &[&str]) -> BTreeMap<Vec<String>, Vec<&'a Row>> {
    let mut groups: BTreeMap<Vec<String>, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(by.iter().map(|name| text(row, name).to_owned()).collect()).or_default().push(row);
    }
    groups
}

fn part(key: &[String], at: usize) -> &str {
    key.get(at).map(String::as_str).unwrap_or_default()
}

fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}
