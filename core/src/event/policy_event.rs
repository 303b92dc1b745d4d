//! A policy-state-change event as the rest of the worker sees it, and what makes one worth queuing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::id::{AssignmentId, IdError, ReferenceId, ResourceId};
use crate::time::{Timestamp, parse_time, time_text};

use super::wire::{CloudEvent, EventGridEvent, PolicyStateData};

const EVENT_TYPE_PREFIX: &str = "microsoft.policyinsights.policystate";

/// What happened to the policy state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The state did not exist before.
    Created,
    /// The state changed.
    Changed,
    /// The state is gone, with its resource or its assignment.
    Deleted,
}

/// How a resource stands with a policy. Azure adds values over time, so others are kept as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComplianceState {
    /// The resource complies.
    Compliant,
    /// The resource does not comply.
    NonCompliant,
    /// An exemption takes the resource out of the evaluation.
    Exempt,
    /// `Conflict`, `Error`, `Protected`, `Unknown` and what comes later.
    Other(String),
}

impl ComplianceState {
    /// Reads the value, whatever its case.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "compliant" => Self::Compliant,
            "noncompliant" => Self::NonCompliant,
            "exempt" => Self::Exempt,
            _ => Self::Other(text.to_owned()),
        }
    }
}

/// An event about one resource and one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyEvent {
    /// Event Grid's id of the event. Not unique enough to build on: the documentation's samples share one.
    pub id: String,
    /// What happened.
    pub kind: EventKind,
    /// The resource whose state it is.
    pub resource: ResourceId,
    /// The assignment that was evaluated.
    pub assignment: AssignmentId,
    /// The policy within the initiative, if it is one.
    pub reference: Option<ReferenceId>,
    /// The state after the evaluation.
    pub state: ComplianceState,
    /// `data.timestamp`: the time of the evaluation, by which events are ordered.
    pub observed_at: Timestamp,
}

/// What a payload turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// A policy-state event.
    Policy(Box<PolicyEvent>),
    /// An event of another type, which was subscribed to by mistake.
    Foreign(String),
}

/// What the worker does with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relevance {
    /// Created or Changed, non-compliant: to be remediated.
    NonCompliant,
    /// Changed to Compliant: verifies a fix.
    Compliant,
    /// The state is gone: what waits because of it may be, too.
    Deleted,
    /// Nothing; the word is the reason in the log.
    Ignored(&'static str),
}

impl PolicyEvent {
    /// Whether the event is queued, and as what.
    #[must_use]
    pub fn relevance(&self) -> Relevance {
        match (self.kind, &self.state) {
            (EventKind::Deleted, _) => Relevance::Deleted,
            (EventKind::Created | EventKind::Changed, ComplianceState::NonCompliant) => Relevance::NonCompliant,
            (EventKind::Changed, ComplianceState::Compliant) => Relevance::Compliant,
            (EventKind::Created, ComplianceState::Compliant) => Relevance::Ignored("compliant_from_the_start"),
            (_, ComplianceState::Exempt) => Relevance::Ignored("exempt"),
            (_, ComplianceState::Other(_)) => Relevance::Ignored("other_state"),
        }
    }
}

/// Why something that was seen then cannot be believed, if it lies further in the future than clocks differ.
#[must_use]
pub fn from_the_future(seen_at: Timestamp, tolerance: std::time::Duration, now: Timestamp) -> Option<String> {
    let tolerated = humantime::format_duration(tolerance);
    let words =
        || format!("its time {} lies more than CLOCK_TOLERANCE ({tolerated}) in the future", time_text(seen_at));
    (seen_at > now + tolerance).then(words)
}

/// Why a payload is not an event that can be handled.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Not an object, or a member is missing or of the wrong type.
    #[error("the payload is not an event in Event Grid schema or CloudEvents 1.0: {0}")]
    Envelope(String),
    /// A member of the event's data is missing.
    #[error("the event has no {0}")]
    Missing(&'static str),
    /// A time that cannot be read, or that cannot be true.
    #[error("data.timestamp {0:?} is not an ISO 8601 time of the years 2000 to 2999")]
    Time(String),
    /// An id that cannot be read.
    #[error("{member} cannot be read")]
    Id {
        /// The member that holds it.
        member: &'static str,
        /// What is wrong with it.
        source: IdError,
    },
}

