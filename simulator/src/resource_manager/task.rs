//! A remediation task as a value: what was asked for, by whom, and how far its plan is laid. No rules, no clock.

use crate::estate::{ArmId, Attempt, lower};
use std::fmt;
use time::OffsetDateTime;

/// How many resources a task takes when it does not say (Microsoft documentation: "Azure Policy remediation task
/// structure").
pub(crate) const DEFAULT_RESOURCE_COUNT: usize = 500;
/// How many deployments run at a time when a task does not say (same source).
pub(crate) const DEFAULT_PARALLEL_DEPLOYMENTS: usize = 10;

/// State of a task. The service's documentation also lists `Complete`; nothing public shows when it occurs, so it does
/// not occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProvisioningState {
    /// Taken in, nothing begun.
    Accepted,
    /// Looking for non-compliant resources anew.
    Evaluating,
    /// Deploying.
    Running,
    /// A cancel came; what runs is let finish.
    Cancelling,
    /// Ended by a cancel.
    Canceled,
    /// Ended, every deployment worked (or there was none).
    Succeeded,
    /// Ended, at least one deployment failed.
    Failed,
}

impl ProvisioningState {
    /// Whether the task has ended.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Canceled | Self::Succeeded | Self::Failed => true,
            Self::Accepted | Self::Evaluating | Self::Running | Self::Cancelling => false,
        }
    }
}

impl fmt::Display for ProvisioningState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "Accepted",
            Self::Evaluating => "Evaluating",
            Self::Running => "Running",
            Self::Cancelling => "Cancelling",
            Self::Canceled => "Canceled",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        })
    }
}

/// What kind of principal called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// A service principal or managed identity.
    Application,
    /// A person.
    User,
}

/// Who called, as tasks tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Object id of the principal.
    pub object_id: String,
    /// Its kind.
    pub kind: CallerKind,
}

impl Caller {
    /// Whoever a token was issued to.
    pub(crate) fn of(caller: &crate::identity::Caller) -> Self {
        let kind = if caller.is_person { CallerKind::User } else { CallerKind::Application };
        Self { object_id: caller.principal.object_id.clone(), kind }
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self { object_id: "00000000-0000-0000-0000-000000000000".to_owned(), kind: CallerKind::Application }
    }
}

/// How resources are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscoveryMode {
    /// Among those known to be non-compliant.
    ExistingNonCompliant,
    /// After a fresh evaluation.
    ReEvaluateCompliance,
}

/// The properties that a PUT may set.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRequest {
    /// The policy assignment.
    pub assignment: ArmId,
    /// `policyDefinitionReferenceId`.
    pub reference: Option<String>,
    /// `resourceDiscoveryMode`.
    pub mode: DiscoveryMode,
    /// `filters.locations`.
    pub locations: Option<Vec<String>>,
    /// `filters.resourceIds`.
    pub resource_ids: Option<Vec<ArmId>>,
    /// `resourceCount`.
    pub resource_count: Option<i64>,
    /// `parallelDeployments`.
    pub parallel_deployments: Option<i64>,
    /// `failureThreshold.percentage`, a share of 1; the service keeps it in single precision.
    pub failure_threshold: Option<f32>,
}

impl TaskRequest {
    /// A request for everything non-compliant in scope.
    pub fn new(assignment: impl Into<ArmId>, reference: Option<&str>) -> Self {
        Self {
            assignment: assignment.into(),
            reference: reference.map(str::to_owned),
            mode: DiscoveryMode::ExistingNonCompliant,
            locations: None,
            resource_ids: None,
            resource_count: None,
            parallel_deployments: None,
            failure_threshold: None,
        }
    }

    /// The same for certain resources only.
    pub fn with_resources(mut self, resources: impl IntoIterator<Item = ArmId>) -> Self {
        self.resource_ids = Some(resources.into_iter().collect());
        self
    }

    pub(crate) fn is_same_target(&self, other: &TaskRequest) -> bool {
        let reference = |one: &TaskRequest| lower(one.reference.as_deref().unwrap_or_default());
        self.assignment == other.assignment && reference(self) == reference(other)
    }
}

/// One deployment to one resource.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// Index of the compliance record in the world.
    pub(crate) record: usize,
    pub(crate) resource: ArmId,
    pub(crate) location: String,
    pub(crate) id: String,
    pub(crate) began_at: OffsetDateTime,
    pub(crate) ends_at: OffsetDateTime,
    pub(crate) outcome: Attempt,
}

/// How far a task's course is known.
#[derive(Debug, Clone)]
pub(crate) enum Course {
    /// Accepted; resources are chosen at its start.
    Pending,
    /// The policy changes nothing: ended as soon as it was made.
    Nothing,
    /// Resources are chosen and every deployment is laid out.
    Laid {
        deployments: Vec<Deployment>,
        /// How many resources it took, those included that the failure threshold left out.
        total: usize,
        stopped_by_threshold: bool,
    },
}

/// A remediation task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// Number in order of creation, unique for ever.
    pub(crate) sequence: u64,
    pub(crate) scope: ArmId,
    pub(crate) name: String,
    pub(crate) request: TaskRequest,
    pub(crate) caller: Caller,
    pub(crate) correlation_id: String,
    pub(crate) created_on: OffsetDateTime,
    pub(crate) starts_at: OffsetDateTime,
    pub(crate) cancelled_at: Option<OffsetDateTime>,
    /// When it was deleted or replaced by a PUT of the same name.
    pub(crate) gone_at: Option<OffsetDateTime>,
    /// `systemData`: survives a restart.
    pub(crate) first_caller: Caller,
    pub(crate) first_created_at: OffsetDateTime,
    pub(crate) modified_by: Caller,
    pub(crate) modified_at: OffsetDateTime,
    /// The region that the last write to it has reached.
    pub(crate) region: u32,
    pub(crate) course: Course,
}

impl Task {
    /// Whether it is there at a time: made, and neither deleted nor replaced.
    pub(crate) fn is_there(&self, at: OffsetDateTime) -> bool {
        self.created_on <= at && self.gone_at.is_none_or(|gone| gone > at)
    }

    pub(crate) fn id(&self) -> ArmId {
        ArmId::new(format!("{}/providers/Microsoft.PolicyInsights/remediations/{}", self.scope, self.name))
    }

    pub(crate) fn deployments(&self) -> &[Deployment] {
        match &self.course {
            Course::Laid { deployments, .. } => deployments,
            Course::Pending | Course::Nothing => &[],
        }
    }
}
