//! How fast and how generous the services are, and whether the worker may act. All times are in seconds.

use serde::Deserialize;

/// How long things take, and how late they are seen. What is not said is as quick as in the demo.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lags {
    /// From the PUT of a task to its first deployment.
    #[serde(default)]
    pub accepted: Option<f64>,
    /// The same on top, for a task that evaluates anew.
    #[serde(default)]
    pub evaluating: Option<f64>,
    /// An evaluation on demand.
    #[serde(default)]
    pub on_demand: Option<f64>,
    /// Each deployment.
    #[serde(default)]
    pub deployment: Option<f64>,
    /// From a cancel to the end of the task.
    #[serde(default)]
    pub cancelling: Option<f64>,
    /// How late the counters of a task are.
    #[serde(default)]
    pub counters: Option<f64>,
    /// How late policy states are.
    #[serde(default)]
    pub states: Option<f64>,
}

/// How long each call to a service takes at least.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Latency {
    /// Of Resource Manager.
    #[serde(default)]
    pub resource_manager: f64,
    /// Of Service Bus.
    #[serde(default)]
    pub service_bus: f64,
    /// Of Blob Storage.
    #[serde(default)]
    pub blob: f64,
}

/// How many calls a subscription has at once; what is above is refused with 429. They come back at Azure's pace.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Budgets {
    /// Calls of Microsoft.PolicyInsights. Azure's: 150.
    #[serde(default)]
    pub insights: Option<u32>,
    /// Reads of any kind. Azure's: 1100.
    #[serde(default)]
    pub reads: Option<u32>,
    /// Writes of any kind. Azure's: 800.
    #[serde(default)]
    pub writes: Option<u32>,
}

/// Whether the worker may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// It opens tasks.
    #[default]
    Act,
    /// It decides and logs.
    Plan,
}
