//! The form of a scenario file, version 1: what there is, what happens, and what is expected at the end. A field that is
//! not known is an error, so that a typo is not passed over. `docs/scenario.schema.json` is made of these types.

mod answers;
mod estate;
mod expect;
mod later;
mod pace;
mod rights;
#[cfg(test)]
mod schema_tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

pub use answers::{Answer, Whole};
pub use estate::{Assigned, Base, Deployments, Ending, EventSchema, Failure, Identity, Member, Resource, Sent, State};
pub use expect::{Calls, Count, Deployed, Expect, Expected, Logged, Which};
pub use later::{Act, Evaluated, Later, OpenedTask, Stoppable};
pub use pace::{Budgets, Lags, Latency, Mode};
pub use rights::Rights;

/// The version of the form that this reads.
pub const VERSION: u32 = 1;

/// A situation and what should come of it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// Where the schema is, for editors.
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// The version of this form: 1.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    pub version: u32,
    /// What happens, in one line.
    pub title: String,
    /// What a user would want to come of it, in words.
    #[serde(default)]
    pub want: String,
    /// Why it does not end so today. Take it away with the change that mends it.
    #[serde(default)]
    pub failing: Option<String>,
    /// What there is at the start.
    #[serde(default)]
    pub estate: Base,
    /// Assignments as they are, where the events do not tell it, and further ones.
    #[serde(default)]
    pub assignments: Vec<Assigned>,
    /// Rights beside the usual.
    #[serde(default)]
    pub rights: Option<Rights>,
    /// Resource providers that no subscription has registered, such as `Microsoft.PolicyInsights`.
    #[serde(default)]
    pub unregistered: Vec<String>,
    /// Resources that do not comply, each with the event that Azure sends about it.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// Further events, as captured, in either schema.
    #[serde(default)]
    pub events: Vec<Value>,
    /// How deployments end. The first entry that fits a resource counts; without one they succeed.
    #[serde(default)]
    pub deployments: Vec<Deployments>,
    /// What Resource Manager answers instead of the local one's own.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// How long things take, and how late they are seen.
    #[serde(default)]
    pub lags: Lags,
    /// How long each call to a service takes at least, in seconds.
    #[serde(default)]
    pub latency: Latency,
    /// How many calls Resource Manager takes before it refuses; without, more than a run makes.
    #[serde(default)]
    pub budgets: Option<Budgets>,
    /// Whether the worker may act.
    #[serde(default)]
    pub mode: Mode,
    /// Settings of the worker, on top of the demo's.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// How many instances of the worker run.
    #[serde(default = "one")]
    pub instances: usize,
    /// What happens later, one after the other.
    #[serde(default)]
    pub later: Vec<Later>,
    /// After so many seconds the run ends, whatever still waits.
    #[serde(default = "half_a_minute")]
    pub longest_run: f64,
    /// What is expected at the end.
    pub expect: Expect,
}

fn one() -> usize {
    1
}

fn half_a_minute() -> f64 {
    30.0
}
