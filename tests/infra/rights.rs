//! Who may do what: the worker's role has the actions of its calls and no other, what is granted is granted to the narrowest scope,
//! and every assignment of the templates is one that somebody here has asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::snapshot::{WORKERS, last, of_type, only, role_actions, text, words};

const ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments";
const DEFINITIONS: &str = "Microsoft.Authorization/roleDefinitions";

/// The actions of the table of calls. The table is read as text: no call can be forgotten here.
fn of_the_code() -> BTreeSet<String> {
    let table = text("core/src/fact/call_kind.rs");
    let table = table.split("pub fn action").nth(1).unwrap().split("pub fn").next().unwrap().to_owned();
    let actions: BTreeSet<_> =
        table.split('"').filter(|word| word.starts_with("Microsoft.")).map(str::to_owned).collect();
    assert!(actions.len() > 8, "the table is read: {actions:?}");
    actions
}

fn listed() -> BTreeMap<String, BTreeSet<String>> {
    serde_json::from_str(&text("infra/rights/actions.json")).unwrap()
}

/// The built-in roles, by id.
fn names() -> BTreeMap<String, String> {
    let of: BTreeMap<String, String> = serde_json::from_str(&text("infra/modules/roles.json")).unwrap();
    of.into_iter().map(|(name, id)| (id, name)).collect()
}

/// Each assignment as its role and what it is on, `subscription` or the end of an id.
fn assigned(name: &str) -> Vec<(String, String)> {
    let names = names();
    let assigned = of_type(name, ASSIGNMENTS).into_iter().map(|assignment| {
        let role = last(assignment["properties"]["roleDefinitionId"].as_str().unwrap()).to_owned();
        let role = names.get(&role).cloned().unwrap_or_else(|| "the worker's".to_owned());
        let id = assignment["id"].as_str().unwrap();
        // An id that only Azure can finish begins with the scope, too.
        let scope = id.split('\'').nth(1).unwrap_or(id).split("/providers/Microsoft.Authorization/").next().unwrap();
        let is_whole = id.starts_with("[subscriptionResourceId");
        (role, if is_whole { "subscription".to_owned() } else { last(scope).to_owned() })
    });
    assigned.collect()
}

#[test]
pub(crate) fn the_actions_of_the_worker_are_those_of_its_calls() {
    let listed = listed();
    let mut of_the_code = of_the_code();
    // A role of its own gives it, with a condition that names the roles: no action of the worker's role.
    assert!(of_the_code.remove("Microsoft.Authorization/roleAssignments/write"));
    // Reader on the namespace gives it.
    assert!(of_the_code.remove("Microsoft.ServiceBus/namespaces/queues/read"));
    // Asked in delegated subscriptions alone, where no role of ours reaches: the customer's template gives it.
    assert!(of_the_code.remove("Microsoft.ManagedServices/registrationAssignments/read"));
    // `doctor` asks these, as the person who runs it.
    for action in [
        "Microsoft.EventGrid/systemTopics/read",
        "Microsoft.EventGrid/systemTopics/eventSubscriptions/read",
        "Microsoft.Web/sites/functions/read",
        "Microsoft.Web/sites/hostruntime/host/action",
    ] {
        assert!(of_the_code.remove(action), "{action}");
    }
    let of_the_template: BTreeSet<String> = listed.values().flatten().cloned().collect();
    assert_eq!(of_the_template, of_the_code);
    let total: usize = listed.values().map(BTreeSet::len).sum();
    assert_eq!(total, listed.values().flatten().collect::<BTreeSet<_>>().len(), "an action stands twice");
}

#[test]
pub(crate) fn an_option_adds_its_actions_and_no_other() {
    let listed = listed();
    let with = |options: &[&str]| -> BTreeSet<String> {
        options.iter().flat_map(|option| listed[*option].iter().cloned()).collect()
    };
    assert_eq!(role_actions("default"), with(&["always", "triggerEvaluations"]));
    assert_eq!(role_actions("all-options"), with(&["always", "triggerEvaluations", "deleteTasks", "cancelTasks"]));
    assert_eq!(role_actions("management-group"), role_actions("all-options"));
}

