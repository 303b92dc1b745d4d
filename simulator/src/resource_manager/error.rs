//! Errors as Resource Manager and its providers answer them: status, code and sentence. Texts are those of public
//! recordings and logs where there are any; the others say "unverified".

use super::quota::{Asked, Refused};
use crate::{estate::Failure, json_error};
use serde_json::{Value, json};
use std::time::Duration;

/// Codes of what Resource Manager refuses before a provider sees it.
const OF_RESOURCE_MANAGER: [&str; 14] = [
    "InvalidApiVersionParameter",
    "InvalidResourceNamespace",
    "InvalidResourceType",
    "InvalidSubscriptionId",
    "ManagementGroupNotFound",
    "MissingApiVersionParameter",
    "NoRegisteredProviderFound",
    "ParentResourceNotFound",
    "RequestEntityTooLarge",
    "ResourceGroupNotFound",
    "ResourceNotFound",
    "SubscriptionNotFound",
    "SubscriptionRequestsThrottled",
    "TenantRequestsThrottled",
];

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmError {
    /// HTTP status.
    pub status: u16,
    /// Error code.
    pub code: String,
    /// The service's sentence.
    pub message: String,
}

impl ArmError {
    /// An error of any kind.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// The body: `{"error":{"code":…,"message":…}}`.
    pub fn body(&self) -> Value {
        json!({ "error": { "code": self.code, "message": self.message } })
    }

    /// Whether Resource Manager says so itself, before the provider has seen the call.
    pub(crate) fn is_of_resource_manager(&self) -> bool {
        OF_RESOURCE_MANAGER.contains(&self.code.as_str())
    }

    /// Too many requests. Microsoft.PolicyInsights speaks here as another resource provider was recorded (Azure/alzlib issue
    /// 168); the words of Resource Manager itself are from "Understand how Azure Resource Manager throttles requests"
    /// (Microsoft documentation).
    pub(crate) fn too_many_requests(refused: &Refused, asked: &Asked<'_>, window: Duration) -> Self {
        let seconds = refused.retry_after;
        if let Some(limit) = refused.limit {
            let words = format!(
                "Number of requests for Microsoft.PolicyInsights exceeded the limit of '{limit}' for time interval \
                 '{}'. Please try again after '{seconds}' seconds.",
                time_span(window)
            );
            return Self::new(429, "ResourceRequestsThrottled", words);
        }
        let (code, owner) = match asked.subscription {
            Some(id) => ("SubscriptionRequestsThrottled", format!("subscription '{id}'")),
            None => ("TenantRequestsThrottled", "the tenant".to_owned()),
        };
        let words = format!(
            "Number of '{}' requests for {owner} exceeded. Please try again after '{seconds}' seconds after \
             additional tokens are available.",
            asked.operation.word()
        );
        Self::new(429, code, words)
    }

    pub(crate) fn missing_api_version() -> Self {
        Self::new(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    }

    /// Recorded: pulumi/pulumi-azure-native issue 2011.
    pub(crate) fn invalid_api_version(version: &str, known: &[&str]) -> Self {
        let words =
            format!("The api-version '{version}' is invalid. The supported versions are '{}'.", known.join(","));
        Self::new(400, "InvalidApiVersionParameter", words)
    }

    /// Recorded: Azure/bicep issue 17089 and others.
    pub(crate) fn type_lacks_version(namespace: &str, kind: &str, version: &str, known: &[&str]) -> Self {
        let words = format!(
            "The resource type '{kind}' could not be found in the namespace '{namespace}' for api version '{version}'. The \
             supported api-versions are '{}'.",
            known.join(",")
        );
        Self::new(404, "InvalidResourceType", words)
    }

    /// The words of this code are known from other providers; where a type has no regions, none is named.
    pub(crate) fn provider_lacks_version(kind: &str, version: &str, known: &[&str]) -> Self {
        let words = format!(
            "No registered resource provider found for location 'global' and API version '{version}' for type '{kind}'. \
             The supported api-versions are '{}'. The supported locations are ''.",
            known.join(", ")
        );
        Self::new(400, "NoRegisteredProviderFound", words)
    }

    pub(crate) fn method_not_allowed(method: &str) -> Self {
        // Unverified: the code; the status is certain.
        Self::new(405, "MethodNotAllowed", format!("The requested resource does not support http method '{method}'."))
    }

    pub(crate) fn invalid_namespace(namespace: &str) -> Self {
        Self::new(404, "InvalidResourceNamespace", format!("The resource namespace '{namespace}' is invalid."))
    }

    pub(crate) fn invalid_type(namespace: &str, kind: &str, api_version: &str) -> Self {
        Self::new(
            404,
            "InvalidResourceType",
            format!(
                "The resource type '{kind}' could not be found in the namespace '{namespace}' for api version \
                 '{api_version}'."
            ),
        )
    }

    pub(crate) fn path_not_found(path: &str) -> Self {
        Self::new(404, "NotFound", format!("No HTTP resource was found that matches the request path '{path}'."))
    }

    pub(crate) fn subscription_not_found(id: &str) -> Self {
        if uuid::Uuid::try_parse(id).is_err() {
            return Self::new(
                400,
                "InvalidSubscriptionId",
                format!("The provided subscription identifier '{id}' is malformed or invalid."),
            );
        }
        Self::new(404, "SubscriptionNotFound", format!("The subscription '{id}' could not be found."))
    }

    /// As the scope of something: recorded, Azure/azure-monitor-baseline-alerts issue 459.
    pub(crate) fn management_group_not_found(name: &str) -> Self {
        Self::new(404, "ManagementGroupNotFound", format!("The management group '{name}' cannot be found."))
    }

    /// As what was asked for.
    pub(crate) fn no_management_group(name: &str) -> Self {
        // Unverified: without rights on the root group Azure says 403 AuthorizationFailed instead.
        Self::new(
            404,
            "NotFound",
            format!("'/providers/Microsoft.Management/managementGroups/{name}' could not be found."),
        )
    }

    pub(crate) fn resource_group_not_found(name: &str) -> Self {
        Self::new(404, "ResourceGroupNotFound", format!("Resource group '{name}' could not be found."))
    }

    pub(crate) fn resource_not_found(kind: &str, name: &str, group: Option<&str>) -> Self {
        Self::new(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{kind}/{name}' under resource group '{}' was not found. For more details please go to \
                 https://aka.ms/ARMResourceNotFoundFix",
                group.unwrap_or("<null>")
            ),
        )
    }

