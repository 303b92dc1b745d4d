//! The api-versions that each type has, and how one that it never had is refused: by the code of whoever keeps the list, with
//! the list. Sources: the lists that Resource Manager told (public logs: Azure/bicep issue 17089, Azure/azure-powershell
//! issue 25474, Azure/Enterprise-Scale issue 402, pulumi/pulumi-azure-native issue 2011, Azure/azure-sdk-for-go issue 15624), and behind their ends Microsoft's
//! type data for Bicep; those of Microsoft.PolicyInsights: Azure/azure-rest-api-specs.

use super::{authorization::Place, error::ArmError, request::Call, route::Route};

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

const REMEDIATIONS: [&str; 4] = ["2018-07-01-preview", "2019-07-01", "2021-10-01", "2024-10-01"];

const STATES: [&str; 7] = [
    "2017-08-09-preview",
    "2017-10-17-preview",
    "2017-12-12-preview",
    "2018-04-04",
    "2018-07-01-preview",
    "2019-10-01",
    "2024-10-01",
];

const ASSIGNMENTS: [&str; 24] = [
    "2015-10-01-preview",
    "2016-04-01",
    "2016-12-01",
    "2017-06-01-preview",
    "2018-03-01",
    "2018-05-01",
    "2019-01-01",
    "2019-06-01",
    "2019-09-01",
    "2020-03-01",
    "2020-08-01",
    "2020-09-01",
    "2021-06-01",
    "2022-06-01",
    "2023-04-01",
    "2024-04-01",
    "2024-05-01",
    "2025-01-01",
    "2025-03-01",
    "2025-11-01",
    "2025-12-01-preview",
    "2026-01-01-preview",
    "2026-06-01",
    "2026-07-01",
];

/// Initiatives came with 2017-06-01-preview.
const DEFINITIONS: [&str; 22] = [
    "2015-10-01-preview",
    "2016-04-01",
    "2016-12-01",
    "2017-06-01-preview",
    "2018-03-01",
    "2018-05-01",
    "2019-01-01",
    "2019-06-01",
    "2019-09-01",
    "2020-03-01",
    "2020-08-01",
    "2020-09-01",
    "2021-06-01",
    "2023-04-01",
    "2024-05-01",
    "2025-01-01",
    "2025-03-01",
    "2025-11-01",
    "2025-12-01-preview",
    "2026-01-01-preview",
    "2026-06-01",
    "2026-07-01",
];

const EXEMPTIONS: [&str; 4] = ["2020-07-01-preview", "2022-07-01-preview", "2025-12-01-preview", "2026-01-01-preview"];

const ROLE_ASSIGNMENTS: [&str; 22] = [
    "2014-04-01-preview",
    "2014-07-01-preview",
    "2014-10-01-preview",
    "2015-05-01-preview",
    "2015-06-01",
    "2015-07-01",
    "2016-07-01",
    "2017-05-01",
    "2017-09-01",
    "2017-10-01-preview",
    "2018-01-01-preview",
    "2018-07-01",
    "2018-09-01-preview",
    "2018-12-01-preview",
    "2019-04-01-preview",
    "2020-03-01-preview",
    "2020-04-01-preview",
    "2020-08-01-preview",
    "2020-10-01-preview",
    "2021-04-01-preview",
    "2022-01-01-preview",
    "2022-04-01",
];

const GROUPS: [&str; 13] = [
    "2023-04-01",
    "2021-04-01",
    "2020-10-01",
    "2020-05-01",
    "2020-02-01",
    "2019-11-01",
    "2018-03-01-preview",
    "2018-01-01-preview",
    "2017-11-01-preview",
    "2017-08-31-preview",
    "2017-06-30-preview",
    "2017-05-31-preview",
    "2018-03-01-beta",
];

const RESOURCES: [&str; 54] = [
    "2025-04-01",
    "2025-03-01",
    "2024-11-01",
    "2024-08-01",
    "2024-07-01",
    "2024-03-01",
    "2023-07-01",
    "2022-12-01",
    "2022-09-01",
    "2022-06-01",
    "2022-05-01",
    "2022-03-01-preview",
    "2022-01-01",
    "2021-04-01",
    "2021-01-01",
    "2020-10-01",
    "2020-09-01",
    "2020-08-01",
    "2020-07-01",
    "2020-06-01",
    "2020-05-01",
    "2020-01-01",
    "2019-11-01",
    "2019-10-01",
    "2019-09-01",
    "2019-08-01",
    "2019-07-01",
    "2019-06-01",
    "2019-05-10",
    "2019-05-01",
    "2019-03-01",
    "2018-11-01",
    "2018-09-01",
    "2018-08-01",
    "2018-07-01",
    "2018-06-01",
    "2018-05-01",
    "2018-02-01",
    "2018-01-01",
    "2017-12-01",
    "2017-08-01",
    "2017-06-01",
    "2017-05-10",
    "2017-05-01",
    "2017-03-01",
    "2016-09-01",
    "2016-07-01",
    "2016-06-01",
    "2016-02-01",
    "2015-11-01",
    "2015-01-01",
    "2014-04-01-preview",
    "2014-04-01",
    "2014-01-01",
];

const GRAPH: [&str; 7] = [
    "2018-09-01-preview",
    "2019-04-01",
    "2020-04-01-preview",
    "2021-03-01",
    "2021-06-01-preview",
    "2022-10-01",
    "2024-04-01",
];

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
        Route::EvaluationResult { .. } => of(Keeper::Registration, "asyncOperationResults", &STATES),
        Route::Assignments(_) | Route::Assignment(_) => of(authorization, "policyAssignments", &ASSIGNMENTS),
        Route::Definitions(_) | Route::Definition(_) => of(authorization, "policyDefinitions", &DEFINITIONS),
        Route::Initiatives(_) | Route::Initiative(_) => of(authorization, "policySetDefinitions", &DEFINITIONS[3..]),
        Route::Exemptions(_) | Route::Exemption(_) => of(authorization, "policyExemptions", &EXEMPTIONS),
        Route::Access(Place::RoleAssignments(_) | Place::RoleAssignment(_)) => {
            of(authorization, "roleAssignments", &ROLE_ASSIGNMENTS)
        }
        Route::ResourceGraph => of(Keeper::Registration, "resources", &GRAPH),
        // What is in the lists of other types, nobody here knows.
        Route::Versions { .. } | Route::Version { .. } | Route::Access(_) => None,
        Route::Resource(_) | Route::UnknownType { .. } | Route::UnknownNamespace(_) | Route::Unknown => None,
    }
}

/// The versions of a type that is served here, where they are known.
pub(super) fn of_kind(namespace: &str, kind: &str) -> Option<&'static [&'static str]> {
    Some(match (namespace, kind) {
        ("Microsoft.Authorization", "policyAssignments") => &ASSIGNMENTS,
        ("Microsoft.Authorization", "policyDefinitions") => &DEFINITIONS,
        ("Microsoft.Authorization", "policySetDefinitions") => &DEFINITIONS[3..],
        ("Microsoft.Authorization", "policyExemptions") => &EXEMPTIONS,
        ("Microsoft.Authorization", "roleAssignments") => &ROLE_ASSIGNMENTS,
        ("Microsoft.Management", "managementGroups") => &GROUPS,
        ("Microsoft.PolicyInsights", "remediations") => &REMEDIATIONS,
        ("Microsoft.PolicyInsights", "policyStates" | "asyncOperationResults") => &STATES,
        ("Microsoft.ResourceGraph", "resources") => &GRAPH,
        ("Microsoft.Resources", _) => &RESOURCES,
        _ => return None,
    })
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