/// Reads one event in either schema.
///
/// # Errors
/// When the payload is no event, or lacks what a decision needs.
pub fn read(payload: &Value) -> Result<Parsed, Malformed> {
    let (id, event_type, subject, data) = open(payload)?;
    let Some(kind) = kind_of(&event_type) else { return Ok(Parsed::Foreign(event_type)) };
    let data = PolicyStateData::deserialize_from(&data)?;
    let assignment = present(data.policy_assignment_id).ok_or(Malformed::Missing("data.policyAssignmentId"))?;
    let state = match (present(data.compliance_state), kind) {
        (Some(state), _) => ComplianceState::parse(&state),
        (None, EventKind::Deleted) => ComplianceState::Other(String::new()),
        (None, EventKind::Created | EventKind::Changed) => return Err(Malformed::Missing("data.complianceState")),
    };
    let subject = present(Some(subject)).ok_or(Malformed::Missing("subject"))?;
    let resource = subject.parse().map_err(|source| Malformed::Id { member: "subject", source })?;
    let assignment =
        assignment.parse().map_err(|source| Malformed::Id { member: "data.policyAssignmentId", source })?;
    let reference = present(data.policy_definition_reference_id)
        .map(|r| r.parse())
        .transpose()
        .map_err(|source| Malformed::Id { member: "data.policyDefinitionReferenceId", source })?;
    let observed_at =
        parse_time(&data.timestamp).ok_or_else(|| Malformed::Time(data.timestamp.chars().take(64).collect()))?;
    let event = PolicyEvent { id, kind, resource, assignment, reference, state, observed_at };
    Ok(Parsed::Policy(Box::new(event)))
}

fn open(payload: &Value) -> Result<(String, String, String, Value), Malformed> {
    let envelope = |e: serde_json::Error| Malformed::Envelope(e.to_string());
    if payload.get("specversion").is_some() {
        let event: CloudEvent = serde::Deserialize::deserialize(payload).map_err(envelope)?;
        if event.specversion != "1.0" {
            return Err(Malformed::Envelope(format!("CloudEvents {} is not supported, 1.0 is", event.specversion)));
        }
        let data = match event.data_base64 {
            Some(text) => Value::String(decoded(&text)?),
            None => event.data,
        };
        return Ok((event.id, event.kind, event.subject, unwrapped(data)?));
    }
    let event: EventGridEvent = serde::Deserialize::deserialize(payload).map_err(envelope)?;
    Ok((event.id, event.event_type, event.subject, unwrapped(event.data)?))
}

/// The data, which some senders put in as JSON text.
fn unwrapped(data: Value) -> Result<Value, Malformed> {
    match data {
        Value::String(text) => serde_json::from_str(&text)
            .map_err(|error| Malformed::Envelope(format!("its data are a text, and that is no JSON: {error}"))),
        data => Ok(data),
    }
}

fn decoded(text: &str) -> Result<String, Malformed> {
    let bytes = STANDARD.decode(text.trim());
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| Malformed::Envelope("its data_base64 is no text in base 64".to_owned()))
}

fn kind_of(event_type: &str) -> Option<EventKind> {
    match event_type.to_ascii_lowercase().strip_prefix(EVENT_TYPE_PREFIX)? {
        "created" => Some(EventKind::Created),
        "changed" => Some(EventKind::Changed),
        "deleted" => Some(EventKind::Deleted),
        _ => None,
    }
}

/// Event Grid writes an absent member as an empty string.
fn present(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.trim().is_empty())
}

