//! Whatever single member of a page is missing, `null` or of another type, no other item is lost, and what is left of the damaged
//! one is on the safe side.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde_json::{Value, json};

use remediation::event::ComplianceState;
use remediation::fact::{
    AssignedPolicy, Assignment, Deployment, DeploymentStatus, ListedTask, PolicyState, TaskState, TaskStatus,
};

use super::answer::Answer;
use super::lenient::{Item, read_item};
use super::page::Page;

const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

fn recorded(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn tasks() -> Value {
    let mut limited = recorded(include_str!("../../tests/fixtures/remediations/task-accepted.json"));
    limited["properties"]["filters"] = json!({ "resourceIds": [format!("{SUB}/a/"), format!("{SUB}/B")] });
    limited["properties"]["policyDefinitionReferenceId"] = json!("Reference");
    let ended = recorded(include_str!("../../tests/fixtures/remediations/task-succeeded.json"));
    let canceled = recorded(include_str!("../../tests/fixtures/remediations/task-cancelling.json"));
    json!({ "value": [limited, ended, canceled], "nextLink": "https://management.azure.com/next" })
}

fn deployments() -> Value {
    let mut page = recorded(include_str!("../../tests/fixtures/remediations/deployments.json"));
    let first = page["value"][0].clone();
    let mut failed = first.clone();
    failed["remediatedResourceId"] = json!(format!("{SUB}/failed"));
    failed["status"] = json!("Failed");
    failed["error"] =
        json!({ "code": "A", "message": "a", "details": [{ "code": "B", "message": "b", "details": [] }] });
    let mut running = first;
    running["remediatedResourceId"] = json!(format!("{SUB}/running"));
    running["status"] = json!("Running");
    page["value"].as_array_mut().unwrap().extend([failed, running]);
    page
}

fn states() -> Value {
    let state = |name: &str, state: &str| {
        json!({
            "resourceId": format!("{SUB}/{name}"), "complianceState": state, "timestamp": "2025-02-05T10:00:00Z",
            "policyDefinitionAction": "deployIfNotExists",
        })
    };
    let value = [state("a", "NonCompliant"), state("b", "Compliant"), state("c", "Exempt")];
    json!({ "@odata.context": "x", "@odata.count": 3, "@odata.nextLink": null, "value": value })
}

fn assignments() -> Value {
    let assignment = |name: &str, policy: &str| {
        json!({
            "id": format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/{name}"), "name": name,
            "identity": { "type": "SystemAssigned", "principalId": "x" },
            "properties": {
                "policyDefinitionId": format!("/providers/Microsoft.Authorization/{policy}"), "enforcementMode": "Default",
                "notScopes": [format!("{SUB}/a"), format!("{SUB}/b")], "parameters": { "tag": { "value": "x" } },
            },
        })
    };
    json!({ "value": [assignment("a", "policyDefinitions/x"), assignment("b", "policySetDefinitions/y")] })
}

/// The places of all members and items in a value, from the outermost.
fn places(value: &Value, place: &str, all: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, inner)| (name.replace('/', "~1"), inner)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, inner)| (at.to_string(), inner)).collect(),
        _ => return,
    };
    for (name, inner) in inner {
        let place = format!("{place}/{name}");
        places(inner, &place, all);
        all.push(place);
    }
}

/// The page with each damage there is, and where it is.
fn damaged(page: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    places(page, "", &mut all);
    let mut damaged = Vec::new();
    for place in all {
        let old = page.pointer(&place).unwrap();
        let odd = [
            Value::Null,
            json!(5),
            json!(1.5),
            json!(true),
            json!("odd"),
            json!([]),
            json!([7]),
            json!({}),
            json!({ "odd": 1 }),
        ];
        for odd in odd.into_iter().filter(|odd| std::mem::discriminant(odd) != std::mem::discriminant(old)) {
            let mut page = page.clone();
            *page.pointer_mut(&place).unwrap() = odd;
            damaged.push((place.clone(), page));
        }
        let (outer, name) = place.rsplit_once('/').unwrap();
        let mut page = page.clone();
        if let Value::Object(members) = page.pointer_mut(outer).unwrap() {
            members.shift_remove(&name.replace("~1", "/"));
            damaged.push((place.clone(), page));
        }
    }
    assert!(damaged.len() > 100, "{}", damaged.len());
    damaged
}

fn read<T: Item>(page: &Value) -> Result<(Vec<T>, usize), String> {
    let mut oddities = Vec::new();
    let page = <Page<T> as Answer>::read(&page.to_string(), &mut oddities)?;
    Ok((page.value, oddities.len()))
}

