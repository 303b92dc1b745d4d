//! The Event Grid events of policy states, in both schemas, shaped as the samples of "Azure Policy as an Event Grid
//! source" (Microsoft documentation). It builds events; sending them is for others.

use super::{ArmId, ComplianceRecord, ComplianceState, Estate, RecordKey, instant_text};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// What happened to the policy state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// First evaluation of a resource under a policy.
    Created,
    /// Its state changed.
    Changed,
    /// The state is gone, with its resource or its assignment.
    Deleted,
}

/// The system topic that the event comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventOrigin {
    /// The topic of the resource's subscription.
    Subscription,
    /// The topic of a management group.
    ManagementGroup {
        /// Its tenant.
        tenant: String,
        /// Its name.
        name: String,
    },
}

/// One event about one policy state.
#[derive(Debug, Clone)]
pub struct PolicyEvent {
    /// 64 upper-case hexadecimal digits; the same for the same state, so a copy of an event is a duplicate.
    pub id: String,
    /// What happened.
    pub kind: EventKind,
    /// Where it comes from.
    pub origin: EventOrigin,
    /// Resource, assignment and reference.
    pub key: RecordKey,
    /// The policy definition; of an initiative, the referenced one.
    pub definition: ArmId,
    /// The state.
    pub state: ComplianceState,
    /// When the state was found, which is what orders events.
    pub timestamp: OffsetDateTime,
    /// `complianceReasonCode`, empty when there is none.
    pub reason: String,
}

impl PolicyEvent {
    /// The event of a record's state at the start of the estate, from the subscription's topic.
    pub fn of(estate: &Estate, record: &ComplianceRecord, kind: EventKind) -> Self {
        Self::new(estate, &record.key, record.state, record.evaluated_at, kind).with_reason(&record.reason)
    }