    /// What is attached to a resource that is not there. Known from many public logs of other types.
    pub(crate) fn parent_not_found(verb: &str, kind: &str, parent: &str) -> Self {
        let words = format!(
            "Failed to perform '{verb}' on resource(s) of type '{kind}', because the parent resource '{parent}' could not be \
             found."
        );
        Self::new(404, "ParentResourceNotFound", words)
    }

    /// Recorded: azure-sdk-for-net, `Remediations_SubscriptionCrud`.
    pub(crate) fn remediation_not_found(name: &str) -> Self {
        Self::new(404, "RemediationNotFound", format!("The remediation with name '{name}' does not exist."))
    }

    pub(crate) fn assignment_not_found(name: &str) -> Self {
        Self::new(404, "PolicyAssignmentNotFound", format!("The policy assignment '{name}' is not found."))
    }

    pub(crate) fn definition_not_found(name: &str) -> Self {
        Self::new(404, "PolicyDefinitionNotFound", format!("The policy definition '{name}' could not be found."))
    }

    pub(crate) fn initiative_not_found(name: &str) -> Self {
        Self::new(404, "PolicySetDefinitionNotFound", format!("The policy set definition '{name}' could not be found."))
    }

    /// A body that cannot be read.
    pub(crate) fn unreadable(error: &serde_json::Error) -> Self {
        Self::invalid_content(&json_error::words(error))
    }

    pub(crate) fn invalid_content(reason: &str) -> Self {
        Self::new(
            400,
            "InvalidRequestContent",
            format!("The request content was invalid and could not be deserialized: '{reason}'."),
        )
    }

    pub(crate) fn invalid_query(option: &str, reason: &str) -> Self {
        // Unverified: the sentence. `InvalidFilterInQueryString` is known from other list operations.
        let code = match option {
            "$filter" => "InvalidFilterInQueryString",
            _ => "InvalidQueryParameter",
        };
        Self::new(400, code, format!("Invalid {option} in the query string: {reason}"))
    }

    pub(crate) fn create_refused(name: &str, reason: &str) -> Self {
        Self::new(
            400,
            "InvalidCreateRemediationRequest",
            format!("The request to create remediation '{name}' is invalid. {reason}"),
        )
    }

    pub(crate) fn update_refused(name: &str) -> Self {
        Self::new(
            400,
            "InvalidUpdateRemediationRequest",
            format!(
                "The request to update remediation '{name}' is invalid. A remediation may not be changed or replaced \
                 while it is active."
            ),
        )
    }

    pub(crate) fn cancel_refused(name: &str) -> Self {
        Self::new(
            400,
            "InvalidCancelRemediationRequest",
            format!(
                "The request to cancel remediation '{name}' is invalid. A completed remediation cannot be cancelled."
            ),
        )
    }

    /// Public log: terraform-provider-azurerm pull request 7914.
    pub(crate) fn delete_refused(name: &str) -> Self {
        Self::new(
            400,
            "InvalidDeleteRemediationRequest",
            format!(
                "The request to delete remediation '{name}' is invalid. The remediation must be in a terminal \
                 provisioning state (Succeeded, Canceled, Failed) before it can be deleted."
            ),
        )
    }
}

/// A span as .NET writes it.
fn time_span(span: Duration) -> String {
    let (seconds, ticks) = (span.as_secs(), span.subsec_nanos() / 100);
    let text = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if ticks == 0 { text } else { format!("{text}.{ticks:07}") }
}

/// A failure as an error definition, its inner errors in `details`.
pub(crate) fn failure_body(failure: &Failure) -> Value {
    let mut body = json!({ "code": failure.code, "message": failure.message });
    if !failure.details.is_empty() {
        body["details"] = failure.details.iter().map(failure_body).collect();
    }
    body
}
