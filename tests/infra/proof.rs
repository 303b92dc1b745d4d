//! What needs each right that the templates give: the call that is refused without it, the command, or the part of the platform. The list
//! in `docs/deployment.md` is made of this table, and the plays of [`crate::least_privilege`] and [`crate::least_roles`] try it.
//! `UPDATE_DOCS=1 cargo test --test infra proof` writes the list anew.

use std::collections::BTreeSet;
use std::fs;

use crate::held::{Held, Place, Who, held};
use crate::snapshot::{path, role_actions};

/// What needs a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// The worker's own call with this action, at this place: refused without it.
    Call(&'static str, &'static str),
    /// This command's: refused without it.
    Command(&'static str, &'static str, &'static str),
    /// The platform, or what is not in the local Azure.
    Platform(&'static str),
}

/// A role of the templates and what needs it.
#[derive(Debug)]
pub(crate) struct OfRole {
    who: Who,
    role: &'static str,
    place: &'static str,
    pub(crate) needs: Needs,
}

const SEND: &str = "Microsoft.ServiceBus/namespaces/messages/send/action";
const READ_BLOB: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
const OWNER_OF_QUEUES: &str = "azureServiceBusDataOwner";

const fn of(who: Who, role: &'static str, place: &'static str, needs: Needs) -> OfRole {
    OfRole { who, role, place, needs }
}

const ROLES: [OfRole; 18] = [
    of(Who::Worker, "", "subscriptions", Needs::Call("Microsoft.Authorization/policyAssignments/read", "")),
    of(Who::Worker, "storageBlobDataOwner", "account", Needs::Call(READ_BLOB, "state")),
    of(Who::Worker, OWNER_OF_QUEUES, "noncompliant-resources", Needs::Call(SEND, "noncompliant-resources")),
    of(Who::Worker, OWNER_OF_QUEUES, "wake-ups", Needs::Call(SEND, "wake-ups")),
    of(Who::Worker, OWNER_OF_QUEUES, "batch-runs", Needs::Call(SEND, "batch-runs")),
    of(
        Who::Worker,
        OWNER_OF_QUEUES,
        "policy-events",
        Needs::Platform("the Functions host receives with it, and its scale controller counts"),
    ),
    of(
        Who::Worker,
        "reader",
        "namespace",
        Needs::Command("status", "Microsoft.ServiceBus/namespaces/queues/read", "sb"),
    ),
    of(Who::Worker, "monitoringMetricsPublisher", "component", Needs::Platform("telemetry of host and worker")),
    of(
        Who::Worker,
        "roleBasedAccessControlAdministrator",
        "subscriptions",
        Needs::Call("Microsoft.Authorization/roleAssignments/write", "an assignment's scope, with `GRANT_ROLES`"),
    ),
    of(Who::Topic, "azureServiceBusDataSender", "policy-events", Needs::Platform("Event Grid delivers with it")),
    of(
        Who::Topic,
        "storageBlobDataContributor",
        "events-dead-letter",
        Needs::Platform("Event Grid keeps with it what it gives up"),
    ),
    of(Who::People, "storageBlobDataContributor", "state", Needs::Command("status", READ_BLOB, "state")),
    of(Who::People, "storageBlobDataContributor", "rejected", Needs::Command("rejected list", READ_BLOB, "rejected")),
    of(
        Who::People,
        "storageBlobDataContributor",
        "events-dead-letter",
        Needs::Command("rejected list --dead-letter", READ_BLOB, "events-dead-letter"),
    ),
    of(
        Who::People,
        "azureServiceBusDataSender",
        "noncompliant-resources",
        Needs::Command("rejected retry --dead-letter", SEND, "noncompliant-resources"),
    ),
    of(Who::People, "azureServiceBusDataSender", "wake-ups", Needs::Command("parked retry", SEND, "wake-ups")),
    of(Who::People, "azureServiceBusDataSender", "batch-runs", Needs::Command("run", SEND, "batch-runs")),
    of(
        Who::People,
        "reader",
        "namespace",
        Needs::Command("status", "Microsoft.ServiceBus/namespaces/queues/read", "sb"),
    ),
];

/// What needs a role of a snapshot.
pub(crate) fn of_role(right: &Held) -> &'static OfRole {
    let place = match &right.place {
        Place::Remediated => "subscriptions",
        Place::Namespace => "namespace",
        Place::Account => "account",
        Place::Component => "component",
        Place::Queue(name) | Place::Container(name) => name,
    };
    let role = right.role.as_deref().unwrap_or_default();
    let found = ROLES.iter().find(|one| one.who == right.who && one.role == role && one.place == place);
    found.unwrap_or_else(|| panic!("nobody says what needs {right:?}"))
}

/// Actions of the worker's role for which the demo and the storm have no call, and what needs them; [`crate::optional`] plays it.
pub(crate) const UNPLAYED: [(&str, &str); 4] = [
    (
        "Microsoft.Authorization/policySetDefinitions/versions/read",
        "the call, for an initiative that is pinned to an older version",
    ),
    ("Microsoft.PolicyInsights/policyStates/queryResults/read", "nothing, but Resource Graph shows no states"),
    ("Microsoft.PolicyInsights/remediations/cancel/action", "the call, for `pause --cancel-tasks`"),
    ("Microsoft.PolicyInsights/remediations/delete", "the call, for finished tasks, with `KEEP_TASKS_FOR`"),
];

#[test]
fn each_role_of_the_templates_is_one_that_something_needs_and_none_of_the_list_is_of_no_template() {
    let given: BTreeSet<Held> =
        ["default", "all-options", "private-network", "to-function"].into_iter().flat_map(held).collect();
    let mut said: Vec<_> = given.iter().map(|right| std::ptr::from_ref(of_role(right))).collect();
    said.sort_unstable();
    said.dedup();
    assert_eq!(said.len(), ROLES.len(), "{given:?}");
}

const DOCUMENT: &str = "docs/deployment.md";
const BEGIN: &str = "<!-- refusals: made by `UPDATE_DOCS=1 cargo test --test infra proof` -->\n";
const END: &str = "<!-- end of refusals -->\n";

fn list() -> String {
    let mut text = String::from("| without | what is refused, or needs it |\n|---|---|\n");
    for one in &ROLES {
        let who = match one.who {
            Who::Worker => "worker",
            Who::Topic => "topic",
            Who::People => "people on call",
        };
        let role = if one.role.is_empty() { "the role of its own" } else { one.role };
        let needs = match one.needs {
            Needs::Call(action, "") => format!("`{action}`, and each other call to Resource Manager"),
            Needs::Call(action, place) => format!("`{action}` at `{place}`"),
            Needs::Command(command, action, _) => format!("`{action}`, of the command `{command}`"),
            Needs::Platform(why) => why.to_owned(),
        };
        text += &format!("| {who}: {role} at {} | {needs} |\n", one.place);
    }
    for action in role_actions("all-options") {
        let unplayed = UNPLAYED.iter().find(|(known, _)| *known == action);
        let needs = unplayed.map_or_else(|| "the call that has this action".to_owned(), |(_, why)| (*why).to_owned());
        text += &format!("| worker: `{action}` | {needs} |\n");
    }
    text
}

#[test]
fn the_list_in_the_document_is_the_one_that_is_tried() {
    let file = path(DOCUMENT);
    let text = fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, format!("{before}{BEGIN}\n{}\n{END}{after}", list())).unwrap();
        return;
    }
    assert_eq!(written.trim(), list().trim(), "UPDATE_DOCS=1 cargo test --test infra proof");
}
