//! The two envelopes that Event Grid delivers in, member by member as documented
//! (Microsoft documentation: "Azure Policy as an Event Grid source", "CloudEvents v1.0 schema with Event Grid").

use serde::Deserialize;

/// Event Grid schema.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventGridEvent {
    pub(super) id: String,
    pub(super) event_type: String,
    #[serde(default)]
    pub(super) subject: String,
    #[serde(default)]
    pub(super) data: serde_json::Value,
}

/// CloudEvents 1.0.
#[derive(Debug, Deserialize)]
pub(super) struct CloudEvent {
    pub(super) id: String,
    pub(super) specversion: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) subject: String,
    #[serde(default)]
    pub(super) data: serde_json::Value,
}

/// The data of all three policy-state events. Only `timestamp` is promised by the service's specification.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyStateData {
    pub(super) timestamp: String,
    pub(super) policy_assignment_id: Option<String>,
    pub(super) policy_definition_reference_id: Option<String>,
    pub(super) compliance_state: Option<String>,
}
