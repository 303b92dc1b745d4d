//! The roles that a snapshot gives, to whom and where; and an estate of the local Azure in which the worker has these and no other right.

use std::collections::BTreeSet;

use simulator::estate::{ArmId, Estate};
use simulator::identity::Principal;
use simulator::rights::{Permission, RoleAssignment, container, queue, role_guid};
use simulator_demo::with_rights;

use crate::snapshot::{last, of_type, role_actions, text};

const ADMINISTRATOR: &str = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";

/// Who holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Worker,
    Topic,
    People,
}

/// Where a role holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// What is remediated: subscriptions, or a management group.
    Remediated,
    Namespace,
    Queue(String),
    Account,
    Container(String),
    /// Application Insights.
    Component,
}

/// A role at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Held {
    pub(crate) who: Who,
    /// Its name in `infra/modules/roles.json`; none for the worker's own.
    pub(crate) role: Option<String>,
    pub(crate) place: Place,
}

/// What a snapshot gives.
pub(crate) fn held(name: &str) -> BTreeSet<Held> {
    let roles = built_in();
    let assignments = of_type(name, "Microsoft.Authorization/roleAssignments").into_iter();
    assignments
        .map(|assignment| {
            let of = |member: &str| assignment["properties"][member].as_str().unwrap();
            let who = match (of("principalType"), of("principalId")) {
                ("Group", _) => Who::People,
                (_, principal) if principal.contains("'identity-") => Who::Worker,
                (_, principal) if principal.to_lowercase().contains("topic-") => Who::Topic,
                (kind, principal) => panic!("{name}: whose is {kind} {principal}?"),
            };
            let guid = role_guid(of("roleDefinitionId"));
            let role = roles.iter().find(|(_, known)| *known == guid).map(|(name, _)| name.clone());
            Held { who, role, place: place(assignment["id"].as_str().unwrap()) }
        })
        .collect()
}

/// The built-in roles of the templates: names and GUIDs.
fn built_in() -> Vec<(String, String)> {
    let of: std::collections::BTreeMap<String, String> =
        serde_json::from_str(&text("infra/modules/roles.json")).unwrap();
    of.into_iter().collect()
}

/// The place in the id of a role assignment, which may be one that only Azure can finish.
fn place(id: &str) -> Place {
    if id.starts_with("[subscriptionResourceId") {
        return Place::Remediated;
    }
    let scope = id.split('\'').nth(1).unwrap_or(id).split("/providers/Microsoft.Authorization/").next().unwrap();
    let kinds: Vec<_> = scope.rsplit("/providers/").next().unwrap().split('/').skip(1).step_by(2).collect();
    let name = last(scope).to_owned();
    match kinds.as_slice() {
        ["namespaces"] => Place::Namespace,
        ["namespaces", "queues"] => Place::Queue(name),
        ["storageAccounts"] => Place::Account,
        ["storageAccounts", "blobServices", "containers"] => Place::Container(name),
        ["components"] => Place::Component,
        _ => panic!("what is at {scope}?"),
    }
}

/// The estate with these rights of the snapshot for the worker, and these actions in its own role. `grants` is `GRANT_ROLES`.
pub(crate) fn entitled(
    estate: Estate,
    worker: &Principal,
    rights: &BTreeSet<Held>,
    actions: &BTreeSet<String>,
    grants: Option<&str>,
) -> Estate {
    let mut estate = with_rights(estate, worker, grants);
    let access = &mut estate.access;
    let own = |one: &RoleAssignment| one.principal == worker.object_id;
    let custom = access.roles.last().unwrap().guid.clone();
    let scopes: Vec<ArmId> =
        access.grants.iter().filter(|one| own(one) && one.role == custom).map(|one| one.scope.clone()).collect();
    assert!(!scopes.is_empty(), "the worker of the demo has its role somewhere");
    let granting: Vec<_> = access.grants.iter().filter(|one| own(one) && one.role == ADMINISTRATOR).cloned().collect();
    access.grants.retain(|one| !own(one));
    access.roles.last_mut().unwrap().permissions =
        vec![Permission { actions: actions.iter().cloned().collect(), ..Permission::default() }];
    for right in rights {
        access.grants.extend(match (&right.place, &right.role) {
            (Place::Remediated, None) => {
                scopes.iter().map(|at| RoleAssignment::new(at.clone(), &custom, &worker.object_id)).collect()
            }
            // On the condition of the templates, which names the roles.
            (Place::Remediated, Some(_)) => granting.clone(),
            _ => given(right, worker, None),
        });
    }
    estate
}

/// What a built-in role of the snapshot is in the local Azure, for somebody. The namespace is shown at `namespace`, too.
pub(crate) fn given(right: &Held, to: &Principal, namespace: Option<&str>) -> Vec<RoleAssignment> {
    let places = match &right.place {
        Place::Namespace => std::iter::once(queue("")).chain(namespace.map(ArmId::new)).collect(),
        Place::Queue(name) => vec![queue(name)],
        Place::Account => vec![container("")],
        Place::Container(name) => vec![container(name)],
        // The local Azure has none.
        Place::Component => Vec::new(),
        Place::Remediated => panic!("{right:?} is no matter of the default deployment"),
    };
    let roles = built_in();
    let role =
        roles.iter().find(|(known, _)| right.role.as_ref() == Some(known)).unwrap_or_else(|| panic!("{right:?}"));
    places.into_iter().map(|at| RoleAssignment::new(at, &role.1, &to.object_id)).collect()
}

#[test]
fn the_worker_of_the_demo_has_the_rights_of_a_deployment_with_all_options_and_no_other() {
    let worker = Principal::random();
    let estate = with_rights(simulator_demo::estate(time::OffsetDateTime::now_utc()), &worker, Some("r1, r2"));
    let custom = estate.access.roles.iter().find(|role| !role.built_in).unwrap();
    let actions: BTreeSet<_> = custom.permissions.iter().flat_map(|one| one.actions.iter().cloned()).collect();
    assert_eq!(actions, role_actions("all-options"));
    let own: Vec<_> = estate.access.grants.iter().filter(|one| one.principal == worker.object_id).collect();
    let at = |role: &str| {
        own.iter().filter(|one| one.role == role).map(|one| one.scope.lower().to_owned()).collect::<BTreeSet<_>>()
    };
    let remediated = at(&custom.guid);
    let mut expected = BTreeSet::new();
    for right in held("all-options").iter().filter(|right| right.who == Who::Worker) {
        match (&right.place, &right.role) {
            (Place::Remediated, None) => {}
            (Place::Remediated, Some(_)) => assert_eq!(at(ADMINISTRATOR), remediated, "what is granted on a condition"),
            _ => expected
                .extend(given(right, &worker, None).into_iter().map(|one| (one.scope.lower().to_owned(), one.role))),
        }
    }
    let of_services = own.iter().filter(|one| one.role != custom.guid && one.role != ADMINISTRATOR);
    assert_eq!(
        of_services.map(|one| (one.scope.lower().to_owned(), one.role.clone())).collect::<BTreeSet<_>>(),
        expected
    );
    let condition = own.iter().find_map(|one| one.condition.as_deref()).unwrap();
    assert!(condition.contains("GuidEquals {r1, r2}") && !condition.contains("ROLES"), "{condition}");
}
