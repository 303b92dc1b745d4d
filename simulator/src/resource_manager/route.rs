//! What a path means. Names of providers and types compare without case; scopes are taken as they are and judged later.

use super::{authorization::Place, platform::Shown, policy::VersionKind};
use crate::estate::ArmId;

/// A place in the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Tenants,
    Subscriptions,
    Subscription(String),
    Locations(String),
    /// Resource providers, in a subscription or in general.
    Providers(Option<String>),
    Provider {
        subscription: Option<String>,
        namespace: String,
    },
    Registration {
        subscription: String,
        namespace: String,
        registers: bool,
    },
    ResourceGroups(String),
    Resources(ArmId),
    Deployments(ArmId),
    Deployment {
        scope: ArmId,
        name: String,
    },
    ResourceGroup(ArmId),
    Resource(ArmId),
    ManagementGroups,
    ManagementGroup(String),
    Descendants(String),
    GroupSubscriptions(String),
    GroupSubscription {
        group: String,
        id: String,
    },
    /// The queues of a Service Bus namespace.
    Queues(ArmId),
    Queue {
        namespace: ArmId,
        name: String,
    },
    Remediations(ArmId),
    Remediation {
        scope: ArmId,
        name: String,
    },
    CancelRemediation {
        scope: ArmId,
        name: String,
    },
    RemediationDeployments {
        scope: ArmId,
        name: String,
    },
    PolicyStates {
        scope: ArmId,
        set: String,
    },
    PolicyEvents {
        scope: ArmId,
        set: String,
    },
    PolicySummary {
        scope: ArmId,
        set: String,
    },
    /// What Microsoft.PolicyInsights can be asked for.
    InsightsOperations,
    PolicyEvaluation {
        scope: ArmId,
    },
    EvaluationResult {
        scope: ArmId,
        name: String,
    },
    Assignments(ArmId),
    Assignment(ArmId),
    Definitions(ArmId),
    Definition(ArmId),
    Initiatives(ArmId),
    Initiative(ArmId),
    Exemptions(ArmId),
    Exemption(ArmId),
    Versions {
        kind: VersionKind,
        of: ArmId,
    },
    Version {
        kind: VersionKind,
        of: ArmId,
        number: String,
    },
    Access(Place),
    Shown(Shown),
    ResourceGraph,
    UnknownType {
        namespace: String,
        kind: String,
    },
    UnknownNamespace(String),
    Unknown,
}

impl Route {
    /// Finds the place that decoded path segments lead to.
    pub(crate) fn find(segments: &[String]) -> Route {
        let is = |at: usize, word: &str| segments.get(at).is_some_and(|segment| segment.eq_ignore_ascii_case(word));
        let last = segments.len().saturating_sub(1);
        let provider = segments.iter().take(last).rposition(|segment| segment.eq_ignore_ascii_case("providers"));
        let Some(at) = provider else {
            return match segments {
                [_] if is(0, "providers") => Route::Providers(None),
                [_, id, _] if is(0, "subscriptions") && is(2, "locations") => Route::Locations(id.clone()),
                [_, id, _] if is(0, "subscriptions") && is(2, "providers") => Route::Providers(Some(id.clone())),
                [_, id, _] if is(0, "subscriptions") && is(2, "resourcegroups") => Route::ResourceGroups(id.clone()),
                [before @ .., _]
                    if matches!(before.len(), 2 | 4) && is(0, "subscriptions") && is(last, "resources") =>
                {
                    Route::Resources(join(before))
                }
                [_] if is(0, "tenants") => Route::Tenants,
                [_] if is(0, "subscriptions") => Route::Subscriptions,
                [_, id] if is(0, "subscriptions") => Route::Subscription(id.clone()),
                [_, _, _, _] if is(0, "subscriptions") && is(2, "resourcegroups") => {
                    Route::ResourceGroup(join(segments))
                }
                _ => Route::Unknown,
            };
        };
        let (before, after) = segments.split_at(at);
        let scope = join(before);
        let (namespace, rest) = match after {
            [_, namespace] => return one_provider(before, namespace),
            [_, namespace, word] if matches!(before, [_, _]) && is_registration(word) => {
                return registration(before, namespace, word);
            }
            [_, namespace, rest @ ..] => (namespace.to_lowercase(), rest),
            _ => return Route::Unknown,
        };
        if let Some(shown) = Shown::find(&namespace, before, rest, segments) {
            return Route::Shown(shown);
        }
        match namespace.as_str() {
            "microsoft.policyinsights" => insights(scope, rest),
            "microsoft.authorization" => authorization(scope, rest, segments),
            "microsoft.managedservices" => match Place::managed_services(&scope, rest, &join(segments)) {
                Some(place) => Route::Access(place),
                None => unknown_type("Microsoft.ManagedServices", rest),
            },
            "microsoft.management" if before.is_empty() => management(rest),
            "microsoft.resourcegraph" if before.is_empty() => match rest {
                [kind] if kind.eq_ignore_ascii_case("resources") => Route::ResourceGraph,
                _ => unknown_type("Microsoft.ResourceGraph", rest),
            },
            "microsoft.resources" => match rest {
                [kind] if kind.eq_ignore_ascii_case("deployments") => Route::Deployments(scope),
                [kind, name] if kind.eq_ignore_ascii_case("deployments") => {
                    Route::Deployment { scope, name: name.clone() }
                }
                _ => unknown_type("Microsoft.Resources", rest),
            },
            "microsoft.servicebus" if is(at + 2, "namespaces") && is(at + 4, "queues") && segments.len() <= at + 6 => {
                let of = join(&segments[..at + 4]);
                match segments.get(at + 5) {
                    None => Route::Queues(of),
                    Some(name) => Route::Queue { namespace: of, name: name.clone() },
                }
            }
            _ if before.is_empty() => Route::UnknownNamespace(namespace),
            _ => Route::Resource(join(segments)),
        }
    }
}

