//! What a captured event tells of a resource under a policy.

use super::{ArmId, ComplianceState, RecordKey, Scope, parse_instant};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use time::OffsetDateTime;

/// What an event tells of a resource under a policy.
#[derive(Debug)]
pub(super) struct Sighting {
    pub(super) key: RecordKey,
    pub(super) definition: ArmId,
    pub(super) timestamp: OffsetDateTime,
    /// `None`: the state was deleted.
    pub(super) state: Option<ComplianceState>,
    pub(super) reason: String,
    pub(super) tenant: Option<String>,
}

impl Sighting {
    /// None: the event is no policy event, or broken.
    pub(super) fn read(event: &Value) -> Option<Self> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let kind = text(event, "eventType").or_else(|| text(event, "type"))?.to_ascii_lowercase();
        let change = kind.strip_prefix("microsoft.policyinsights.policystate")?;
        let data = &data_of(event)?;
        let state = match text(data, "complianceState").unwrap_or_default().to_ascii_lowercase().as_str() {
            _ if change == "deleted" => None,
            "noncompliant" => Some(ComplianceState::NonCompliant),
            "compliant" => Some(ComplianceState::Compliant),
            "exempt" => Some(ComplianceState::Exempt),
            _ => Some(ComplianceState::Unknown),
        };
        let (subject, assignment) = (text(event, "subject")?, text(data, "policyAssignmentId")?);
        let definition = text(data, "policyDefinitionId")?;
        let reference = text(data, "policyDefinitionReferenceId").unwrap_or_default();
        if [&subject, &assignment, &definition, &reference].iter().any(|value| value.contains(['<', '>'])) {
            return None;
        }
        let (resource, assignment) = (ArmId::new(subject), ArmId::new(assignment));
        resource.subscription()?;
        if !matches!(Scope::parse(&resource)?, Scope::Resource(_) | Scope::ResourceGroup(..) | Scope::Subscription(_)) {
            return None;
        }
        if !assignment.resource_type()?.eq_ignore_ascii_case("microsoft.authorization/policyassignments") {
            return None;
        }
        let source = text(event, "topic").or_else(|| text(event, "source")).unwrap_or_default();
        let tenant = source.split('/').skip_while(|s| !s.eq_ignore_ascii_case("tenants")).nth(1);
        Some(Self {
            key: RecordKey::new(resource, assignment, Some(&reference)),
            definition: ArmId::new(definition),
            timestamp: parse_instant(&text(data, "timestamp")?)?,
            state,
            reason: text(data, "complianceReasonCode").unwrap_or_default(),
            tenant: tenant.filter(|name| !name.contains(['<', '>'])).map(str::to_owned),
        })
    }
}

/// The data of an event, which some senders put in as JSON text, or as base64 of it.
fn data_of(event: &Value) -> Option<Value> {
    let coded = event.get("data_base64").and_then(Value::as_str);
    let text = match (coded, event.get("data")) {
        (Some(coded), _) => String::from_utf8(STANDARD.decode(coded.trim()).ok()?).ok()?,
        (None, Some(Value::String(text))) => text.clone(),
        (None, data) => return data.cloned(),
    };
    serde_json::from_str(&text).ok()
}
