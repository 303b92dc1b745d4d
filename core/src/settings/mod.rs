//! Settings: read once, at the start, from the names and values of an environment. A wrong value stops the start with its name, its value and what is allowed.
//! What belongs to the platform is read elsewhere: the port by `main.rs`, the identity endpoint by `azure_identity`.
//!
//! `table` has a row for each setting, `form` reads values, `environment` holds both to each other.

mod assignment_patterns;
#[cfg(test)]
mod document;
mod environment;
mod error;
mod form;
mod glob;
mod guard_rails;
mod near_miss;
mod pattern_list;
mod table;
mod where_to_act;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

pub use assignment_patterns::AssignmentPatterns;
pub use environment::Told;
pub use error::SettingError;
pub use form::duration;
pub use guard_rails::GuardRails;
pub use near_miss::meant;
pub use where_to_act::{ActBy, WhereToAct};

use environment::{Environment, LOG_FILTER};
use guard_rails::Patterns;
use pattern_list::Of;

use crate::control::ChangeWindow;
use crate::document::InstallationId;
use crate::id::{ArmId, RunScope};
use crate::message::Discovery;
use crate::role::RoleId;

/// The `functionTimeout` of host.json: the host stops an invocation that takes longer.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_secs(240);
/// What is logged where `RUST_LOG` says nothing.
pub const DEFAULT_LOG_FILTER: &str = "warn,policy_remediator=info";

/// Whether remediation tasks are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Decide and log; keep everything waiting and touch nothing.
    Plan,
    /// The same, but for what a person has approved.
    Approve,
    /// Open remediation tasks.
    Act,
}

impl Mode {
    /// The word of the setting.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Approve => "approve",
            Self::Act => "act",
        }
    }
}

/// The sovereign cloud that the worker runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// The public cloud.
    Public,
    /// Azure Government.
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
}

impl Cloud {
    /// The cloud's Resource Manager (Microsoft documentation: "National clouds").
    fn resource_manager(self) -> &'static str {
        match self {
            Self::Public => "https://management.azure.com",
            Self::UsGovernment => "https://management.usgovcloudapi.net",
            Self::China => "https://management.chinacloudapi.cn",
        }
    }
}

/// What the decisions depend on. Durations are spans, counts are counts; see `docs/settings.md`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the setting of the same name, documented in docs/settings.md")]
pub struct Tuning {
    pub mode: Mode,
    pub act: WhereToAct,
    /// Sizes of the first steps; empty: there are none.
    pub first_steps: Vec<u32>,
    pub step_soak: Duration,
    /// Whether the fixes of a first step must be confirmed before the next.
    pub verify_steps: bool,
    pub max_per_hour: Option<u32>,
    pub max_per_day: Option<u32>,
    pub settle_delay: Duration,
    pub coalesce_window: Duration,
    pub backoff_base: Duration,
    pub backoff_cap: Duration,
    pub check_interval_min: Duration,
    pub check_interval_max: Duration,
    pub opening_grace: Duration,
    pub task_timeout: Duration,
    pub flap_window: Duration,
    pub park_for: Duration,
    pub reevaluate_interval: Duration,
    pub verify_after: Duration,
    pub keep_tasks_for: Option<Duration>,
    /// First pause of a resource that waits for a person or for time.
    pub resource_wait: Duration,
    /// Roles that may be granted to identities of assignments.
    pub grant_roles: Vec<RoleId>,
    pub clock_tolerance: Duration,
    pub max_attempts: u32,
    pub flap_limit: u32,
    /// Waiting resources above which one task for the whole scope is considered.
    pub escalate_above: usize,
    /// Most resources that a target's document lists. Not a setting: it follows from what can be written with every step.
    pub most_entries: usize,
    pub parallel_deployments: u32,
    pub failure_threshold: f32,
    /// Share of the last resources of a policy above which nothing more of it is begun.
    pub breaker_failures: f32,
    pub guard_rails: GuardRails,
    pub change_window: ChangeWindow,
}

/// All settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the decisions depend on.
    pub tuning: Tuning,
    /// Longest time that one invocation may take before it is failed.
    pub invocation_budget: Duration,
    /// How long the facts of an assignment are kept.
    pub facts_ttl: Duration,
    /// What `sweep` scans.
    pub sweep_scopes: Vec<RunScope>,
    /// Time between two scans of a scope.
    pub sweep_scan_interval: Duration,
    /// How a batch run looks that does not say.
    pub discovery: Discovery,
    /// Service Bus, with scheme, host and port.
    pub service_bus: Url,
    /// The id of the Service Bus namespace; its queues are not counted when none.
    pub service_bus_id: Option<ArmId>,
    /// Client id of the identity for Service Bus; system-assigned when none.
    pub service_bus_client_id: Option<String>,
    /// Client id of the app's identity; system-assigned when none.
    pub client_id: Option<String>,
    /// The storage account of the containers `state` and `rejected`.
    pub state_blob_endpoint: Url,
    /// The name of this installation, if it was given one.
    pub installation: Option<InstallationId>,
    /// Our own tenant, if it is given; else that of the token.
    pub home_tenant: Option<String>,
    /// Resource Manager.
    pub resource_manager: Url,
    /// Scope of the tokens for Resource Manager.
    pub resource_manager_audience: String,
    /// A PEM file with further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// Which log events are written.
    pub log_filter: String,
    /// The settings as the log tells them.
    pub told: Told,
}

