//! Failures as deployments of remediation tasks report them, so that a script of a demo or a test reads like the real
//! thing. Codes and sentences follow public reports; the outer codes of per-resource errors are not documented.

use serde::{Deserialize, Serialize};

/// Why a deployment failed, as an error definition of Resource Manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Error code.
    pub code: String,
    /// The service's sentence.
    pub message: String,
    /// Inner errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Failure>,
}

/// What a failure needs before the deployment can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Another attempt.
    Passing,
    /// An evaluation of the resource.
    Stale,
    /// A role for the assignment's identity.
    Permission,
    /// A person who mends something else.
    Permanent,
}

/// Codes that tell the nature, alone or as an inner error; every other failure is permanent.
const CODES: [(&str, Nature); 7] = [
    ("AnotherOperationInProgress", Nature::Passing),
    ("ServiceUnavailable", Nature::Passing),
    ("InternalServerError", Nature::Passing),
    ("PolicyEvaluationResultNotFound", Nature::Stale),
    ("DeployIfNotExistsEvaluationFailed", Nature::Permission),
    ("Forbidden", Nature::Permission),
    ("AuthorizationFailed", Nature::Permission),
];

impl Failure {
    /// Whether it, or an error within it, has this code.
    pub fn holds(&self, code: &str) -> bool {
        self.code == code || self.details.iter().any(|inner| inner.holds(code))
    }

    /// What it needs, by its own code or that of an inner error.
    pub fn nature(&self) -> Nature {
        let known = |failure: &Failure| CODES.iter().find(|(code, _)| *code == failure.code).map(|(_, nature)| *nature);
        known(self).or_else(|| self.details.iter().find_map(known)).unwrap_or(Nature::Permanent)
    }