impl PolicyStateData {
    fn deserialize_from(data: &Value) -> Result<Self, Malformed> {
        serde::Deserialize::deserialize(data).map_err(|e: serde_json::Error| Malformed::Envelope(format!("data: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

    fn event_grid(kind: &str, state: &str) -> Value {
        json!({
            "id": "5829794FCB5075FCF585476619577B5A5A30E52C84842CBD4E2AD73996714C4C",
            "topic": SUB,
            "subject": format!("{SUB}/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/a"),
            "data": {
                "timestamp": "2021-03-27T18:37:42.4496956Z",
                "policyAssignmentId": format!("{SUB}/providers/microsoft.authorization/policyassignments/a"),
                "policyDefinitionId": format!("{SUB}/providers/microsoft.authorization/policydefinitions/d"),
                "policyDefinitionReferenceId": "", "complianceState": state,
                "subscriptionId": &SUB[15..], "complianceReasonCode": ""
            },
            "eventType": format!("Microsoft.PolicyInsights.PolicyState{kind}"),
            "eventTime": "2021-03-27T18:37:42.5241536Z", "dataVersion": "1", "metadataVersion": "1"
        })
    }

    fn cloud(event: &Value) -> Value {
        json!({"id": event["id"], "source": event["topic"], "subject": event["subject"], "data": event["data"],
               "type": event["eventType"], "time": event["eventTime"], "specversion": "1.0"})
    }

    fn policy(payload: &Value) -> PolicyEvent {
        match read(payload) {
            Ok(Parsed::Policy(event)) => *event,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_schemas_read_the_same_and_an_empty_reference_is_none() {
        let grid = event_grid("Changed", "NonCompliant");
        assert_eq!(policy(&grid), policy(&cloud(&grid)));
        assert_eq!(policy(&grid).reference, None);
        assert!(policy(&grid).resource.as_str().contains("/resourcegroups/rg/"));
    }

    #[test]
    fn data_are_read_as_json_text_and_in_base_64_too() {
        let grid = event_grid("Changed", "NonCompliant");
        let (mut text, mut coded) = (cloud(&grid), cloud(&grid));
        text["data"] = json!(grid["data"].to_string());
        assert_eq!(policy(&text), policy(&grid));
        coded.as_object_mut().unwrap().remove("data");
        coded["data_base64"] = json!(STANDARD.encode(grid["data"].to_string()));
        assert_eq!(policy(&coded), policy(&grid));
        for (member, odd, words) in [("data", "no JSON", "no JSON"), ("data_base64", "!", "no text in base 64")] {
            let mut event = cloud(&grid);
            event[member] = json!(odd);
            let error = read(&event).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_legal_name_of_a_resource_is_read_whatever_signs_are_in_it() {
        for name in ["a#b", "50%", "<x>", "say \"hi\"", "a b", "größe"] {
            let mut event = event_grid("Changed", "NonCompliant");
            event["subject"] =
                json!(format!("{SUB}/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/{name}"));
            assert!(policy(&event).resource.as_str().ends_with(&crate::id::fold(name)), "{name}");
        }
        let mut event = event_grid("Changed", "NonCompliant");
        event["subject"] = json!(format!("{SUB}/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/a?b"));
        assert!(read(&event).is_err());
    }

    #[test]
    fn what_is_queued_depends_on_kind_and_state() {
        let relevance = |kind, state| policy(&event_grid(kind, state)).relevance();
        assert_eq!(relevance("Created", "NonCompliant"), Relevance::NonCompliant);
        assert_eq!(relevance("Changed", "noncompliant"), Relevance::NonCompliant);
        assert_eq!(relevance("Changed", "Compliant"), Relevance::Compliant);
        assert_eq!(relevance("Created", "Compliant"), Relevance::Ignored("compliant_from_the_start"));
        assert_eq!(relevance("Deleted", "NonCompliant"), Relevance::Deleted);
        assert_eq!(relevance("Deleted", ""), Relevance::Deleted);
        assert_eq!(relevance("Changed", "Exempt"), Relevance::Ignored("exempt"));
        assert_eq!(relevance("Changed", "Conflict"), Relevance::Ignored("other_state"));
    }

    #[test]
    fn an_event_of_another_type_is_foreign_not_malformed() {
        let mut event = event_grid("Changed", "NonCompliant");
        event["eventType"] = "Microsoft.Storage.BlobCreated".into();
        assert_eq!(read(&event).unwrap(), Parsed::Foreign("Microsoft.Storage.BlobCreated".into()));
    }

    #[test]
    fn each_missing_or_broken_member_is_named() {
        for (pointer, value, word) in [
            ("/subject", json!(""), "subject"),
            ("/subject", json!("/providers/Microsoft.Management/managementGroups/mg"), "subject"),
            ("/data/policyAssignmentId", json!(""), "policyAssignmentId"),
            ("/data/policyAssignmentId", json!("nonsense"), "policyAssignmentId"),
            ("/data/complianceState", json!(""), "complianceState"),
            ("/data/timestamp", json!("soon"), "timestamp"),
            ("/data/timestamp", json!("9999-12-31T23:59:59Z"), "years 2000 to 2999"),
            ("/data/timestamp", json!("9999-12-31T23:59:59-01:00"), "years 2000 to 2999"),
            ("/data/timestamp", json!("0000-01-01T00:00:00+01:00"), "years 2000 to 2999"),
            ("/data", json!(null), "data"),
            ("/id", json!(7), "payload"),
        ] {
            let mut event = event_grid("Changed", "NonCompliant");
            *event.pointer_mut(pointer).unwrap() = value;
            let error = read(&event).unwrap_err().to_string();
            assert!(error.contains(word), "{pointer}: {error}");
        }
        assert!(read(&json!("text")).is_err() && read(&json!([])).is_err());
    }
}
