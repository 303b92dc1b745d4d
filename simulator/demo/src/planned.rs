//! What a worker in plan mode would do for each target, as its log tells it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::parked::ParkedTarget;

/// What would be done for a target first. The targets' later tasks are planned when their turn comes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedTarget {
    /// Where the task would be opened.
    pub scope: String,
    /// The policy assignment.
    pub assignment: String,
    /// The policy within the initiative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Resources of the task; none where there would be no task.
    pub resources: usize,
    /// The task as it would be sent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request: String,
    /// Resources that would be skipped.
    pub leaving: usize,
    /// Those of them that are told one by one, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// Why the whole target would be parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked: Option<ParkedTarget>,
}

/// Plans by the hashes of their targets.
pub(crate) type Plans = BTreeMap<String, PlannedTarget>;

/// Takes in a line of the log, if it tells of a plan.
pub(crate) fn take_in(plans: &mut Plans, entry: &Value) {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let count = |name: &str| entry[name].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    match entry["event"].as_str() {
        Some("plan") => {
            let plan = PlannedTarget {
                scope: text("scope"),
                assignment: text("assignment"),
                reference: entry["reference"].as_str().map(str::to_owned),
                resources: count("count"),
                request: text("request"),
                leaving: count("leaving"),
                ..PlannedTarget::default()
            };
            plans.insert(text("target"), plan);
        }
        Some("plan_leaving") => {
            *plans.entry(text("target")).or_default().skipped.entry(text("reason")).or_default() += 1;
        }
        Some("plan_target_parked") => {
            plans.entry(text("target")).or_default().parked = Some(ParkedTarget {
                assignment: text("assignment"),
                reason: text("reason"),
                words: text("words"),
                hint: text("hint"),
            });
        }
        _ => {}
    }
}

/// The plans by the names of their assignments.
pub(crate) fn in_order(plans: &Plans) -> Vec<PlannedTarget> {
    let mut all: Vec<_> = plans.values().cloned().collect();
    let name = |plan: &PlannedTarget| plan.assignment.rsplit('/').next().unwrap_or_default().to_owned();
    all.sort_by_cached_key(|plan| (name(plan), plan.reference.clone(), plan.scope.clone()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_plan_of_a_target_counts_with_what_it_leaves_out() {
        let mut plans = Plans::new();
        let plan = |count: u64, leaving: u64| json!({ "event": "plan", "target": "t", "scope": "/s", "assignment": "/a", "count": count, "leaving": leaving, "request": "{}" });
        let leaves = |reason: &str| json!({ "event": "plan_leaving", "target": "t", "reason": reason });
        for line in [plan(9, 1), leaves("exempt"), plan(4, 2), leaves("compliant"), leaves("compliant")] {
            take_in(&mut plans, &line);
        }
        take_in(
            &mut plans,
            &json!({ "event": "plan_target_parked", "target": "u", "reason": "noIdentity", "hint": "Give it one." }),
        );
        take_in(&mut plans, &json!({ "event": "swept" }));
        let (first, second) = (&plans["t"], &plans["u"]);
        assert_eq!((plans.len(), first.resources, first.leaving), (2, 4, 2));
        assert_eq!(first.skipped, BTreeMap::from([("compliant".to_owned(), 2)]));
        assert_eq!(in_order(&plans).iter().map(|plan| plan.assignment.as_str()).collect::<Vec<_>>(), ["", "/a"]);
        assert_eq!(second.parked.as_ref().map(|park| park.hint.as_str()), Some("Give it one."));
    }
}
