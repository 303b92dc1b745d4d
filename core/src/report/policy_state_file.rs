//! A policy state as `az policy state list`, `az graph query` over `policyresources` or the API itself gives it. Only what a plan needs is
//! read of it.

use serde_json::{Map, Value};

use crate::event::ComplianceState;
use crate::id::{AssignmentId, ReferenceId, ResourceId, Target};
use crate::time::{Timestamp, parse_time};

/// One policy state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRow {
    /// The resource.
    pub resource: ResourceId,
    /// The assignment.
    pub assignment: AssignmentId,
    /// The policy within an initiative, in the service's casing.
    pub reference: Option<String>,
    /// How the resource stands.
    pub state: ComplianceState,
    /// When it was evaluated, where that is told.
    pub at: Option<Timestamp>,
    /// The effect, in the service's word.
    pub effect: Option<String>,
}

impl StateRow {
    /// The target that the state belongs to.
    #[must_use]
    pub fn target(&self) -> Target {
        let reference = self.reference.as_ref().and_then(|reference| reference.parse().ok());
        Target::of(&self.resource, self.assignment.clone(), reference)
    }

    /// A state as the API or Resource Graph gives it; none where it is something else.
    #[must_use]
    pub fn read(row: &Value) -> Option<Self> {
        let outer = row.as_object()?;
        // Resource Graph keeps what the API gives in `properties`.
        let inner = member(outer, "properties").and_then(Value::as_object);
        let text = |name: &str| {
            let found = inner.and_then(|inner| member(inner, name)).or_else(|| member(outer, name))?;
            found.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let reference = text("policyDefinitionReferenceId");
        let is_odd = reference.as_ref().is_some_and(|reference| reference.parse::<ReferenceId>().is_err());
        Some(Self {
            resource: text("resourceId")?.parse().ok()?,
            assignment: text("policyAssignmentId")?.parse().ok()?,
            reference: (!is_odd).then_some(reference)?,
            state: ComplianceState::parse(&text("complianceState")?),
            at: text("timestamp").as_deref().and_then(parse_time),
            effect: text("policyDefinitionAction"),
        })
    }
}

/// The member of this name, in any case.
fn member<'a>(of: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    of.get(name).or_else(|| of.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{resource, target};
    use serde_json::json;

    fn row(n: usize) -> Value {
        json!({
            "resourceId": resource(n).to_string().to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions"),
            "policyAssignmentId": target().policy_assignment_id.to_string(),
            "policyDefinitionReferenceId": "",
            "complianceState": "NonCompliant",
            "timestamp": "2026-11-21T06:00:00.123Z",
            "policyDefinitionAction": "deployifnotexists",
        })
    }

    #[test]
    fn a_state_is_read_in_the_form_of_the_api_and_in_that_of_resource_graph() {
        for value in [row(1), json!({ "id": "x", "name": "y", "properties": row(1) })] {
            let read = StateRow::read(&value).unwrap();
            assert_eq!((read.resource.clone(), read.target()), (resource(1), target()), "{value}");
            assert!(read.state == ComplianceState::NonCompliant && read.at.is_some() && read.reference.is_none());
        }
        let mut odd = row(0);
        odd["policyAssignmentId"] = json!("nonsense");
        for none in [odd, json!(7), json!(null), json!([row(0)]), json!({ "error": { "code": "x" } })] {
            assert_eq!(StateRow::read(&none), None, "{none}");
        }
    }

    #[test]
    fn a_reference_keeps_its_casing_for_the_request_and_not_for_the_target() {
        let mut with = row(0);
        with["policyDefinitionReferenceId"] = json!("Inherit_Tag");
        let found = StateRow::read(&with).unwrap();
        assert_eq!(found.reference.as_deref(), Some("Inherit_Tag"));
        assert_eq!(found.target().policy_definition_reference_id.unwrap().as_str(), "inherit_tag");
    }
}
