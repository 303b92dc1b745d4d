//! From the body of a PUT to a request, or to `InvalidRequestContent` as the service's deserialiser says it (public log:
//! azure-cli issue 25538). Unknown members are passed over; ranges are the rules' business.

use super::{
    error::ArmError,
    task::{DiscoveryMode, TaskRequest},
};
use crate::estate::ArmId;
use serde_json::{Map, Value};

/// Reads the body of a PUT.
pub(crate) fn read(body: &[u8]) -> Result<TaskRequest, ArmError> {
    let root: Value = serde_json::from_slice(body).map_err(|error| ArmError::unreadable(&error))?;
    let properties = member(root.as_object(), "properties")
        .and_then(Value::as_object)
        .ok_or_else(|| ArmError::invalid_content("Required property 'properties' not found in JSON. Path ''"))?;
    let assignment = text(properties, "policyAssignmentId")?.filter(|id| !id.trim().is_empty()).ok_or_else(|| {
        ArmError::invalid_content("Required property 'policyAssignmentId' not found in JSON. Path 'properties'")
    })?;
    let mode = match text(properties, "resourceDiscoveryMode")?.map(str::to_ascii_lowercase).as_deref() {
        None | Some("existingnoncompliant") => DiscoveryMode::ExistingNonCompliant,
        Some("reevaluatecompliance") => DiscoveryMode::ReEvaluateCompliance,
        Some(_) => return Err(unreadable("resourceDiscoveryMode")),
    };
    let filters = object(properties, "filters")?;
    let threshold = object(properties, "failureThreshold")?;
    Ok(TaskRequest {
        assignment: ArmId::new(assignment),
        reference: text(properties, "policyDefinitionReferenceId")?.filter(|id| !id.is_empty()).map(str::to_owned),
        mode,
        locations: texts(filters, "locations")?,
        resource_ids: texts(filters, "resourceIds")?.map(|ids| ids.into_iter().map(ArmId::from).collect()),
        resource_count: integer(properties, "resourceCount")?,
        parallel_deployments: integer(properties, "parallelDeployments")?,
        failure_threshold: match member(threshold, "percentage") {
            Some(value) => Some(single(value).ok_or_else(|| unreadable("failureThreshold.percentage"))?),
            None => None,
        },
    })
}

#[expect(clippy::cast_possible_truncation, reason = "the service keeps the number in single precision")]
fn single(value: &Value) -> Option<f32> {
    Some(value.as_f64()? as f32).filter(|number| number.is_finite())
}

/// A member by its name without case; `null` counts as absent.
fn member<'a>(object: Option<&'a Map<String, Value>>, name: &str) -> Option<&'a Value> {
    let (_, value) = object?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(value).filter(|value| !value.is_null())
}

fn object<'a>(parent: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Map<String, Value>>, ArmError> {
    match member(Some(parent), name) {
        Some(value) => value.as_object().map(Some).ok_or_else(|| unreadable(name)),
        None => Ok(None),
    }
}

fn text<'a>(parent: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ArmError> {
    match member(Some(parent), name) {
        Some(value) => value.as_str().map(Some).ok_or_else(|| unreadable(name)),
        None => Ok(None),
    }
}

fn integer(parent: &Map<String, Value>, name: &str) -> Result<Option<i64>, ArmError> {
    match member(Some(parent), name) {
        Some(value) => value.as_i64().map(Some).ok_or_else(|| unreadable(name)),
        None => Ok(None),
    }
}

fn texts(parent: Option<&Map<String, Value>>, name: &str) -> Result<Option<Vec<String>>, ArmError> {
    let Some(value) = member(parent, name) else { return Ok(None) };
    let all = value.as_array().ok_or_else(|| unreadable(name))?;
    all.iter()
        .map(|one| one.as_str().map(str::to_owned).ok_or_else(|| unreadable(name)))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn unreadable(name: &str) -> ArmError {
    ArmError::invalid_content(&format!("Error converting value. Path 'properties.{name}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_properties_are_read() {
        let body = json!({ "properties": {
            "policyAssignmentId": "/a", "policyDefinitionReferenceId": "Ref", "resourceDiscoveryMode": "reEvaluateCompliance",
            "filters": { "locations": ["eastus"], "resourceIds": ["/r"] }, "resourceCount": 42, "parallelDeployments": 6,
            "failureThreshold": { "percentage": 0.1 }, "somethingNew": {}, "statusMessage": null } });
        let read = read(body.to_string().as_bytes()).expect("a request");
        assert_eq!(
            read,
            TaskRequest {
                mode: DiscoveryMode::ReEvaluateCompliance,
                locations: Some(vec!["eastus".into()]),
                resource_ids: Some(vec!["/r".into()]),
                resource_count: Some(42),
                parallel_deployments: Some(6),
                failure_threshold: Some(0.1),
                ..TaskRequest::new("/a", Some("Ref"))
            }
        );
    }

    #[test]
    fn unreadable_bodies_are_invalid_content() {
        for (body, word) in [
            ("", "Unexpected end of content"),
            ("{'a'", "Unexpected character"),
            ("[]", "'properties'"),
            ("{}", "'properties'"),
            (r#"{"properties":null}"#, "'properties'"),
            (r#"{"properties":{}}"#, "Required property 'policyAssignmentId' not found in JSON"),
            (r#"{"properties":{"policyAssignmentId":""}}"#, "policyAssignmentId"),
            (r#"{"properties":{"policyAssignmentId":7}}"#, "policyAssignmentId"),
            (r#"{"properties":{"policyAssignmentId":"/a","resourceCount":"many"}}"#, "resourceCount"),
            (r#"{"properties":{"policyAssignmentId":"/a","resourceCount":1.5}}"#, "resourceCount"),
            (r#"{"properties":{"policyAssignmentId":"/a","filters":[]}}"#, "filters"),
            (r#"{"properties":{"policyAssignmentId":"/a","filters":{"resourceIds":[1]}}}"#, "resourceIds"),
            (r#"{"properties":{"policyAssignmentId":"/a","resourceDiscoveryMode":"Guess"}}"#, "resourceDiscoveryMode"),
            (r#"{"properties":{"policyAssignmentId":"/a","failureThreshold":{"percentage":"x"}}}"#, "percentage"),
            (r#"{"properties":{"policyAssignmentId":"/a","failureThreshold":{"percentage":1e300}}}"#, "percentage"),
        ] {
            let error = read(body.as_bytes()).expect_err(body);
            assert_eq!((error.status, error.code.as_str()), (400, "InvalidRequestContent"), "{body}");
            assert!(error.message.contains(word), "{body}: {}", error.message);
        }
    }
}