    /// A failure in the service's words.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), details: Vec::new() }
    }

    /// The same with an inner error.
    pub fn with_detail(mut self, detail: Failure) -> Self {
        self.details.push(detail);
        self
    }

    /// Transient: another change of the same resource is going on (409).
    pub fn another_operation_in_progress() -> Self {
        Self::deployment_failed(Failure::new(
            "AnotherOperationInProgress",
            "Another operation on this or dependent resource is in progress. To retrieve status of the operation use \
             uri in the Azure-AsyncOperation header.",
        ))
    }

    /// Transient: the resource provider is not available (503).
    pub fn service_unavailable() -> Self {
        Self::deployment_failed(Failure::new(
            "ServiceUnavailable",
            "The service is temporarily unavailable. Please try again later.",
        ))
    }

    /// Transient: the resource provider failed (500).
    pub fn internal_server_error() -> Self {
        Self::deployment_failed(Failure::new("InternalServerError", "An internal server error occurred."))
    }

    /// Permanent: the template does not fit the resource.
    pub fn invalid_template_deployment() -> Self {
        Failure::new(
            "InvalidTemplateDeployment",
            "The template deployment failed because of policy violation or preflight validation. Please see details \
             for more information.",
        )
        .with_detail(Failure::new(
            "InvalidParameterValue",
            "The value of the parameter 'sku' is not supported for this resource.",
        ))
    }

    /// Permanent: a deny policy stands against what this policy deploys.
    pub fn disallowed_by_policy(resource: &str, policy: &str) -> Self {
        Failure::new(
            "InvalidTemplateDeployment",
            "The template deployment failed because of policy violation. Please see details for more information.",
        )
        .with_detail(Failure::new(
            "RequestDisallowedByPolicy",
            format!("Resource '{resource}' was disallowed by policy. Policy identifiers: '{policy}'."),
        ))
    }

    /// Stale: the service lost its evaluation result (public report: Azure/Enterprise-Scale issue 990).
    pub fn no_evaluation_result() -> Self {
        Failure::new(
            "PolicyEvaluationResultNotFound",
            "No policy evaluation result was found. The policy assignment's exclusions may have changed or it no longer \
             exists. Please retry the remediation with 'ResourceDiscoveryMode' set to 'ReEvaluateCompliance'.",
        )
    }

    /// Permission: a `deployIfNotExists` identity may not deploy (public report: Azure/Community-Policy issue 488).
    pub fn missing_deployment_permission(assignment: &str, deployment: &str) -> Self {
        Failure::new(
            "DeployIfNotExistsEvaluationFailed",
            format!(
                "Evaluation of DeployIfNotExists policy was unsuccessful. The policy assignment '{assignment}' resource \
                 identity does not have the necessary permissions to create deployment '{deployment}'. Please see \
                 https://aka.ms/arm-policy-identity for usage details."
            ),
        )
    }

    /// Permission: a `modify` identity may not change the resource (public report: Azure/Enterprise-Scale issue 1452).
    pub fn missing_modify_permission(resource: &str, action: &str) -> Self {
        Failure::new(
            "Forbidden",
            format!(
                "Failed to remediate resource: '{resource}'. The 'PATCH' request failed with status code: 'Forbidden'. \
                 Inner Error: 'The client does not have authorization to perform action '{action}' over scope \
                 '{resource}' or the scope is invalid. If access was recently granted, please refresh your \
                 credentials.'"
            ),
        )
    }

    /// Permission: Resource Manager itself refuses the deployment (Microsoft documentation: "Troubleshoot Azure deployment
    /// errors", `AuthorizationFailed`).
    pub fn authorization_failed(principal: &str, scope: &str) -> Self {
        Failure::new(
            "AuthorizationFailed",
            format!(
                "The client '{principal}' with object id '{principal}' does not have authorization to perform action \
                 'Microsoft.Resources/deployments/write' over scope '{scope}' or the scope is invalid. If access was \
                 recently granted, please refresh your credentials."
            ),
        )
    }

    /// Permanent: the deployment is refused for a lock (Microsoft documentation: "Lock your resources to protect your
    /// infrastructure"; the sentence is that of Resource Manager's own refusal).
    pub fn locked(words: impl Into<String>) -> Self {
        Self::deployment_failed(Failure::new("ScopeLocked", words))
    }

    /// Permanent: the same of a `modify`, in the frame of its other refusals.
    pub fn locked_modify(resource: &str, words: &str) -> Self {
        let words = format!(
            "Failed to remediate resource: '{resource}'. The 'PATCH' request failed with status code: 'Conflict'. Inner \
             Error: '{words}'"
        );
        Failure::new("RemediationFailed", words)
    }

    /// Gone: the resource vanished before its turn (public report: TaoYang-Cloud/azurepolicy issue 1).
    pub fn resource_not_found(resource: &str) -> Self {
        Failure::new(
            "RemediatedResourceNotFound",
            format!("The resource being remediated '{resource}' could not be retrieved."),
        )
    }

    fn deployment_failed(inner: Failure) -> Self {
        Failure::new(
            "DeploymentFailed",
            "At least one resource deployment operation failed. Please list deployment operations for details. Please \
             see https://aka.ms/DeployOperations for usage details.",
        )
        .with_detail(inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_nature() {
        for (failure, nature) in [
            (Failure::another_operation_in_progress(), Nature::Passing),
            (Failure::service_unavailable(), Nature::Passing),
            (Failure::internal_server_error(), Nature::Passing),
            (Failure::no_evaluation_result(), Nature::Stale),
            (Failure::missing_deployment_permission("a", "d"), Nature::Permission),
            (Failure::missing_modify_permission("r", "a"), Nature::Permission),
            (Failure::authorization_failed("p", "s"), Nature::Permission),
            (Failure::invalid_template_deployment(), Nature::Permanent),
            (Failure::disallowed_by_policy("r", "p"), Nature::Permanent),
            (Failure::locked("w"), Nature::Permanent),
            (Failure::locked_modify("r", "w"), Nature::Permanent),
        ] {
            assert_eq!(failure.nature(), nature, "{}", failure.code);
        }
    }
}
