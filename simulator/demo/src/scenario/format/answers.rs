//! What Resource Manager answers instead of the local one's own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// An answer to some calls: a whole one in `give`, or the local Resource Manager's own with texts replaced or entries
/// appended. One that was never given fails the scenario.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// Its name, by which it can be taken back later.
    #[serde(default)]
    pub name: Option<String>,
    /// Only calls with this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only calls whose path or query, percent-decoded, contains this in any case.
    #[serde(default)]
    pub path: String,
    /// Only calls whose body contains this in any case.
    #[serde(default)]
    pub body_has: String,
    /// How often at most.
    #[serde(default)]
    pub times: Option<u64>,
    /// It need not be given: it stands there in case the worker does what it should not.
    #[serde(default)]
    pub may_miss: bool,
    /// The whole answer.
    #[serde(default)]
    pub give: Option<Whole>,
    /// Texts in the own answer, each with what stands in its place.
    #[serde(default)]
    pub replace: BTreeMap<String, String>,
    /// Further entries of the own answer's `value`.
    #[serde(default)]
    pub append: Vec<Value>,
}

/// A whole answer.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Whole {
    /// The HTTP status.
    #[cfg_attr(test, schemars(range(min = 100, max = 599)))]
    pub status: u16,
    /// Headers, besides the content type of JSON.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body: JSON, or a text that is sent as it is. None: an empty one.
    #[serde(default)]
    pub body: Option<Value>,
}