/// `…/providers/{namespace}`.
fn one_provider(before: &[String], namespace: &str) -> Route {
    let namespace = namespace.to_owned();
    match before {
        [] => Route::Provider { subscription: None, namespace },
        [word, id] if word.eq_ignore_ascii_case("subscriptions") => {
            Route::Provider { subscription: Some(id.clone()), namespace }
        }
        _ => Route::Unknown,
    }
}

fn is_registration(word: &str) -> bool {
    ["register", "unregister"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// `/subscriptions/{id}/providers/{namespace}/register`, or `unregister`.
fn registration(before: &[String], namespace: &str, word: &str) -> Route {
    let subscription = before.last().cloned().unwrap_or_default();
    let registers = word.eq_ignore_ascii_case("register");
    Route::Registration { subscription, namespace: namespace.to_owned(), registers }
}

fn insights(scope: ArmId, rest: &[String]) -> Route {
    let lower: Vec<String> = rest.iter().map(|segment| segment.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let name = || rest.get(1).cloned().unwrap_or_default();
    match lower.as_slice() {
        ["remediations"] => Route::Remediations(scope),
        ["remediations", _] => Route::Remediation { scope, name: name() },
        ["remediations", _, "cancel"] => Route::CancelRemediation { scope, name: name() },
        ["remediations", _, "listdeployments"] => Route::RemediationDeployments { scope, name: name() },
        ["policystates", _, "queryresults"] => Route::PolicyStates { scope, set: name().to_lowercase() },
        ["policyevents", _, "queryresults"] => Route::PolicyEvents { scope, set: name().to_lowercase() },
        ["operations"] if scope.as_str().is_empty() || scope.as_str() == "/" => Route::InsightsOperations,
        ["policystates", _, "summarize"] => Route::PolicySummary { scope, set: name().to_lowercase() },
        ["policystates", "latest", "triggerevaluation"] => Route::PolicyEvaluation { scope },
        ["asyncoperationresults", _] => Route::EvaluationResult { scope, name: name() },
        _ => unknown_type("Microsoft.PolicyInsights", rest),
    }
}

fn authorization(scope: ArmId, rest: &[String], all: &[String]) -> Route {
    let kind = rest.first().map(|kind| kind.to_lowercase()).unwrap_or_default();
    match (kind.as_str(), rest.len()) {
        ("policyassignments", 1) => Route::Assignments(scope),
        ("policyassignments", 2) => Route::Assignment(join(all)),
        ("policydefinitions", 1) => Route::Definitions(scope),
        ("policydefinitions", 2) => Route::Definition(join(all)),
        ("policysetdefinitions", 1) => Route::Initiatives(scope),
        ("policysetdefinitions", 2) => Route::Initiative(join(all)),
        ("policydefinitions", 3 | 4) => versions(VersionKind::Definition, rest, all),
        ("policysetdefinitions", 3 | 4) => versions(VersionKind::Initiative, rest, all),
        ("policyexemptions", 1) => Route::Exemptions(scope),
        ("policyexemptions", 2) => Route::Exemption(join(all)),
        _ => match Place::authorization(&scope, rest, &join(all)) {
            Some(place) => Route::Access(place),
            None => unknown_type("Microsoft.Authorization", rest),
        },
    }
}

/// `…/{name}/versions` and `…/{name}/versions/{number}`.
fn versions(kind: VersionKind, rest: &[String], all: &[String]) -> Route {
    let (of, behind) = all.split_at(all.len() - (rest.len() - 2));
    match behind {
        [word] if word.eq_ignore_ascii_case("versions") => Route::Versions { kind, of: join(of) },
        [word, number] if word.eq_ignore_ascii_case("versions") => {
            Route::Version { kind, of: join(of), number: number.clone() }
        }
        _ => unknown_type("Microsoft.Authorization", rest),
    }
}

fn management(rest: &[String]) -> Route {
    let is = |at: usize, word: &str| rest.get(at).is_some_and(|segment| segment.eq_ignore_ascii_case(word));
    match rest {
        [_] if is(0, "managementgroups") => Route::ManagementGroups,
        [_, name] if is(0, "managementgroups") => Route::ManagementGroup(name.clone()),
        [_, name, _] if is(0, "managementgroups") && is(2, "descendants") => Route::Descendants(name.clone()),
        [_, name, _] if is(0, "managementgroups") && is(2, "subscriptions") => Route::GroupSubscriptions(name.clone()),
        [_, name, _, id] if is(0, "managementgroups") && is(2, "subscriptions") => {
            Route::GroupSubscription { group: name.clone(), id: id.clone() }
        }
        _ => unknown_type("Microsoft.Management", rest),
    }
}

fn unknown_type(namespace: &str, rest: &[String]) -> Route {
    // Types and names alternate: the types are every second segment.
    let kinds: Vec<&str> = rest.iter().step_by(2).map(String::as_str).collect();
    Route::UnknownType { namespace: namespace.to_owned(), kind: kinds.join("/") }
}

fn join(segments: &[String]) -> ArmId {
    ArmId::new(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_places() {
        let scope = || ArmId::new("/subscriptions/s/resourceGroups/g");
        let name = || "N".to_owned();
        let id = |text: &str| ArmId::new(text);
        for (path, route) in [
            ("subscriptions", Route::Subscriptions),
            ("tenants", Route::Tenants),
            ("Subscriptions/S", Route::Subscription("S".into())),
            ("subscriptions/s/resourcegroups/g", Route::ResourceGroup(scope())),
            (
                "subscriptions/s/resourceGroups/g/providers/A.b/c/d",
                Route::Resource(id("/subscriptions/s/resourceGroups/g/providers/A.b/c/d")),
            ),
            ("providers/Microsoft.Management/managementGroups", Route::ManagementGroups),
            ("providers/microsoft.management/MANAGEMENTGROUPS/N", Route::ManagementGroup(name())),
            ("providers/Microsoft.Management/managementGroups/N/descendants", Route::Descendants(name())),
            ("providers/Microsoft.Management/managementGroups/N/subscriptions", Route::GroupSubscriptions(name())),
            (
                "providers/Microsoft.Management/managementGroups/N/Subscriptions/s",
                Route::GroupSubscription { group: name(), id: "s".into() },
            ),
            (
                "subscriptions/s/resourceGroups/g/providers/microsoft.policyinsights/REMEDIATIONS",
                Route::Remediations(scope()),
            ),
            (
                "subscriptions/s/resourceGroups/g/Providers/Microsoft.PolicyInsights/remediations/N",
                Route::Remediation { scope: scope(), name: name() },
            ),
            (
                "subscriptions/s/resourceGroups/g/providers/Microsoft.PolicyInsights/remediations/N/Cancel",
                Route::CancelRemediation { scope: scope(), name: name() },
            ),
            (
                "subscriptions/s/resourceGroups/g/providers/Microsoft.PolicyInsights/remediations/N/listDeployments",
                Route::RemediationDeployments { scope: scope(), name: name() },
            ),
            (
                "subscriptions/s/resourceGroups/g/providers/Microsoft.PolicyInsights/policyStates/Latest/queryResults",
                Route::PolicyStates { scope: scope(), set: "latest".into() },
            ),
            (
                "subscriptions/s/providers/Microsoft.PolicyInsights/PolicyEvents/Default/queryResults",
                Route::PolicyEvents { scope: id("/subscriptions/s"), set: "default".into() },
            ),
            ("providers/Microsoft.PolicyInsights/operations", Route::InsightsOperations),
            (
                "subscriptions/s/providers/Microsoft.PolicyInsights/operations",
                Route::UnknownType { namespace: "Microsoft.PolicyInsights".into(), kind: "operations".into() },
            ),
            (
                "subscriptions/s/providers/Microsoft.Authorization/policyAssignments/N/providers/Microsoft.PolicyInsights/policyStates/latest/summarize",
                Route::PolicySummary {
                    scope: id("/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/N"),
                    set: "latest".into(),
                },
            ),
            (
                "providers/Microsoft.Management/managementGroups/N/providers/Microsoft.Authorization/policyAssignments",
                Route::Assignments(id("/providers/Microsoft.Management/managementGroups/N")),
            ),
            (
                "providers/Microsoft.Authorization/policyDefinitions/N",
                Route::Definition(id("/providers/Microsoft.Authorization/policyDefinitions/N")),
            ),
            ("providers/Microsoft.Authorization/policySetDefinitions", Route::Initiatives(id(""))),
            (
                "subscriptions/s/providers/Microsoft.PolicyInsights/attestations/N",
                Route::UnknownType { namespace: "Microsoft.PolicyInsights".into(), kind: "attestations".into() },
            ),
            (
                "providers/Microsoft.Authorization/policyDefinitions/N/Versions/1.0.0",
                Route::Version {
                    kind: VersionKind::Definition,
                    of: id("/providers/Microsoft.Authorization/policyDefinitions/N"),
                    number: "1.0.0".into(),
                },
            ),
            (
                "subscriptions/s/providers/Microsoft.Authorization/policySetDefinitions/N/versions",
                Route::Versions {
                    kind: VersionKind::Initiative,
                    of: id("/subscriptions/s/providers/Microsoft.Authorization/policySetDefinitions/N"),
                },
            ),
            (
                "subscriptions/s/resourceGroups/g/providers/Microsoft.Authorization/ROLEASSIGNMENTS",
                Route::Access(Place::RoleAssignments(scope())),
            ),
            (
                "subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedServices/registrationAssignments",
                Route::Access(Place::RegistrationAssignments(scope())),
            ),
            ("providers/microsoft.resourcegraph/Resources", Route::ResourceGraph),
            ("providers", Route::Providers(None)),
            ("subscriptions/s/Providers", Route::Providers(Some("s".into()))),
            (
                "subscriptions/s/providers/Microsoft.Storage",
                Route::Provider { subscription: Some("s".into()), namespace: "Microsoft.Storage".into() },
            ),
            (
                "subscriptions/s/providers/Microsoft.Storage/Register",
                Route::Registration {
                    subscription: "s".into(),
                    namespace: "Microsoft.Storage".into(),
                    registers: true,
                },
            ),
            ("subscriptions/s/locations", Route::Locations("s".into())),
            ("subscriptions/s/resourcegroups", Route::ResourceGroups("s".into())),
            ("subscriptions/s/resources", Route::Resources(id("/subscriptions/s"))),
            ("subscriptions/s/resourceGroups/g/resources", Route::Resources(scope())),
            ("subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/deployments", Route::Deployments(scope())),
            (
                "subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/deployments/N",
                Route::Deployment { scope: scope(), name: name() },
            ),
            ("providers/Microsoft.Banana/x", Route::UnknownNamespace("microsoft.banana".into())),
            ("", Route::Unknown),
            ("banana/s", Route::Unknown),
        ] {
            let segments: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
            assert_eq!(Route::find(&segments), route, "{path}");
        }
    }
}
