//! Remediation tasks: the calls and what their answers mean.
//! Source: the service's OpenAPI description, Microsoft.PolicyInsights/remediations 2024-10-01, the first with `filters.resourceIds`.

use std::collections::BTreeSet;

use azure_core::http::Method;
use serde::Deserialize;
use serde_json::json;

use super::call::{Account, Call, CallKind};
use super::page::Page;
use crate::event::{Timestamp, parse_time};
use crate::resource::{ResourceId, SubscriptionId, Target, fold};
use crate::state::{Extent, TaskName};

const API_VERSION: &str = "2024-10-01";
const PROVIDER: [&str; 3] = ["providers", "Microsoft.PolicyInsights", "remediations"];

/// A remediation task to be created: the whole of what is asked, and what a plan shows.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Its name.
    pub name: TaskName,
    /// Scope, assignment and reference.
    pub target: Target,
    /// The reference id in the initiative's own casing, when the target has one.
    pub reference: Option<String>,
    /// What it is limited to.
    pub extent: Extent,
    /// The resources that it is meant for; at most 100, unless it takes whatever is non-compliant in its scope.
    pub resources: Vec<ResourceId>,
    /// Deployments at the same time, 1 to 30.
    pub parallel_deployments: u32,
    /// Share of failed deployments, 0.0 to 1.0, above which the task gives up.
    pub failure_threshold: f32,
}

/// Where a task stands. Names that are not known count as active: the service adds some over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// Accepted, Evaluating, Running, Cancelling, or unknown.
    Active,
    /// Every deployment succeeded, or there was none.
    Succeeded,
    /// At least one deployment failed.
    Failed,
    /// A person canceled it.
    Canceled,
    /// Ended without saying how.
    Complete,
}

impl TaskState {
    fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            "canceled" | "cancelled" => Self::Canceled,
            "complete" => Self::Complete,
            _ => Self::Active,
        }
    }
}

/// A task as Resource Manager tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// Where it stands.
    pub state: TaskState,
    /// The same in the service's word.
    pub word: String,
    /// When it was created or restarted.
    pub created_on: Option<Timestamp>,
}

/// A task of the list of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTask {
    /// Its name, folded.
    pub name: String,
    /// The scope that it was created at, folded.
    pub scope: String,
    /// Its assignment, folded.
    pub assignment: String,
    /// Its reference id, folded, empty when none.
    pub reference: String,
    /// The resources that it is limited to, folded; none: all of its scope.
    pub resources: Option<BTreeSet<String>>,
    /// Where it stands.
    pub state: TaskState,
}

/// How the deployment to one resource ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed {
        /// The service's code.
        code: String,
        /// The service's words.
        message: String,
    },
    /// It did not end, or was canceled.
    Open,
}

/// A deployment of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The resource, folded.
    pub resource: String,
    /// How it ended.
    pub status: DeploymentStatus,
    /// When it last changed: its end, once ended.
    pub ended: Option<Timestamp>,
}

/// Creates the task. Not to be repeated blindly: over a finished task it starts it anew.
#[must_use]
pub fn create_task(task: &NewTask) -> Call<TaskStatus> {
    let mut properties = json!({
        "policyAssignmentId": task.target.policy_assignment_id,
        "parallelDeployments": task.parallel_deployments,
        "failureThreshold": { "percentage": task.failure_threshold },
    });
    let mode = match &task.extent {
        Extent::Resources => {
            properties["filters"] = json!({ "resourceIds": task.resources });
            "ExistingNonCompliant"
        }
        // Evaluating anew excludes a filter by resource, so the scope is the resource.
        Extent::Anew { .. } => "ReEvaluateCompliance",
        Extent::Whole { count } => {
            properties["resourceCount"] = json!(count);
            "ExistingNonCompliant"
        }
    };
    properties["resourceDiscoveryMode"] = json!(mode);
    if let Some(reference) = &task.reference {
        properties["policyDefinitionReferenceId"] = json!(reference);
    }
    on_task(CallKind::CreateTask, Method::Put, &task.target, &task.extent, &task.name, &[])
        .with_body(json!({ "properties": properties }))
}

/// Reads the task with this name and extent.
#[must_use]
pub fn task(target: &Target, extent: &Extent, name: &TaskName) -> Call<TaskStatus> {
    on_task(CallKind::ReadTask, Method::Get, target, extent, name, &[])
}

