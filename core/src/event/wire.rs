//! The two envelopes that Event Grid delivers in, member by member as documented
//! (Microsoft documentation: "Azure Policy as an Event Grid source", "CloudEvents v1.0 schema with Event Grid").

use serde::Deserialize;

/// Event Grid schema.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventGridEvent {
    pub(crate) id: String,
    pub(crate) event_type: String,
    #[serde(default)]
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) data: serde_json::Value,
}

/// CloudEvents 1.0.
#[derive(Debug, Deserialize)]
pub(crate) struct CloudEvent {
    pub(crate) id: String,
    pub(crate) specversion: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) data: serde_json::Value,
    /// The data, where they are not JSON by their content type.
    #[serde(default)]
    pub(crate) data_base64: Option<String>,
}

/// The data of all three policy-state events. Only `timestamp` is promised by the service's specification.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PolicyStateData {
    pub(crate) timestamp: String,
    pub(crate) policy_assignment_id: Option<String>,
    pub(crate) policy_definition_reference_id: Option<String>,
    pub(crate) compliance_state: Option<String>,
}
