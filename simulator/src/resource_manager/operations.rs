//! The operations of Microsoft.PolicyInsights that are served here, as the provider lists its own (azure-rest-api-specs, `Operations_List`).

use super::{reply::Reply, world::World};
use serde_json::{Value, json};

/// Each with its resource and what it is called; the names are those of the rights that the calls need.
const OPERATIONS: [(&str, &str, &str); 14] = [
    ("register/action", "", "Registers the Microsoft Policy Insights resource provider"),
    ("asyncOperationResults/read", "asyncOperationResults", "Get the result of an asynchronous operation"),
    ("policyEvents/queryResults/action", "policyEvents", "Query information about policy events"),
    ("policyEvents/queryResults/read", "policyEvents", "Query information about policy events"),
    ("policyStates/queryResults/action", "policyStates", "Query information about policy states"),
    ("policyStates/queryResults/read", "policyStates", "Query information about policy states"),
    ("policyStates/summarize/action", "policyStates", "Query summary information about policy latest states"),
    ("policyStates/summarize/read", "policyStates", "Query summary information about policy latest states"),
    ("policyStates/triggerEvaluation/action", "policyStates", "Triggers a new compliance evaluation"),
    ("remediations/read", "remediations", "Get policy remediations"),
    ("remediations/write", "remediations", "Create or update policy remediations"),
    ("remediations/delete", "remediations", "Delete policy remediations"),
    ("remediations/cancel/action", "remediations", "Cancel in-progress policy remediations"),
    ("remediations/listDeployments/read", "remediations", "Lists the deployments of a policy remediation"),
];

impl World {
    pub(crate) fn list_operations() -> Reply {
        let shown = OPERATIONS.map(|(name, resource, words)| {
            json!({
                "name": format!("Microsoft.PolicyInsights/{name}"),
                "display": {
                    "provider": "Microsoft Policy Insights",
                    "resource": resource,
                    "operation": words,
                    "description": words
                }
            })
        });
        Reply::ok(json!({ "@odata.count": OPERATIONS.len(), "value": Value::Array(shown.to_vec()) }))
    }
}
