//! What the service may answer to a grant, each on the wire with rights that are enforced: what becomes of the role, and of the target.

use std::time::Duration;

use simulator::Service;
use simulator::estate::{Assignment, Estate};
use simulator::faults::{Kind, Rule, Which};
use simulator::rights::{Authorization, LockLevel, RoleAssignment};
use time::OffsetDateTime;

use crate::delegated::{CUSTOMER, delegated};
use crate::rights::CONTRIBUTOR;
use crate::stage::{DEFINITION, Stage, land, record, subscription, until};

const ADMINISTRATOR: &str = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";
const OTHER_TENANT: &str = "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const RESOURCES: usize = 2;
/// How long an identity is new to the directory, and to another tenant.
const NEW: Duration = Duration::from_secs(5);

fn scope() -> String {
    format!("/subscriptions/{}", subscription(0))
}

/// An assignment whose identity lacks the role that the worker may grant, in a subscription of our own or a customer's.
async fn poor(change: impl FnOnce(Estate) -> Estate, is_customers: bool, settings: &[(&str, &str)]) -> Stage {
    let assigned = Assignment::new(&scope(), "Poor", DEFINITION).with_system_identity("p", "t", "westeurope");
    let estate = if is_customers { delegated(land(1)) } else { land(1) };
    let estate = change(estate.with_assignment(assigned.without_roles()));
    let estate = (0..RESOURCES).fold(estate, |estate, place| estate.with_record(record(0, place, "Poor")));
    let base = [("GRANT_ROLES", CONTRIBUTOR), ("FACTS_TTL", "1ms")];
    let stage = Stage::with_rights(estate, &[&base, settings].concat()).await;
    if is_customers {
        let worker = stage.azure.identity().identities().system_assigned.clone().unwrap();
        let line = Authorization::to_grant(&worker.object_id, "Policy remediator", &[CONTRIBUTOR]);
        stage.manager.amends(|estate| estate.access.delegations[0].authorizations.push(line));
    }
    stage
}

/// The identity is new.
fn new(mut estate: Estate) -> Estate {
    for assignment in &mut estate.assignments {
        assignment.identity_since = Some(OffsetDateTime::now_utc());
    }
    (estate.access.lag.directory, estate.access.lag.across_tenants) = (NEW, NEW);
    estate
}

fn answer(status: u16, body: &'static str) -> Kind {
    Kind::Answer { status, body }
}

impl Stage {
    /// One role assignment for the identity is made, or was there, and through the resource that holds it or not, after so many answers that
    /// it is too early.
    async fn is_granted(&self, what: &str, made: (usize, bool), before: usize) {
        self.deliver_all().await;
        self.told("role_granted", 1).await;
        assert_eq!(self.logged("role_not_granted_yet").len(), before, "{what}");
        assert_eq!(self.logged("target_parked").len(), 0, "{what}");
        let found = self.made();
        let is_through = found.iter().any(|one| one.delegated_identity.is_some());
        assert_eq!((found.len(), is_through), made, "{what}: {found:?}");
    }

    /// The same, and all is fixed.
    async fn goes_on(self, what: &str, made: (usize, bool), before: usize) {
        self.is_granted(what, made, before).await;
        // What was granted is looked at again after half a minute.
        until(what, || self.count("fixed") == RESOURCES).await;
        assert_eq!((self.logged("role_granted").len(), self.logged("target_parked").len()), (1, 0), "{what}");
        self.at_rest().await;
    }

