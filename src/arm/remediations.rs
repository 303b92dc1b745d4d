//! Remediation tasks: the calls and what their answers mean.
//! Source: the service's OpenAPI description, Microsoft.PolicyInsights/remediations 2024-10-01, the first with `filters.resourceIds`.

use std::collections::BTreeSet;

use azure_core::http::Method;
use serde_json::json;

use remediation::document::{TaskKind, TaskName};
use remediation::fact::{
    CallKind, Deployment, DeploymentCounts, DeploymentStatus, ListedTask, NewTask, TaskState, TaskStatus,
};
use remediation::id::{AssignmentId, Scope, SubscriptionId, Target, fold};

use super::answer::{Answer, Done, Oddity, one};
use super::call::{Call, QuotaScope};
use super::lenient::{Item, Members};
use super::page::Page;
use super::service_error::ServiceError;

const API_VERSION: &str = "2024-10-01";
/// The oldest with the same operations and members, but for `resourceCount`, `parallelDeployments` and `failureThreshold`, which
/// came with 2021-10-01, and `filters.resourceIds`, which came last.
const OLDEST: &str = "2019-07-01";
const WITH_LIMITS: &str = "2021-10-01";
/// Between the scope and the name of a task in its id.
const IN_ID: &str = "/providers/microsoft.policyinsights/remediations/";
const PROVIDER: [&str; 3] = ["providers", "Microsoft.PolicyInsights", "remediations"];

/// Creates the task. Not to be repeated blindly: over a finished task it starts it anew.
#[must_use]
pub fn create_task(task: &NewTask) -> Call<TaskStatus> {
    let mut properties = json!({
        "policyAssignmentId": task.target.policy_assignment_id,
        "parallelDeployments": task.request.parallel_deployments,
        "failureThreshold": { "percentage": task.request.failure_threshold },
        "resourceDiscoveryMode": "ExistingNonCompliant",
    });
    match &task.kind {
        TaskKind::Listed => properties["filters"] = json!({ "resourceIds": task.resources }),
        TaskKind::WholeScope { count } => {
            properties["resourceCount"] = json!(count);
            if !task.request.locations.is_empty() {
                properties["filters"] = json!({ "locations": task.request.locations });
            }
        }
    }
    if let Some(reference) = &task.request.reference {
        properties["policyDefinitionReferenceId"] = json!(reference);
    }
    // An older version passes over what it does not know: without its filter the task would be for all of its scope.
    let oldest = match &task.kind {
        TaskKind::Listed => API_VERSION,
        TaskKind::WholeScope { .. } => WITH_LIMITS,
    };
    on_task(CallKind::CreateTask, Method::Put, &task.target, &task.name, &[])
        .down_to(oldest)
        .with_body(json!({ "properties": properties }))
}

/// Reads the task with this name.
#[must_use]
pub fn task(target: &Target, name: &TaskName) -> Call<TaskStatus> {
    on_task(CallKind::ReadTask, Method::Get, target, name, &[])
}

/// Deletes the task with this name, which has ended. One that is not there is deleted as well.
#[must_use]
pub fn delete_task(target: &Target, name: &TaskName) -> Call<Done> {
    on_task(CallKind::DeleteTask, Method::Delete, target, name, &[])
}

/// Cancels the task with this name. One that has ended is refused.
#[must_use]
pub fn cancel_task(target: &Target, name: &TaskName) -> Call<Done> {
    on_task(CallKind::CancelTask, Method::Post, target, name, &["cancel"])
}

/// Lists the task's deployments.
#[must_use]
pub fn list_deployments(target: &Target, name: &TaskName) -> Call<Page<Deployment>> {
    on_task(CallKind::ListDeployments, Method::Post, target, name, &["listDeployments"])
}

/// Lists all tasks of a subscription, those of its groups and resources too.
#[must_use]
pub fn list_tasks(subscription: &SubscriptionId) -> Call<Page<ListedTask>> {
    let quota = QuotaScope::Subscription(subscription.clone());
    Call::new(
        CallKind::ListTasks,
        quota,
        Method::Get,
        &format!("/subscriptions/{subscription}"),
        &PROVIDER,
        API_VERSION,
    )
    .down_to(OLDEST)
}

/// Lists the tasks of a resource group.
#[must_use]
pub(super) fn list_tasks_in(scope: &Scope) -> Call<Page<ListedTask>> {
    let quota = QuotaScope::Subscription(scope.subscription().clone());
    Call::new(CallKind::ListTasks, quota, Method::Get, scope.as_str(), &PROVIDER, API_VERSION).down_to(OLDEST)
}

/// Lists the tasks of one assignment in a subscription.
#[must_use]
pub(super) fn list_tasks_of(subscription: &SubscriptionId, assignment: &AssignmentId) -> Call<Page<ListedTask>> {
    let id = assignment.as_str().replace('\'', "''");
    list_tasks(subscription).with_query("$filter", format!("PolicyAssignmentId eq '{id}'"))
}