/// Reads all settings from the names and values of the environment. All names are looked at: one that is nearly a setting's is
/// wrong, too.
///
/// # Errors
/// The first setting that is missing, wrong or misspelt.
pub fn settings<N: Into<OsString>, V: Into<OsString>>(
    variables: impl IntoIterator<Item = (N, V)>,
) -> Result<Settings, SettingError> {
    let environment = Environment::read(variables)?;
    let text = |name| environment.get(name).map(str::to_owned);
    let cloud = [Cloud::Public, Cloud::UsGovernment, Cloud::China][environment.word("AZURE_CLOUD")];
    let client_id = text("AZURE_CLIENT_ID");
    let official = cloud.resource_manager();
    let resource_manager = environment.get("RESOURCE_MANAGER_ENDPOINT").and_then(form::https);
    Ok(Settings {
        tuning: tuning(&environment),
        invocation_budget: environment.duration("INVOCATION_BUDGET"),
        facts_ttl: environment.duration("FACTS_TTL"),
        sweep_scopes: environment.read_as("SWEEP_SCOPES", form::run_scopes),
        sweep_scan_interval: environment.duration("SWEEP_SCAN_INTERVAL"),
        discovery: Discovery::ALL[environment.word("SWEEP_DISCOVERY")],
        service_bus: environment.required("ServiceBus__fullyQualifiedNamespace", form::namespace)?,
        service_bus_id: environment.get("SERVICEBUS_RESOURCE_ID").and_then(|id| id.parse().ok()),
        service_bus_client_id: text("ServiceBus__clientId").or_else(|| client_id.clone()),
        client_id,
        state_blob_endpoint: environment.required("STATE_BLOB_ENDPOINT", form::account)?,
        installation: environment.get("INSTALLATION_ID").and_then(|id| id.parse().ok()),
        resource_manager: resource_manager
            .unwrap_or_else(|| Url::parse(official).expect("the clouds' addresses are URLs")),
        resource_manager_audience: format!("{official}/.default"),
        home_tenant: text("HOME_TENANT_ID"),
        ca_file: text("SSL_CERT_FILE").map(PathBuf::from),
        log_filter: environment.read_as(LOG_FILTER, |filter| Some(filter.to_owned())),
        told: environment.told(),
    })
}

/// The name of the setting that an environment variable of this name is; none where it is no setting's.
#[must_use]
pub fn name_of_setting(variable: &str) -> Option<&'static str> {
    environment::setting(variable).map(|setting| setting.name)
}

fn tuning(environment: &Environment) -> Tuning {
    let patterns = |name, of| {
        let read = environment.get(name).and_then(|list| Patterns::parse(list, of).ok());
        read.unwrap_or_default()
    };
    let guard_rails = GuardRails::new(
        environment.read_as("INCLUDE_ASSIGNMENTS", |list| Patterns::parse(list, Of::Assignments).ok()),
        patterns("EXCLUDE_ASSIGNMENTS", Of::Assignments),
        patterns("EXCLUDE_SCOPES", Of::Scopes),
        patterns("EXCLUDE_RESOURCE_TYPES", Of::Types),
        [true, false][environment.word("REMEDIATE_DO_NOT_ENFORCE")],
    );
    Tuning {
        mode: [Mode::Plan, Mode::Approve, Mode::Act][environment.word("REMEDIATION_MODE")],
        act: WhereToAct::new(
            environment.read_as("ACT_ASSIGNMENTS", |list| Patterns::parse(list, Of::Assignments).ok()),
            [ActBy::Settings, ActBy::Metadata][environment.word("ACT_BY")],
        ),
        first_steps: environment.read_as("FIRST_STEPS", form::steps),
        step_soak: environment.duration("STEP_SOAK"),
        verify_steps: [true, false][environment.word("VERIFY_STEPS")],
        max_per_hour: environment.read_as("MAX_RESOURCES_PER_HOUR", form::whole_or_none),
        max_per_day: environment.read_as("MAX_RESOURCES_PER_DAY", form::whole_or_none),
        settle_delay: environment.duration("SETTLE_DELAY"),
        coalesce_window: environment.duration("COALESCE_WINDOW"),
        backoff_base: environment.duration("BACKOFF_BASE"),
        backoff_cap: environment.duration("BACKOFF_CAP"),
        check_interval_min: environment.duration("CHECK_INTERVAL_MIN"),
        check_interval_max: environment.duration("CHECK_INTERVAL_MAX"),
        opening_grace: environment.duration("OPENING_GRACE"),
        task_timeout: environment.duration("TASK_TIMEOUT"),
        flap_window: environment.duration("FLAP_WINDOW"),
        park_for: environment.duration("PARK_FOR"),
        reevaluate_interval: environment.duration("REEVALUATE_INTERVAL"),
        verify_after: environment.duration("VERIFY_AFTER"),
        grant_roles: environment.read_as("GRANT_ROLES", form::roles),
        resource_wait: environment.duration("RESOURCE_WAIT"),
        keep_tasks_for: environment.read_as("KEEP_TASKS_FOR", form::duration_or_none),
        clock_tolerance: environment.duration("CLOCK_TOLERANCE"),
        max_attempts: environment.number("MAX_ATTEMPTS"),
        escalate_above: environment.number("ESCALATE_ABOVE"),
        most_entries: 5_000,
        flap_limit: environment.number("FLAP_LIMIT"),
        parallel_deployments: environment.number("PARALLEL_DEPLOYMENTS"),
        failure_threshold: environment.number("FAILURE_THRESHOLD"),
        breaker_failures: environment.number("BREAKER_FAILURES"),
        guard_rails,
        change_window: environment.read_as("CHANGE_WINDOW", |window| ChangeWindow::parse(window).ok()),
    }
}

impl Default for Tuning {
    /// What an empty environment gives.
    fn default() -> Self {
        tuning(&Environment::default())
    }
}

#[cfg(test)]
mod tests;