    /// The target is parked with these words of the service, and no task was opened.
    async fn parks_with(self, words: &str) {
        self.deliver_all().await;
        let parked = self.told("target_parked", 1).await;
        assert_eq!(parked[0]["reason"], "missingPermission", "{parked:?}");
        let (told, hint) = (parked[0]["words"].as_str().unwrap(), parked[0]["hint"].as_str().unwrap());
        assert!(told.contains("could not be granted to") && told.contains(words), "{words}: {told}");
        assert!(hint.contains("az role assignment create") && hint.contains(CONTRIBUTOR), "{hint}");
        assert_eq!((self.made().len(), self.manager.tasks().len()), (0, 0), "{words}");
        assert_eq!(self.logged("role_not_granted").len(), 1, "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_or_not_known_everywhere_yet_is_granted_in_the_end() {
    let exists = async {
        // Somebody granted it a moment ago: a list that is behind does not show it.
        let stage = poor(|estate| estate, false, &[]).await;
        stage.manager.amends(|estate| {
            let poor = estate.assignments.iter().find(|one| one.id.name() == "Poor").unwrap();
            let grant = RoleAssignment::new(scope(), CONTRIBUTOR, poor.identity.principal().unwrap());
            estate.access.grants.push(grant);
        });
        let behind = Rule::new("list", Service::ResourceManager, Which::First(1), answer(200, r#"{"value":[]}"#));
        stage.azure.faults().add(behind.method("GET").path_contains("roleAssignments"));
        stage.goes_on("409 RoleAssignmentExists", (0, false), 0).await;
    };
    let unknown = async {
        poor(new, false, &[]).await.goes_on("400 PrincipalNotFound", (1, false), 1).await;
    };
    let unlinked = async {
        poor(new, true, &[]).await.goes_on("403 LinkedAuthorizationFailed", (1, true), 1).await;
    };
    let without = async {
        // It takes its own tenant for another's, and nobody tells what it may grant there.
        let stage = poor(|estate| estate, false, &[("HOME_TENANT_ID", OTHER_TENANT)]).await;
        let refused = answer(403, r#"{"error":{"code":"AuthorizationFailed","message":"no"}}"#);
        let unread = Rule::new("registrations", Service::ResourceManager, Which::Always, refused);
        stage.azure.faults().add(unread.path_contains("registrationAssignments"));
        stage.goes_on("400 that names the property", (1, false), 0).await;
    };
    let with = async {
        // It takes a customer's tenant for its own, and so it sees none of the customer's role assignments for long.
        let stage = poor(|estate| estate, true, &[("HOME_TENANT_ID", CUSTOMER)]).await;
        stage.is_granted("403 of the condition, without the property", (1, true), 0).await;
    };
    tokio::join!(exists, unknown, unlinked, without, with);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_refuses_for_good_parks_the_target_with_its_words_and_the_command() {
    let of_worker = |change: fn(&mut RoleAssignment) -> bool| async move {
        let stage = poor(|estate| estate, false, &[]).await;
        let worker = stage.azure.identity().identities().system_assigned.clone().unwrap();
        stage.manager.amends(|estate| {
            let is_other = |one: &RoleAssignment| one.principal != worker.object_id || one.role != ADMINISTRATOR;
            estate.access.grants.retain_mut(|one| is_other(one) || change(one));
        });
        stage
    };
    let no_right = async {
        of_worker(|_| false).await.parks_with("does not have authorization to perform action").await;
    };
    let not_in_the_condition = async {
        let narrowed = of_worker(|one| {
            let other = "4a9ae827-6dc8-4573-8ac7-8239d42aa03f";
            one.condition = one.condition.take().map(|text| text.replace(CONTRIBUTOR, other));
            true
        });
        narrowed.await.parks_with("ABAC condition").await;
    };
    let locked = async {
        let lock = |mut estate: Estate| {
            estate.access = estate.access.with_lock(scope().as_str(), LockLevel::ReadOnly);
            estate
        };
        poor(lock, false, &[]).await.parks_with("ScopeLocked").await;
    };
    tokio::join!(no_right, not_in_the_condition, locked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_a_person_gives_lets_a_parked_target_go_on_by_itself() {
    // Roles of parked targets are looked at rarely; the end of the park is another moment at which they are.
    let stage = poor(|estate| estate, false, &[("GRANT_ROLES", ""), ("PARK_FOR", "2s")]).await;
    stage.deliver_all().await;
    let parked = stage.told("target_parked", 1).await;
    assert_eq!((stage.manager.tasks().len(), stage.calls("grantRole")), (0, 0));
    // Just what the record says: the role, the scope and the principal of its command.
    let command = parked[0]["hint"].as_str().unwrap();
    let after = |option: &str| {
        let (_, rest) = command.split_once(option).unwrap_or_else(|| panic!("{option}: {command}"));
        rest.split_whitespace().next().unwrap().trim_matches('\'').to_owned()
    };
    let grant = RoleAssignment::new(after("--scope ").as_str(), &after("--role "), &after("--assignee-object-id "));
    stage.manager.amends(|estate| estate.access.grants.push(grant));
    until("all is fixed", || stage.count("fixed") == RESOURCES).await;
    stage.at_rest().await;
}
