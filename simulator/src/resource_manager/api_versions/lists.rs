//! The api-versions that each type has, oldest first but where the service tells them otherwise. Sources: the lists that Resource
//! Manager told (public logs: Azure/bicep issue 17089, Azure/azure-powershell issue 25474, Azure/Enterprise-Scale issue 402,
//! pulumi/pulumi-azure-native issue 2011, Azure/azure-sdk-for-go issue 15624), and behind their ends Microsoft's type data for
//! Bicep; those of Microsoft.PolicyInsights: Azure/azure-rest-api-specs. Where another speaks, it stands with the list.

pub(super) const REMEDIATIONS: [&str; 4] = ["2018-07-01-preview", "2019-07-01", "2021-10-01", "2024-10-01"];

pub(super) const STATES: [&str; 7] = [
    "2017-08-09-preview",
    "2017-10-17-preview",
    "2017-12-12-preview",
    "2018-04-04",
    "2018-07-01-preview",
    "2019-10-01",
    "2024-10-01",
];

pub(super) const ASSIGNMENTS: [&str; 24] = [
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

/// Initiatives came with 2017-06-01-preview, versions of both with 2023-04-01.
pub(super) const DEFINITIONS: [&str; 22] = [
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

pub(super) const EXEMPTIONS: [&str; 4] =
    ["2020-07-01-preview", "2022-07-01-preview", "2025-12-01-preview", "2026-01-01-preview"];

pub(super) const ROLE_ASSIGNMENTS: [&str; 22] = [
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

/// Recorded up to 2018-07-01 (Azure/bicep issue 2086, Azure/azure-sdk-for-java pull request 28334), from there on type data.
pub(super) const ROLE_DEFINITIONS: [&str; 13] = [
    "2014-04-01-preview",
    "2014-07-01-preview",
    "2014-10-01-preview",
    "2015-05-01-preview",
    "2015-06-01",
    "2015-07-01",
    "2016-07-01",
    "2017-05-01",
    "2017-09-01",
    "2018-01-01-preview",
    "2018-07-01",
    "2022-04-01",
    "2022-05-01-preview",
];

/// No answer with the list is public: what PowerShell sends (Azure/azure-powershell issue 16410), type data, OpenAPI, and what the
/// Azure CLI makes them with (Azure/azure-cli pull request 33109).
pub(super) const DENY_ASSIGNMENTS: [&str; 4] =
    ["2018-07-01-preview", "2020-03-01-preview", "2022-04-01", "2024-07-01-preview"];

/// Recorded up to 2017-04-01 (Azure/bicep issue 7495, Azure/azure-sdk-for-go issue 18835); the last is in OpenAPI and type data.
pub(super) const LOCKS: [&str; 6] =
    ["2015-01-01", "2015-05-01-preview", "2015-06-01", "2016-09-01", "2017-04-01", "2020-05-01"];

/// The folders of Azure/azure-rest-api-specs with queues, and type data.
pub(super) const QUEUES: [&str; 12] = [
    "2014-09-01",
    "2015-08-01",
    "2017-04-01",
    "2018-01-01-preview",
    "2021-01-01-preview",
    "2021-06-01-preview",
    "2021-11-01",
    "2022-01-01-preview",
    "2022-10-01-preview",
    "2023-01-01-preview",
    "2024-01-01",
    "2026-01-01",
];

/// The folders of Azure/azure-rest-api-specs.
pub(super) const MANAGED_SERVICES: [&str; 7] = [
    "2018-06-01-preview",
    "2019-04-01-preview",
    "2019-06-01",
    "2019-09-01",
    "2020-02-01-preview",
    "2022-01-01-preview",
    "2022-10-01",
];

pub(super) const GROUPS: [&str; 13] = [
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

pub(super) const RESOURCES: [&str; 54] = [
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

pub(super) const GRAPH: [&str; 7] = [
    "2018-09-01-preview",
    "2019-04-01",
    "2020-04-01-preview",
    "2021-03-01",
    "2021-06-01-preview",
    "2022-10-01",
    "2024-04-01",
];

/// The versions of a type that is served here, where they are known.
pub(in super::super) fn of_kind(namespace: &str, kind: &str) -> Option<&'static [&'static str]> {
    Some(match (namespace, kind) {
        ("Microsoft.Authorization", "policyAssignments") => &ASSIGNMENTS,
        ("Microsoft.Authorization", "policyDefinitions") => &DEFINITIONS,
        ("Microsoft.Authorization", "policySetDefinitions") => &DEFINITIONS[3..],
        ("Microsoft.Authorization", "policyExemptions") => &EXEMPTIONS,
        ("Microsoft.Authorization", "roleAssignments") => &ROLE_ASSIGNMENTS,
        ("Microsoft.Authorization", "roleDefinitions") => &ROLE_DEFINITIONS,
        ("Microsoft.Authorization", "denyAssignments") => &DENY_ASSIGNMENTS,
        ("Microsoft.Authorization", "locks") => &LOCKS,
        ("Microsoft.ManagedServices", _) => &MANAGED_SERVICES,
        ("Microsoft.Management", "managementGroups") => &GROUPS,
        ("Microsoft.PolicyInsights", "remediations") => &REMEDIATIONS,
        ("Microsoft.PolicyInsights", "policyStates" | "policyEvents" | "asyncOperationResults" | "operations") => {
            &STATES
        }
        ("Microsoft.ResourceGraph", "resources") => &GRAPH,
        ("Microsoft.Resources", _) => &RESOURCES,
        _ => return None,
    })
}
