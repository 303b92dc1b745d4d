//! What is expected at the end. Each entry is judged by itself.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What is expected at the end of the run.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expect {
    /// What became of resources, as the state documents have it.
    #[serde(default)]
    pub resources: Vec<Expected>,
    /// How many targets are parked as a whole.
    #[serde(default)]
    pub parked_targets: Option<Count>,
    /// How many tasks Resource Manager has had, those of people too.
    #[serde(default)]
    pub tasks: Option<Count>,
    /// How often the worker asked for one, refused or not.
    #[serde(default)]
    pub puts: Option<Count>,
    /// How many deployments some resources had.
    #[serde(default)]
    pub deployments: Vec<Deployed>,
    /// How many calls Resource Manager got.
    #[serde(default)]
    pub calls: Vec<Calls>,
    /// How many events and messages were rejected as malformed.
    #[serde(default)]
    pub rejected: Option<Count>,
    /// How often the worker logged something.
    #[serde(default)]
    pub log: Vec<Logged>,
    /// Whether everything has come to rest before the longest run was over.
    #[serde(default)]
    pub settles: Option<bool>,
}

/// How many: all that is said must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Count {
    /// Not less.
    #[serde(default)]
    pub at_least: Option<usize>,
    /// Not more.
    #[serde(default)]
    pub at_most: Option<usize>,
    /// Neither less nor more.
    #[serde(default)]
    pub exactly: Option<usize>,
}

/// How many of the resources must be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Which {
    /// All that are known, and at least one is known.
    #[default]
    Every,
    /// At least one.
    Some,
    /// None.
    None,
}

/// What became of resources. Of several words in a list one must be it, of several texts all must be there. What waits
/// in a parked target counts as parked, for the target's reason.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expected {
    /// How many of them.
    #[serde(default)]
    pub which: Which,
    /// Resources whose id contains this, in any case.
    #[serde(default)]
    pub of: String,
    /// Only under assignments whose id contains this, in any case.
    #[serde(default)]
    pub under: String,
    /// `waiting`, `inTask`, `fixed`, `skipped` or `parked`.
    #[serde(default)]
    pub is: Vec<String>,
    /// Why it is parked or skipped.
    #[serde(default)]
    pub reason: Vec<String>,
    /// The class of its failure, the last one where it waits.
    #[serde(default)]
    pub class: Vec<String>,
    /// Texts in the hint.
    #[serde(default)]
    pub hint_has: Vec<String>,
    /// Texts in the service's words, the last ones where it waits.
    #[serde(default)]
    pub words_have: Vec<String>,
    /// Whether its target is parked as a whole.
    #[serde(default)]
    pub target_is_parked: Option<bool>,
}

/// Deployments to some resources.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployed {
    /// Resources whose id contains this, in any case.
    pub of: String,
    /// To all of them together.
    pub count: Count,
}

/// Calls to Resource Manager.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Calls {
    /// Only with this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only those whose path or query, percent-decoded, contains this in any case.
    #[serde(default)]
    pub path: String,
    /// Only those that were answered with this status.
    #[serde(default)]
    pub status: Option<u16>,
    /// How many.
    pub count: Count,
}

/// Lines of the worker's log.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Logged {
    /// The event; `docs/log-events.md` has them all.
    pub event: String,
    /// Fields of it, each with a text that is in it, in any case.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// How many lines.
    pub count: Count,
}