#[test]
pub(crate) fn the_roles_are_few_and_their_scopes_narrow() {
    let mut expected: Vec<(String, String)> = Vec::new();
    let mut one = |role: &str, on: &str| expected.push((role.to_owned(), on.to_owned()));
    let storage = last(only("default", "Microsoft.Storage/storageAccounts")["id"].as_str().unwrap()).to_owned();
    let bus = last(only("default", "Microsoft.ServiceBus/namespaces")["id"].as_str().unwrap()).to_owned();
    let component = last(only("default", "Microsoft.Insights/components")["id"].as_str().unwrap()).to_owned();
    one("storageBlobDataOwner", &storage);
    for queue in ["policy-events", "noncompliant-resources", "wake-ups", "batch-runs"] {
        one("azureServiceBusDataOwner", queue);
    }
    one("reader", &bus);
    one("monitoringMetricsPublisher", &component);
    one("the worker's", "subscription");
    // Of the topic.
    one("storageBlobDataContributor", "events-dead-letter");
    one("azureServiceBusDataSender", "policy-events");
    let mut found = assigned("default");
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
pub(crate) fn people_on_call_reach_what_the_commands_change_and_nothing_else() {
    let bus = last(only("all-options", "Microsoft.ServiceBus/namespaces")["id"].as_str().unwrap()).to_owned();
    let people: Vec<_> = of_type("all-options", ASSIGNMENTS)
        .into_iter()
        .filter(|assignment| assignment["properties"]["principalType"] == "Group")
        .map(|assignment| {
            let id = assignment["id"]
                .as_str()
                .unwrap()
                .split("/providers/Microsoft.Authorization/")
                .next()
                .unwrap()
                .to_owned();
            (
                last(&id).to_owned(),
                names()[last(assignment["properties"]["roleDefinitionId"].as_str().unwrap())].clone(),
            )
        })
        .collect();
    let expected = [
        ("state", "storageBlobDataContributor"),
        ("rejected", "storageBlobDataContributor"),
        ("events-dead-letter", "storageBlobDataContributor"),
        ("noncompliant-resources", "azureServiceBusDataSender"),
        ("wake-ups", "azureServiceBusDataSender"),
        ("batch-runs", "azureServiceBusDataSender"),
        (&bus, "reader"),
    ];
    assert_eq!(people, expected.map(|(on, role)| (on.to_owned(), role.to_owned())));
}

#[test]
pub(crate) fn grants_are_limited_to_the_given_roles_and_to_managed_identities() {
    let granting = |name: &str| -> Vec<Value> {
        let all = of_type(name, ASSIGNMENTS).into_iter();
        all.filter(|assignment| {
            names()
                .get(last(assignment["properties"]["roleDefinitionId"].as_str().unwrap()))
                .is_some_and(|role| role == "roleBasedAccessControlAdministrator")
        })
        .collect()
    };
    for name in ["default", "private-network", "to-function"] {
        assert!(granting(name).is_empty(), "{name}");
    }
    assert_eq!(granting("all-options").len(), 3, "one a subscription");
    for (name, roles) in [
        ("all-options", "{b24988ac-6180-42a0-ab88-20f7382dd24c, 92aaf0da-9dab-42b6-94a3-d43ce8d16293}"),
        ("management-group", "{b24988ac-6180-42a0-ab88-20f7382dd24c}"),
    ] {
        for assignment in granting(name) {
            let of = &assignment["properties"];
            let condition = of["condition"].as_str().unwrap();
            assert_eq!(of["conditionVersion"], "2.0", "{name}");
            for (verb, place) in [("write", "@Request"), ("delete", "@Resource")] {
                let part = format!(
                    "((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{verb}'}})) OR \
                     ({place}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {roles} AND \
                     {place}[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {{'ServicePrincipal'}}))"
                );
                assert!(condition.contains(&part), "{name}: {condition} lacks {part}");
            }
        }
    }
}

#[test]
pub(crate) fn with_rights_from_a_management_group_nothing_stands_at_a_subscription() {
    assert!(assigned("to-function").iter().all(|(role, on)| role != "the worker's" && on != "subscription"));
    let at_group = of_type("management-group", ASSIGNMENTS);
    assert!(
        at_group
            .iter()
            .any(|assignment| assignment["properties"]["principalId"] == "55555555-5555-5555-5555-555555555555")
    );
    let role = only("management-group", DEFINITIONS);
    assert_eq!(
        words(&role["properties"]["assignableScopes"]),
        ["/providers/Microsoft.Management/managementGroups/contoso"]
    );
}

#[test]
pub(crate) fn a_customer_delegates_what_remediation_needs_and_never_everything() {
    let registration = only("lighthouse", "Microsoft.ManagedServices/registrationDefinitions");
    let authorizations = registration["properties"]["authorizations"].as_array().unwrap().clone();
    let of: Vec<_> = authorizations.iter().map(|a| names()[a["roleDefinitionId"].as_str().unwrap()].clone()).collect();
    assert_eq!(
        of,
        ["resourcePolicyContributor", "userAccessAdministrator", "managedServicesRegistrationAssignmentDelete"]
    );
    for authorization in &authorizations {
        let delegates = authorization.get("delegatedRoleDefinitionIds").is_some();
        let grants = names()[authorization["roleDefinitionId"].as_str().unwrap()] == "userAccessAdministrator";
        assert_eq!(delegates, grants, "{authorization}");
    }
    let groups = of_type("lighthouse", "Microsoft.ManagedServices/registrationAssignments");
    assert_eq!(groups.len(), 2, "two groups, and not the subscription");
    assert!(groups.iter().all(|group| group["id"].as_str().unwrap().contains("/resourceGroups/")));
}

#[test]
pub(crate) fn a_delegated_assignment_names_the_holder_of_its_identity_and_each_role_once() {
    let grants = of_type("delegated-assignment", ASSIGNMENTS);
    assert_eq!(grants.len(), 2, "two roles, however they are spelt");
    let policy = only("delegated-assignment", "Microsoft.Authorization/policyAssignments");
    assert_eq!(policy["identity"]["type"], "SystemAssigned");
    for grant in grants {
        assert_eq!(grant["properties"]["delegatedManagedIdentityResourceId"], policy["id"]);
    }
    let at_home = of_type("group-assignment", ASSIGNMENTS).remove(0);
    assert!(at_home["properties"].get("delegatedManagedIdentityResourceId").is_none());
}

#[test]
pub(crate) fn the_document_has_every_action_and_every_role_with_its_reason() {
    let document = text("docs/deployment.md");
    let table = document.split("## Permissions").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ")).collect();
    for action in listed().values().flatten() {
        assert!(rows.iter().any(|row| row.contains(&format!("`{action}`"))), "{action} has no row");
    }
    // `storageBlobDataOwner` is called Storage Blob Data Owner.
    let called = |name: &str| {
        name.chars().flat_map(|c| c.is_uppercase().then_some(' ').into_iter().chain([c])).collect::<String>()
    };
    let used: BTreeSet<_> = WORKERS.iter().flat_map(|name| assigned(name)).map(|(role, _)| role).collect();
    for role in used.iter().filter(|role| *role != "the worker's") {
        let words = called(role).to_lowercase();
        assert!(rows.iter().any(|row| row.to_lowercase().contains(&words)), "{words} has no row");
    }
    assert!(rows.iter().all(|row| row.split(" | ").count() == 4), "who, what, where, why");
}