    /// The event of any state at any time, from the subscription's topic.
    pub fn new(
        estate: &Estate,
        key: &RecordKey,
        state: ComplianceState,
        timestamp: OffsetDateTime,
        kind: EventKind,
    ) -> Self {
        let definition = estate
            .assignment(&key.assignment)
            .and_then(|assignment| estate.definition_of(assignment, key.reference.as_deref()));
        let reference = key.reference.as_deref().unwrap_or_default();
        let seed =
            format!("{}|{}|{reference}|{}", key.resource.lower(), key.assignment.lower(), instant_text(timestamp));
        let first = Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes());
        let second = Uuid::new_v5(&first, seed.as_bytes());
        Self {
            id: format!("{:X}{:X}", first.simple(), second.simple()),
            kind,
            origin: EventOrigin::Subscription,
            key: key.clone(),
            definition: definition.map_or_else(|| ArmId::new(""), |found| found.id.clone()),
            state,
            timestamp,
            reason: String::new(),
        }
    }

    /// The same with a `complianceReasonCode`.
    pub fn with_reason(mut self, reason: &str) -> Self {
        self.reason = reason.to_owned();
        self
    }

    /// The same, from the topic of a management group.
    pub fn from_management_group(mut self, tenant: &str, name: &str) -> Self {
        self.origin = EventOrigin::ManagementGroup { tenant: tenant.to_owned(), name: name.to_owned() };
        self
    }

    /// One event in the Event Grid schema. A delivery is an array of them.
    pub fn event_grid(&self) -> Value {
        json!({
            "id": self.id,
            "topic": self.source(),
            "subject": self.key.resource.as_str(),
            "data": self.data(),
            "eventType": self.event_type(),
            "eventTime": instant_text(self.published()),
            "dataVersion": "1",
            "metadataVersion": "1"
        })
    }

    /// One event in the CloudEvents 1.0 schema. A delivery is this object alone, unless batching is on.
    pub fn cloud_event(&self) -> Value {
        json!({
            "id": self.id,
            "source": self.source(),
            "subject": self.key.resource.as_str(),
            "data": self.data(),
            "type": self.event_type(),
            "time": instant_text(self.published()),
            "specversion": "1.0"
        })
    }

    fn source(&self) -> String {
        match &self.origin {
            EventOrigin::Subscription => format!("/subscriptions/{}", self.subscription()),
            EventOrigin::ManagementGroup { tenant, name } => {
                format!("/tenants/{tenant}/providers/Microsoft.Management/managementGroups/{name}")
            }
        }
    }

    fn data(&self) -> Value {
        json!({
            "timestamp": instant_text(self.timestamp),
            "policyAssignmentId": self.key.assignment.with_lower_provider(),
            "policyDefinitionId": self.definition.with_lower_provider(),
            "policyDefinitionReferenceId": self.key.reference.as_deref().unwrap_or_default(),
            "complianceState": self.state.name(),
            "subscriptionId": self.subscription(),
            "complianceReasonCode": self.reason
        })
    }

    fn event_type(&self) -> &'static str {
        match self.kind {
            EventKind::Created => "Microsoft.PolicyInsights.PolicyStateCreated",
            EventKind::Changed => "Microsoft.PolicyInsights.PolicyStateChanged",
            EventKind::Deleted => "Microsoft.PolicyInsights.PolicyStateDeleted",
        }
    }

    fn subscription(&self) -> &str {
        self.key.resource.subscription().unwrap_or_default()
    }

    /// In the documentation's sample an event is published 74 ms after its evaluation.
    fn published(&self) -> OffsetDateTime {
        self.timestamp.checked_add(Duration::microseconds(74_458)).unwrap_or(self.timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{parse_instant, sample};

    #[test]
    fn events_have_the_members_of_the_samples() {
        let now = parse_instant("2021-03-27T18:37:42.4496956Z").expect("an instant");
        let estate = sample(now);
        let record = estate.records.iter().find(|r| r.key.reference.is_some()).expect("an initiative's record");
        let event = PolicyEvent::of(&estate, record, EventKind::Created);
        let grid = event.event_grid();
        let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            keys(&grid),
            ["id", "topic", "subject", "data", "eventType", "eventTime", "dataVersion", "metadataVersion"]
        );
        let cloud = event.clone().from_management_group("t", "Mg").cloud_event();
        assert_eq!(keys(&cloud), ["id", "source", "subject", "data", "type", "time", "specversion"]);
        assert_eq!(cloud["source"], "/tenants/t/providers/Microsoft.Management/managementGroups/Mg");
        assert_eq!(cloud["data"], grid["data"]);
        assert_eq!(
            keys(&grid["data"]),
            [
                "timestamp",
                "policyAssignmentId",
                "policyDefinitionId",
                "policyDefinitionReferenceId",
                "complianceState",
                "subscriptionId",
                "complianceReasonCode"
            ]
        );
        assert_eq!(grid["topic"], format!("/subscriptions/{}", event.subscription()));
        assert_eq!(grid["eventType"], "Microsoft.PolicyInsights.PolicyStateCreated");
        let text = |field: &str| grid["data"][field].as_str().expect("text").to_owned();
        assert!(text("policyAssignmentId").contains("/providers/microsoft.authorization/policyassignments/"));
        assert!(text("policyDefinitionId").contains("/providers/microsoft.authorization/policydefinitions/"));
        assert!(grid["subject"].as_str().expect("text").contains("/resourceGroups/"), "the subject keeps its casing");
        let id = grid["id"].as_str().expect("text");
        assert!(id.len() == 64 && id.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)), "{id}");
    }

    #[test]
    fn single_definitions_have_an_empty_reference() {
        let estate = sample(OffsetDateTime::UNIX_EPOCH);
        let record = estate.records.iter().find(|r| r.key.reference.is_none()).expect("a single definition's record");
        let event = PolicyEvent::of(&estate, record, EventKind::Changed).event_grid();
        assert_eq!(event["data"]["policyDefinitionReferenceId"], "");
    }
}