/// Lists the task's deployments.
#[must_use]
pub fn list_deployments(target: &Target, extent: &Extent, name: &TaskName) -> Call<Page<Deployment>> {
    on_task(CallKind::ListDeployments, Method::Post, target, extent, name, &["listDeployments"])
}

/// Lists all tasks of a subscription, those of its groups and resources too.
#[must_use]
pub fn list_tasks(subscription: &SubscriptionId) -> Call<Page<ListedTask>> {
    let account = Account::Subscription(subscription.clone());
    Call::new(
        CallKind::ListTasks,
        account,
        Method::Get,
        &format!("/subscriptions/{subscription}"),
        &PROVIDER,
        API_VERSION,
    )
}

fn on_task<T>(
    kind: CallKind,
    method: Method,
    target: &Target,
    extent: &Extent,
    name: &TaskName,
    action: &[&str],
) -> Call<T> {
    let account = Account::Subscription(target.subscription().clone());
    let scope = extent.own_scope().map_or(target.scope.as_str(), ResourceId::as_str);
    let tail: Vec<&str> = PROVIDER.into_iter().chain([name.as_str()]).chain(action.iter().copied()).collect();
    Call::new(kind, account, method, scope, &tail, API_VERSION)
}

/// The wire forms, private to this file's parsing.
mod wire {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(super) struct Remediation {
        #[serde(default)]
        pub(super) id: String,
        #[serde(default)]
        pub(super) name: String,
        pub(super) properties: Properties,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    #[derive(Default)]
    pub(super) struct Properties {
        pub(super) policy_assignment_id: String,
        pub(super) policy_definition_reference_id: Option<String>,
        pub(super) provisioning_state: String,
        pub(super) created_on: Option<String>,
        pub(super) filters: Option<Filters>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct Filters {
        pub(super) resource_ids: Option<Vec<String>>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct Deployment {
        #[serde(default)]
        pub(super) remediated_resource_id: String,
        #[serde(default)]
        pub(super) status: String,
        pub(super) last_updated_on: Option<String>,
        pub(super) error: Option<Error>,
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    pub(super) struct Error {
        pub(super) code: String,
        pub(super) message: String,
        pub(super) details: Vec<Error>,
    }
}

impl<'de> Deserialize<'de> for TaskStatus {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let properties = wire::Remediation::deserialize(deserializer)?.properties;
        Ok(Self {
            state: TaskState::parse(&properties.provisioning_state),
            word: properties.provisioning_state,
            created_on: properties.created_on.as_deref().and_then(parse_time),
        })
    }
}

impl<'de> Deserialize<'de> for ListedTask {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let task = wire::Remediation::deserialize(deserializer)?;
        let id = fold(&task.id);
        let scope = id.rsplit_once("/providers/microsoft.policyinsights/").map_or(id.as_str(), |(scope, _)| scope);
        let resources = task.properties.filters.and_then(|f| f.resource_ids);
        Ok(Self {
            name: fold(&task.name),
            scope: scope.to_owned(),
            assignment: fold(task.properties.policy_assignment_id.trim_end_matches('/')),
            reference: fold(task.properties.policy_definition_reference_id.unwrap_or_default().trim()),
            resources: resources.map(|ids| ids.iter().map(|id| fold(id.trim_end_matches('/'))).collect()),
            state: TaskState::parse(&task.properties.provisioning_state),
        })
    }
}

impl<'de> Deserialize<'de> for Deployment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let item = wire::Deployment::deserialize(deserializer)?;
        let status = match item.status.to_ascii_lowercase().as_str() {
            "succeeded" => DeploymentStatus::Succeeded,
            "failed" => failure(item.error.unwrap_or_default()),
            _ => DeploymentStatus::Open,
        };
        Ok(Self {
            resource: fold(item.remediated_resource_id.trim_end_matches('/')),
            status,
            ended: item.last_updated_on.as_deref().and_then(parse_time),
        })
    }
}

/// A failed deployment's outermost error often only says that it failed; the cause is the innermost first detail.
fn failure(error: wire::Error) -> DeploymentStatus {
    let mut cause = error;
    let mut message = std::mem::take(&mut cause.message);
    while !cause.details.is_empty() {
        cause = cause.details.swap_remove(0);
        if !cause.message.is_empty() {
            message = format!("{message} {}", cause.message);
        }
    }
    DeploymentStatus::Failed { code: cause.code, message: message.trim().to_owned() }
}
