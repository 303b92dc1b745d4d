//! How an api-version that a type never had is refused: by the code of whoever keeps its list, with the list.

mod lists;

pub(super) use lists::of_kind;

use super::{authorization::Place, error::ArmError, policy::VersionKind, request::Call, route::Route};
use lists::{
    ASSIGNMENTS, DEFINITIONS, DENY_ASSIGNMENTS, EXEMPTIONS, GRAPH, GROUPS, LOCKS, MANAGED_SERVICES, QUEUES,
    REMEDIATIONS, RESOURCES, ROLE_ASSIGNMENTS, ROLE_DEFINITIONS, STATES,
};

/// Who keeps a list, and so how it refuses.
enum Keeper {
    /// Resource Manager's own operations.
    ResourceManager,
    /// Types that Resource Manager serves itself.
    Namespace(&'static str),
    /// The registration of a resource provider.
    Registration,
}

struct Known {
    keeper: Keeper,
    kind: &'static str,
    versions: &'static [&'static str],
}

/// Refuses a call without an api-version, or with one that its type never had.
pub(crate) fn check(call: &Call, route: &Route) -> Result<(), ArmError> {
    if matches!(route, Route::Unknown) {
        return Ok(());
    }
    let version = call.query.get("api-version").ok_or_else(ArmError::missing_api_version)?;
    let known = known(route);
    // What is no version at all, the keeper of a namespace refuses like any other (recorded: a public log of `api-version=dummyapi` for
    // role assignments).
    if !is_version(version) && !matches!(known, Some(Known { keeper: Keeper::Namespace(_), .. })) {
        let versions = known.map_or(RESOURCES.as_slice(), |known| known.versions);
        return Err(ArmError::invalid_api_version(version, versions));
    }
    // The types of other providers are many, and nobody here knows their lists.
    let Some(Known { keeper, kind, versions }) = known else { return Ok(()) };
    if versions.iter().any(|known| known.eq_ignore_ascii_case(version)) {
        return Ok(());
    }
    Err(match keeper {
        Keeper::ResourceManager => ArmError::invalid_api_version(version, versions),
        Keeper::Namespace(namespace) => ArmError::type_lacks_version(namespace, kind, version, versions),
        Keeper::Registration => ArmError::provider_lacks_version(kind, version, versions),
    })
}

fn known(route: &Route) -> Option<Known> {
    let of = |keeper, kind, versions| Some(Known { keeper, kind, versions });
    let authorization = Keeper::Namespace("Microsoft.Authorization");
    match route {
        Route::Tenants => of(Keeper::ResourceManager, "tenants", &RESOURCES),
        Route::Subscriptions | Route::Subscription(_) => of(Keeper::ResourceManager, "subscriptions", &RESOURCES),
        Route::Locations(_)
        | Route::Providers(_)
        | Route::Provider { .. }
        | Route::Registration { .. }
        | Route::ResourceGroups(_)
        | Route::Resources(_)
        | Route::Deployments(_)
        | Route::Deployment { .. } => of(Keeper::ResourceManager, "resources", &RESOURCES),
        Route::ResourceGroup(_) => of(Keeper::ResourceManager, "resourceGroups", &RESOURCES),
        Route::Queues(_) | Route::Queue { .. } => of(Keeper::Registration, "namespaces/queues", &QUEUES),
        Route::ManagementGroups
        | Route::ManagementGroup(_)
        | Route::Descendants(_)
        | Route::GroupSubscriptions(_)
        | Route::GroupSubscription { .. } => of(Keeper::Namespace("Microsoft.Management"), "managementGroups", &GROUPS),
        Route::Remediations(_)
        | Route::Remediation { .. }
        | Route::CancelRemediation { .. }
        | Route::RemediationDeployments { .. } => of(Keeper::Registration, "remediations", &REMEDIATIONS),
        Route::PolicyStates { .. } | Route::PolicySummary { .. } | Route::PolicyEvaluation { .. } => {
            of(Keeper::Registration, "policyStates", &STATES)
        }
        Route::PolicyEvents { .. } => of(Keeper::Registration, "policyEvents", &STATES),
        Route::InsightsOperations => of(Keeper::Registration, "operations", &STATES),
        Route::EvaluationResult { .. } => of(Keeper::Registration, "asyncOperationResults", &STATES),
        Route::Assignments(_) | Route::Assignment(_) => of(authorization, "policyAssignments", &ASSIGNMENTS),
        Route::Definitions(_) | Route::Definition(_) => of(authorization, "policyDefinitions", &DEFINITIONS),
        Route::Initiatives(_) | Route::Initiative(_) => of(authorization, "policySetDefinitions", &DEFINITIONS[3..]),
        Route::Exemptions(_) | Route::Exemption(_) => of(authorization, "policyExemptions", &EXEMPTIONS),
        Route::Versions { kind, .. } | Route::Version { kind, .. } => {
            let kind = match kind {
                VersionKind::Definition => "policyDefinitions/versions",
                VersionKind::Initiative => "policySetDefinitions/versions",
            };
            of(authorization, kind, &DEFINITIONS[13..])
        }
        Route::Access(place) => of_access(place),
        Route::ResourceGraph => of(Keeper::Registration, "resources", &GRAPH),
        Route::Resource(_)
        | Route::Shown(_)
        | Route::UnknownType { .. }
        | Route::UnknownNamespace(_)
        | Route::Unknown => None,
    }
}

fn of_access(place: &Place) -> Option<Known> {
    let (is_served_here, kind, versions): (_, _, &'static [&'static str]) = match place {
        Place::RoleAssignments(_) | Place::RoleAssignment(_) => (true, "roleAssignments", &ROLE_ASSIGNMENTS),
        Place::RoleDefinitions(_) | Place::RoleDefinition(_) => (true, "roleDefinitions", &ROLE_DEFINITIONS),
        // They stand in one file of the OpenAPI with role definitions; a list of their own is not public.
        Place::Permissions(_) => (true, "permissions", &ROLE_DEFINITIONS),
        Place::DenyAssignments(_) | Place::DenyAssignment(_) => (true, "denyAssignments", &DENY_ASSIGNMENTS),
        Place::Locks(_) | Place::Lock(_) => (true, "locks", &LOCKS),
        Place::RegistrationAssignments(_) | Place::RegistrationAssignment(_) => {
            (false, "registrationAssignments", &MANAGED_SERVICES)
        }
        Place::RegistrationDefinitions(_) | Place::RegistrationDefinition(_) => {
            (false, "registrationDefinitions", &MANAGED_SERVICES)
        }
    };
    let keeper = if is_served_here { Keeper::Namespace("Microsoft.Authorization") } else { Keeper::Registration };
    Some(Known { keeper, kind, versions })
}

/// A date, with or without a suffix.
fn is_version(text: &str) -> bool {
    let (date, suffix) = text.split_at_checked(10).unwrap_or((text, ""));
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_date && (suffix.is_empty() || (suffix.starts_with('-') && suffix.len() > 1))
}
