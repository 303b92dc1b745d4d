//! Tasks and their deployments as JSON, shaped as recorded: ids in lower case, the name as it was written, members that
//! are not set absent.

use super::{
    Tempo,
    error::failure_body,
    task::{Caller, CallerKind, Course, Deployment, DiscoveryMode, Task},
    task_life,
};
use crate::estate::{ArmId, Attempt, instant_text, lower};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

/// A task as it is seen at `now`.
pub(crate) fn task_body(task: &Task, now: OffsetDateTime, tempo: &Tempo) -> Value {
    json!({
        "properties": properties(task, now, tempo),
        "id": task.id().lower(),
        "name": task.name,
        "type": "Microsoft.PolicyInsights/remediations",
        "systemData": {
            "createdBy": task.first_caller.object_id,
            "createdByType": kind(&task.first_caller),
            "createdAt": instant_text(task.first_created_at),
            "lastModifiedBy": task.modified_by.object_id,
            "lastModifiedByType": kind(&task.modified_by),
            "lastModifiedAt": instant_text(task.modified_at)
        }
    })
}

/// The deployments that have begun by `now`.
pub(crate) fn deployment_bodies(task: &Task, now: OffsetDateTime) -> Vec<Value> {
    task.deployments().iter().filter(|one| one.began_at <= now).map(|one| deployment_body(one, now)).collect()
}

fn deployment_body(deployment: &Deployment, now: OffsetDateTime) -> Value {
    let (status, updated) = match &deployment.outcome {
        _ if deployment.ends_at > now => ("Running", deployment.began_at),
        Attempt::Succeed => ("Succeeded", deployment.ends_at),
        Attempt::Fail(_) => ("Failed", deployment.ends_at),
    };
    let mut body = json!({
        "remediatedResourceId": deployment.resource.lower(),
        "deploymentId": deployment.id,
        "status": status,
        "resourceLocation": deployment.location
    });
    if let (Attempt::Fail(failure), true) = (&deployment.outcome, deployment.ends_at <= now) {
        body["error"] = failure_body(failure);
    }
    body["createdOn"] = instant_text(deployment.began_at).into();
    body["lastUpdatedOn"] = instant_text(updated).into();
    body
}

fn properties(task: &Task, now: OffsetDateTime, tempo: &Tempo) -> Value {
    let request = &task.request;
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("policyAssignmentId", request.assignment.lower().into());
    if let Some(reference) = &request.reference {
        set("policyDefinitionReferenceId", lower(reference).into());
    }
    set("provisioningState", task_life::state(task, now, tempo).to_string().into());
    set("createdOn", instant_text(task.created_on).into());
    set("lastUpdatedOn", instant_text(task_life::last_updated(task, now, tempo)).into());
    let mut filters = Map::new();
    if let Some(locations) = &request.locations {
        filters.insert("locations".to_owned(), json!(locations));
    }
    if let Some(ids) = &request.resource_ids {
        filters.insert("resourceIds".to_owned(), ids.iter().map(ArmId::lower).collect());
    }
    if !filters.is_empty() {
        set("filters", Value::Object(filters));
    }
    let counters = task_life::counters(task, now, tempo);
    set(
        "deploymentStatus",
        json!({
            "totalDeployments": counters.total,
            "successfulDeployments": counters.successful,
            "failedDeployments": counters.failed
        }),
    );
    if let Some(message) = status_message(task, now, tempo) {
        set("statusMessage", message.into());
    }
    let mode = match request.mode {
        DiscoveryMode::ExistingNonCompliant => "ExistingNonCompliant",
        DiscoveryMode::ReEvaluateCompliance => "ReEvaluateCompliance",
    };
    set("resourceDiscoveryMode", mode.into());
    set("correlationId", task.correlation_id.clone().into());
    if let Some(count) = request.resource_count {
        set("resourceCount", count.into());
    }
    if let Some(count) = request.parallel_deployments {
        set("parallelDeployments", count.into());
    }
    if let Some(share) = request.failure_threshold {
        set("failureThreshold", json!({ "percentage": single(share) }));
    }
    Value::Object(body)
}

/// A number in single precision as the service writes it, with nine digits (recorded: 0.4 comes back as 0.400000006).
fn single(number: f32) -> Value {
    format!("{number:.8e}").parse::<f64>().map_or(Value::Null, Value::from)
}

/// Unverified: what the service says when the failure threshold stopped a task.
fn status_message(task: &Task, now: OffsetDateTime, tempo: &Tempo) -> Option<&'static str> {
    let stopped = matches!(task.course, Course::Laid { stopped_by_threshold: true, .. });
    let ended = task_life::state(task, now, tempo).is_terminal();
    (stopped && ended).then_some("The remediation was stopped because its failure threshold was exceeded.")
}

fn kind(caller: &Caller) -> &'static str {
    match caller.kind {
        CallerKind::Application => "Application",
        CallerKind::User => "User",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_single_precision_comes_back_with_nine_digits() {
        for (sent, comes_back) in [(0.4, "0.400000006"), (0.1, "0.100000001"), (0.5, "0.5"), (1.0, "1.0"), (0.0, "0.0")]
        {
            assert_eq!(single(sent).to_string(), comes_back);
        }
    }
}
