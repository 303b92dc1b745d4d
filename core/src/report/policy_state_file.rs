//! Policy states in a file, as people have them: from `az policy state list`, from `az graph query` over `policyresources`, or from the
//! API itself. Only what a plan needs is read; a row that lacks it is counted.

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

/// The states of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateRows {
    /// Those that could be read.
    pub rows: Vec<StateRow>,
    /// How many could not.
    pub unreadable: usize,
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

impl StateRows {
    /// Reads the text of a file: a list, an object with it (`value`, `data`), or an object a line.
    ///
    /// # Errors
    /// Why it is none of these.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        let mut found = Self::default();
        let documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let documents = documents.collect::<Result<Vec<_>, _>>().map_err(|error| format!("it is not JSON: {error}"))?;
        for document in &documents {
            let list = match document {
                Value::Array(_) => Some(document),
                Value::Object(members) => member(members, "value").or_else(|| member(members, "data")),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            };
            match list.and_then(Value::as_array) {
                Some(rows) => rows.iter().for_each(|row| found.push(row)),
                None => found.push(document),
            }
        }
        if found.rows.is_empty() {
            return Err(Self::none(found.unreadable));
        }
        Ok(found)
    }

    /// What is said of a file without any, but with so many other things.
    #[must_use]
    pub fn none(unreadable: usize) -> String {
        format!(
            "it holds no policy state that can be read ({unreadable} things that are none); wanted is what az policy state list or az graph query prints as JSON"
        )
    }

    fn push(&mut self, row: &Value) {
        match StateRow::read(row) {
            Some(row) => self.rows.push(row),
            None => self.unreadable += 1,
        }
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
    fn each_form_in_which_people_have_states_is_read() {
        let graph = json!({ "id": "x", "name": "y", "properties": row(1) });
        for text in [
            json!([row(0), row(1)]).to_string(),
            json!({ "value": [row(0), row(1)], "@odata.count": 2 }).to_string(),
            json!({ "count": 2, "data": [graph, row(0)], "total_records": 2 }).to_string(),
            format!("\u{feff}{}\n{}\n", row(0), row(1)),
        ] {
            let found = StateRows::read(&text).unwrap();
            assert_eq!((found.rows.len(), found.unreadable), (2, 0), "{text}");
            assert!(
                found.rows.iter().all(|row| row.target() == target() && row.state == ComplianceState::NonCompliant)
            );
            assert!(found.rows.iter().all(|row| row.at.is_some() && row.reference.is_none()));
        }
    }

    #[test]
    fn what_is_no_state_is_counted_and_a_file_without_any_is_refused() {
        let mut odd = row(0);
        odd["policyAssignmentId"] = json!("nonsense");
        let found = StateRows::read(&json!([odd, row(1), 7, null]).to_string()).unwrap();
        assert_eq!((found.rows.len(), found.unreadable), (1, 3));
        for text in ["", "[]", "{}", "[7]", "nonsense", &json!({ "error": { "code": "x" } }).to_string()] {
            assert!(StateRows::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_reference_keeps_its_casing_for_the_request_and_not_for_the_target() {
        let mut with = row(0);
        with["policyDefinitionReferenceId"] = json!("Inherit_Tag");
        let found = StateRows::read(&json!([with]).to_string()).unwrap().rows.remove(0);
        assert_eq!(found.reference.as_deref(), Some("Inherit_Tag"));
        assert_eq!(found.target().policy_definition_reference_id.unwrap().as_str(), "inherit_tag");
    }
}
