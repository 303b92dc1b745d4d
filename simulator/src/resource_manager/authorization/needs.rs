//! Which action each call needs, and where (Microsoft documentation: "Azure permissions for Management and governance").
//! Lists of subscriptions, tenants and management groups need none: they show what one may see.

use super::super::{policy::VersionKind, route::Route};
use crate::estate::ArmId;

/// What a call needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    /// The action that a refusal names.
    pub(crate) action: String,
    /// Where.
    pub(crate) scope: ArmId,
    /// Actions that are good enough, too.
    pub(crate) or: &'static [&'static str],
}

/// What a call to a place needs; `None` when it needs nothing or looks after that itself.
pub(crate) fn need(method: &str, route: &Route) -> Option<Need> {
    let of = |action: &str, scope: &ArmId| Some(Need { action: action.to_owned(), scope: scope.clone(), or: &[] });
    let verb = match method {
        "GET" => "read",
        "DELETE" => "delete",
        "PUT" | "PATCH" => "write",
        _ => "action",
    };
    let policy = |kind: &str, at: &ArmId| of(&format!("Microsoft.Authorization/{kind}/{verb}"), at);
    let insights = |action: &str, at: &ArmId| of(&format!("Microsoft.PolicyInsights/{action}"), at);
    let task = |scope: &ArmId, name: &str| {
        ArmId::new(format!("{scope}/providers/Microsoft.PolicyInsights/remediations/{name}"))
    };
    let subscription = |id: &str| ArmId::new(format!("/subscriptions/{id}"));
    let group = |name: &str| ArmId::new(format!("/providers/Microsoft.Management/managementGroups/{name}"));
    match route {
        // What a provider can be asked for, anybody may read. Resource Graph leaves out what one may not see.
        Route::Tenants | Route::Subscriptions | Route::ManagementGroups => None,
        Route::ResourceGraph | Route::InsightsOperations => None,
        Route::UnknownType { .. } | Route::UnknownNamespace(_) | Route::Unknown => None,
        Route::Subscription(id) => of("Microsoft.Resources/subscriptions/read", &subscription(id)),
        Route::Locations(id) => of("Microsoft.Resources/subscriptions/locations/read", &subscription(id)),
        Route::Providers(id) | Route::Provider { subscription: id, .. } => match id {
            Some(id) => of("Microsoft.Resources/subscriptions/providers/read", &subscription(id)),
            None => None,
        },
        Route::Registration { subscription: id, namespace, registers } => {
            let word = if *registers { "register" } else { "unregister" };
            of(&format!("{namespace}/{word}/action"), &subscription(id))
        }
        Route::ResourceGroups(id) => of("Microsoft.Resources/subscriptions/resourceGroups/read", &subscription(id)),
        Route::Resources(scope) if scope.resource_group().is_some() => {
            of("Microsoft.Resources/subscriptions/resourcegroups/resources/read", scope)
        }
        Route::Resources(scope) => of("Microsoft.Resources/subscriptions/resources/read", scope),
        Route::Deployments(scope) | Route::Deployment { scope, .. } => {
            of("Microsoft.Resources/deployments/read", scope)
        }
        Route::ResourceGroup(id) => of("Microsoft.Resources/subscriptions/resourceGroups/read", id),
        Route::Resource(id) => of(&format!("{}/{verb}", id.resource_type()?), id),
        Route::ManagementGroup(name) => of("Microsoft.Management/managementGroups/read", &group(name)),
        Route::Descendants(name) => of("Microsoft.Management/managementGroups/descendants/read", &group(name)),
        Route::GroupSubscriptions(name) | Route::GroupSubscription { group: name, .. } => {
            of("Microsoft.Management/managementGroups/subscriptions/read", &group(name))
        }
        Route::Queues(at) => of("Microsoft.ServiceBus/namespaces/queues/read", at),
        Route::Queue { namespace, name } => of(
            &format!("Microsoft.ServiceBus/namespaces/queues/{verb}"),
            &ArmId::new(format!("{namespace}/queues/{name}")),
        ),
        Route::Remediations(scope) => insights("remediations/read", scope),
        Route::Remediation { scope, name } => insights(&format!("remediations/{verb}"), &task(scope, name)),
        Route::CancelRemediation { scope, name } => insights("remediations/cancel/action", &task(scope, name)),
        // A POST whose action is called a read (list of operations of Microsoft.PolicyInsights).
        Route::RemediationDeployments { scope, name } => {
            insights("remediations/listDeployments/read", &task(scope, name))
        }
        Route::PolicyStates { scope, .. } => insights("policyStates/queryResults/action", scope),
        Route::PolicyEvents { scope, .. } => insights("policyEvents/queryResults/action", scope),
        Route::PolicySummary { scope, .. } => insights("policyStates/summarize/action", scope),
        Route::PolicyEvaluation { scope } => insights("policyStates/triggerEvaluation/action", scope),
        // Unverified which of them the service asks for.
        Route::EvaluationResult { scope, .. } => Some(Need {
            or: &[
                "Microsoft.PolicyInsights/policyStates/triggerEvaluation/read",
                "Microsoft.PolicyInsights/policyStates/triggerEvaluation/action",
            ],
            ..insights("asyncOperationResults/read", scope)?
        }),
        Route::Assignments(at) | Route::Assignment(at) => policy("policyAssignments", at),
        Route::Definitions(at) | Route::Definition(at) if is_of_the_tenant(at) => {
            if verb == "read" {
                None
            } else {
                policy("policyDefinitions", at)
            }
        }
        Route::Initiatives(at) | Route::Initiative(at) if is_of_the_tenant(at) => {
            if verb == "read" {
                None
            } else {
                policy("policySetDefinitions", at)
            }
        }
        Route::Definitions(at) | Route::Definition(at) => policy("policyDefinitions", at),
        Route::Initiatives(at) | Route::Initiative(at) => policy("policySetDefinitions", at),
        Route::Versions { of: at, .. } | Route::Version { of: at, .. } if is_of_the_tenant(at) => None,
        Route::Versions { kind: VersionKind::Definition, of }
        | Route::Version { kind: VersionKind::Definition, of, .. } => policy("policyDefinitions/versions", of),
        Route::Versions { kind: VersionKind::Initiative, of }
        | Route::Version { kind: VersionKind::Initiative, of, .. } => policy("policySetDefinitions/versions", of),
        Route::Exemptions(at) | Route::Exemption(at) => policy("policyExemptions", at),
        Route::Shown(shown) => {
            let (action, at) = shown.need();
            of(action, &at)
        }
        Route::Access(place) => {
            let (kind, at) = place.action_of();
            // Making and deleting a role assignment looks at what is assigned; built-in roles anybody may read.
            let looks_itself = matches!(place, super::Place::RoleAssignment(_)) && verb != "read";
            let is_free = matches!(place, super::Place::RoleDefinition(_)) && verb == "read" && is_of_the_tenant(at);
            if looks_itself || is_free { None } else { of(&format!("{kind}/{verb}"), at) }
        }
    }
}

/// Whether a scope or id has neither a subscription nor a management group.
fn is_of_the_tenant(at: &ArmId) -> bool {
    at.subscription().is_none() && at.management_group().is_none()
}