/// Checks every damage: `is_safe(item, damaged)`.
fn check<T: Item + Debug + PartialEq>(page: &Value, is_safe: impl Fn(&T, &T) -> bool) {
    let (all, oddities) = read::<T>(page).unwrap();
    assert_eq!((all.len(), oddities), (page["value"].as_array().unwrap().len(), 0), "the page itself is sound");
    for (place, page) in damaged(page) {
        let Some(item) = place.strip_prefix("/value/") else {
            match read::<T>(&page) {
                Ok((left, oddities)) if place == "/value" => assert!(left.is_empty() && oddities == 1, "{page}"),
                Ok((left, _)) => assert_eq!(left, all, "{place}"),
                Err(words) => assert_eq!((place.as_str(), words.is_empty()), ("/value", false)),
            }
            continue;
        };
        let at: usize = item.split('/').next().unwrap().parse().unwrap();
        let (mut left, oddities) = read::<T>(&page).unwrap();
        if left.len() == all.len() {
            let odd = left.remove(at);
            assert!(is_safe(&all[at], &odd), "{place} of {}:\n{:?}\n{odd:?}", page["value"][at], all[at]);
        } else {
            assert_eq!(oddities, 1, "{place}: what is lost is told");
        }
        let others: Vec<&T> = all.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, item)| item).collect();
        assert_eq!(left.iter().collect::<Vec<_>>(), others, "{place}");
    }
}

#[test]
fn a_damaged_task_blocks_at_least_what_it_did() {
    check::<ListedTask>(&tasks(), |task, damaged| {
        (damaged.state == task.state || damaged.state == TaskState::Active)
            && (damaged.scope == task.scope || damaged.scope.is_empty())
            && (damaged.assignment == task.assignment || damaged.assignment.is_empty())
            // A reference that is not given is none, and a number is its text.
            && (damaged.reference == task.reference || damaged.assignment.is_empty() || damaged.reference.len() < 5)
            // One that is `null` is not given either.
            && (damaged.resources.is_none() || {
                let left = damaged.resources.as_ref().map_or(0, BTreeSet::len);
                left + 1 >= task.resources.as_ref().map_or(0, BTreeSet::len) && left > 0
            })
    });
}

#[test]
fn a_damaged_deployment_never_ends_better_than_it_did() {
    check::<Deployment>(&deployments(), |deployment, damaged| {
        damaged.resource == deployment.resource
            && match (&damaged.status, &deployment.status) {
                (DeploymentStatus::Open, _) | (DeploymentStatus::Failed { .. }, DeploymentStatus::Failed { .. }) => {
                    true
                }
                (left, right) => left == right,
            }
            && (damaged.ended == deployment.ended || damaged.ended.is_none())
    });
}

#[test]
fn a_damaged_state_says_what_it_said_or_nothing() {
    check::<PolicyState>(&states(), |state, damaged| {
        (damaged.resource == state.resource || damaged.resource.is_empty())
            && (damaged.state == state.state || damaged.state == ComplianceState::NonCompliant && damaged.at.is_none())
            && (damaged.at == state.at || damaged.at.is_none())
            && (damaged.effect == state.effect || damaged.effect.is_none())
    });
}

#[test]
fn a_damaged_assignment_is_never_gone() {
    check::<Assignment>(&assignments(), |assignment, damaged| {
        (damaged.id == assignment.id || damaged.id.is_empty())
            && (damaged.policy == assignment.policy || matches!(damaged.policy, AssignedPolicy::Unreadable(_)))
    });
    let (all, _) = read::<Assignment>(&json!({ "value": [null, 5, "x", []] })).unwrap();
    assert_eq!(all.len(), 4, "there may be four more");
}

#[test]
fn a_damaged_task_goes_on_or_has_ended_as_it_had() {
    let task = tasks()["value"][1].clone();
    let status: TaskStatus = read_item(&task).unwrap();
    assert_eq!((status.deployments.total, status.state), (Some(1), TaskState::Succeeded));
    for (place, page) in damaged(&tasks()).into_iter().filter(|(place, _)| place.starts_with("/value/1/")) {
        let damaged: TaskStatus = read_item(&page["value"][1]).unwrap();
        assert!(damaged.state == status.state || damaged.state == TaskState::Active, "{place}");
        assert!(
            damaged.deployments.total == status.deployments.total || damaged.deployments.total.is_none(),
            "{place}"
        );
    }
    assert!(read_item::<TaskStatus>(&json!(null)).is_err());
}

#[test]
fn counters_and_truths_may_come_as_texts() {
    let text = json!({ "properties": { "provisioningState": " succeeded ", "deploymentStatus": { "totalDeployments": "3" } } });
    let status: TaskStatus = read_item(&text).unwrap();
    assert_eq!(
        (status.state, status.deployments.total, status.deployments.failed),
        (TaskState::Succeeded, Some(3), None)
    );
}