fn on_task<T>(kind: CallKind, method: Method, target: &Target, name: &TaskName, action: &[&str]) -> Call<T> {
    let quota = QuotaScope::Subscription(target.subscription().clone());
    let tail: Vec<&str> = PROVIDER.into_iter().chain([name.as_str()]).chain(action.iter().copied()).collect();
    Call::new(kind, quota, method, target.scope.as_str(), &tail, API_VERSION).down_to(OLDEST)
}

impl Answer for TaskStatus {
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String> {
        one(text, oddities)
    }
}

impl Item for TaskStatus {
    /// A task whose state cannot be read is active, as one whose state is not known.
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        if !members.exist() {
            return None;
        }
        let mut properties = members.object("properties");
        let word = state(&mut properties);
        let created_on = properties.time("createdOn");
        let mut counts = properties.object("deploymentStatus");
        let deployments = DeploymentCounts {
            total: counts.count("totalDeployments"),
            successful: counts.count("successfulDeployments"),
            failed: counts.count("failedDeployments"),
        };
        Some(Self { state: TaskState::of_word(&word), word, created_on, deployments })
    }
}

impl Item for ListedTask {
    /// What cannot be read of a task blocks as much as it may: it is active, of any policy, of all of its scope, in all of the
    /// subscription. One that says nothing at all is none.
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let id = members.id("id");
        let name = members.text("name").map(|name| fold(&name));
        if id.is_none() && name.is_none() && members.given("properties").is_none() {
            members.miss("id");
            return None;
        }
        let parts = id.as_deref().and_then(|id| id.rsplit_once(IN_ID));
        if parts.is_none() {
            members.miss("id");
        }
        let (scope, name_in_id) = parts.unwrap_or_default();
        let mut properties = members.object("properties");
        let word = state(&mut properties);
        let reference = properties.text("policyDefinitionReferenceId");
        let assignment = properties.id("policyAssignmentId");
        if assignment.is_none() {
            properties.miss("policyAssignmentId");
        }
        // A reference that is there and cannot be read may be any.
        let is_any = reference.is_none() && !properties.has_text_or_none("policyDefinitionReferenceId");
        Some(Self {
            name: name.unwrap_or_else(|| name_in_id.to_owned()),
            scope: scope.to_owned(),
            assignment: assignment.filter(|_| !is_any).unwrap_or_default(),
            reference: fold(&reference.unwrap_or_default()),
            resources: limit(&mut properties.object("filters")),
            state: TaskState::of_word(&word),
        })
    }
}

impl Item for Deployment {
    // What is not in the list is never taken for fixed, and the counters of the task tell of more.
    const MAY_LACK_ITEMS: bool = true;

    /// A deployment whose status cannot be read says nothing of its resource, and one without a resource nothing at all.
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let resource = members.id("remediatedResourceId");
        if resource.is_none() {
            members.miss("remediatedResourceId");
        }
        let status = match state_in(members, "status").to_ascii_lowercase().as_str() {
            "succeeded" => DeploymentStatus::Succeeded,
            "failed" => {
                let ServiceError { code, message } = members.given("error").map(ServiceError::of).unwrap_or_default();
                DeploymentStatus::Failed { code, message }
            }
            _ => DeploymentStatus::Open,
        };
        Some(Self { resource: resource?, status, ended: members.time("lastUpdatedOn") })
    }
}

fn state(properties: &mut Members<'_, '_>) -> String {
    state_in(properties, "provisioningState")
}

fn state_in(members: &mut Members<'_, '_>, member: &str) -> String {
    let word = members.word(member);
    if word.is_none() {
        members.miss(member);
    }
    word.unwrap_or_default()
}

/// The resources that a filter lets in; none: all. A filter that cannot be read wholly lets in who knows what, and an empty one
/// is none.
fn limit(filters: &mut Members<'_, '_>) -> Option<BTreeSet<String>> {
    let ids = filters.ids("resourceIds")?;
    let all = filters.list("resourceIds")?.iter().filter(|id| !id.is_null()).count();
    (ids.len() == all && all > 0).then(|| ids.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fixture::new_task;
    use serde_json::Value;

    #[test]
    fn a_task_names_its_resources_or_says_how_many_it_takes_and_never_evaluates_anew() {
        let properties = |kind| {
            let call = create_task(&NewTask { kind, ..new_task(7, 2) });
            serde_json::from_str::<Value>(&call.body_text()).unwrap()["properties"].clone()
        };
        let (listed, whole) = (properties(TaskKind::Listed), properties(TaskKind::WholeScope { count: 300 }));
        assert_eq!(listed["filters"]["resourceIds"].as_array().map(Vec::len), Some(2));
        assert_eq!((&listed["resourceCount"], &whole["filters"]), (&Value::Null, &Value::Null));
        assert_eq!(whole["resourceCount"], 300);
        for properties in [listed, whole] {
            assert_eq!(properties["resourceDiscoveryMode"], "ExistingNonCompliant");
        }
    }
}
