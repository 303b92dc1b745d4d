//! The diagnosis of an identity's rights, case by case.

mod delegated;
mod home;
mod identity;
mod more;
mod told;

use std::collections::BTreeMap;

use super::*;
use crate::fact::Found;
use crate::fixture::now;
use crate::id::fold;

use delegated::of_delegated;
use home::of_home;
use identity::of_identity_policies;
use more::of_more;

const ME: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const GROUP: &str = "aaaaaaaa-0000-4000-8000-000000000002";
const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const TAGS: &str = "4a9ae827-6dc8-4573-8ac7-8239d42aa03f";
const LOGS: &str = "92aaf0da-9dab-42b6-94a3-d43ce8d16293";
const CUSTOM: &str = "cccccccc-0000-4000-8000-000000000001";
const ACCESS: &str = USER_ACCESS_ADMINISTRATOR;
const OPERATOR: &str = "f1a07417-d97a-45cb-824c-7a7467783830";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

fn id(role: &str) -> RoleId {
    RoleId::of(role).unwrap()
}

fn element(actions: &[&str], not_actions: &[&str]) -> Permission {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
    Permission { actions: texts(actions), not_actions: texts(not_actions), ..Permission::default() }
}

fn definitions() -> BTreeMap<RoleId, Found<RoleDefinition>> {
    let one = |role: &str, name: &str, permissions: Vec<Permission>| {
        (id(role), Found::There(RoleDefinition { id: id(role), name: name.to_owned(), permissions, is_built_in: true }))
    };
    let not = [
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
    ];
    [
        one(CONTRIBUTOR, "Contributor", vec![element(&["*"], &not)]),
        one(
            TAGS,
            "Tag Contributor",
            vec![element(&["Microsoft.Resources/tags/*", "Microsoft.Insights/alertRules/*"], &[])],
        ),
        one(
            LOGS,
            "Log Analytics Contributor",
            vec![element(&["*/read", "Microsoft.Insights/diagnosticSettings/*"], &[])],
        ),
        one(OWNER, "Owner", vec![element(&["*"], &[])]),
        one(
            ACCESS,
            "User Access Administrator",
            vec![element(&["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"], &[])],
        ),
        one(
            OPERATOR,
            "Managed Identity Operator",
            vec![element(&["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"], &[])],
        ),
    ]
    .into()
}

/// One case: who has what, and what comes of it.
struct Case {
    name: &'static str,
    required: Vec<&'static str>,
    assigned: Vec<RoleAssignment>,
    change: fn(&mut Rights),
    expected: Standing,
}

fn assigned(scope: &str, role: &str) -> RoleAssignment {
    RoleAssignment { scope: fold(scope), role: id(role), principal: ME.to_owned(), has_condition: false }
}

fn missing(roles: &[&str]) -> Standing {
    Standing::Missing(roles.iter().map(|role| id(role)).collect())
}

fn uncertain(doubts: &[Doubt], missing: &[&str]) -> Standing {
    Standing::Uncertain { doubts: doubts.to_vec(), missing: missing.iter().map(|role| id(role)).collect() }
}

fn custom(rights: &mut Rights, permissions: Vec<Permission>) {
    let known = RoleDefinition { id: id(CUSTOM), name: "Custom".to_owned(), permissions, is_built_in: false };
    rights.definitions.insert(id(CUSTOM), Found::There(known));
}

fn delegated(rights: &mut Rights) {
    rights.home = Home::Delegated { grantable: Found::There(vec![id(TAGS)]), worker: None };
}

fn denial(scope: &str) -> Denial {
    Denial {
        name: "Stack".to_owned(),
        scope: fold(scope),
        principals: vec!["00000000-0000-0000-0000-000000000000".to_owned()],
        excluded: Vec::new(),
        only_there: false,
        permissions: vec![element(&["*/write"], &[])],
    }
}

fn case(
    name: &'static str,
    required: &[&'static str],
    assigned: Vec<RoleAssignment>,
    change: fn(&mut Rights),
    expected: Standing,
) -> Case {
    Case { name, required: required.to_vec(), assigned, change, expected }
}

fn unknown(rights: &mut Rights) {
    rights.home = Home::Unknown;
}

const IDENTITIES: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/resourcegroups/built-in-identity-rg";

/// The policy assigns identities, and this is there at their group.
fn at_identity(rights: &mut Rights, assignments: Vec<RoleAssignment>) {
    rights.preauthorised = Some(Preauthorised { scope: IDENTITIES.to_owned(), assignments: Found::There(assignments) });
}

/// What the two built-in policies that assign identities ask for, as their JSON lists it.
const ASSIGNS: [&str; 2] = [CONTRIBUTOR, ACCESS];

#[test]
fn a_policy_that_assigns_identities_deploys_to_the_subscription_whatever_its_task_is_for() {
    let at_group = format!("{SUB}/resourceGroups/rg");
    let case = case(
        "",
        &ASSIGNS,
        vec![assigned(&at_group, CONTRIBUTOR)],
        |rights| {
            at_identity(rights, vec![assigned(IDENTITIES, ACCESS)]);
        },
        Standing::Granted,
    );
    let rights = rights(&case);
    assert_eq!(preflight(&rights, &at_group), missing(&[CONTRIBUTOR]));
    assert_eq!(rights.place_of(&id(CONTRIBUTOR), &at_group), SUB);
    assert_eq!(rights.place_of(&id(ACCESS), &at_group), IDENTITIES);
    let other = Rights { preauthorised: None, ..rights };
    assert_eq!(other.place_of(&id(ACCESS), &at_group), at_group);
}

fn rights(case: &Case) -> Rights {
    let mut rights = Rights {
        home: Home::Ours,
        required: Found::There(case.required.iter().map(|role| id(role)).collect()),
        principal: Some(ME.to_owned()),
        holder: format!("{SUB}/providers/microsoft.authorization/policyassignments/tags"),
        assignments: Found::There(case.assigned.clone()),
        preauthorised: None,
        denials: Found::There(Vec::new()),
        definitions: definitions(),
        read_at: now(),
    };
    (case.change)(&mut rights);
    rights
}

#[test]
fn each_case_has_its_exact_diagnosis() {
    let cases: Vec<_> = [of_home(), of_delegated(), of_identity_policies(), of_more()].into_iter().flatten().collect();
    assert!(cases.len() >= 60, "{}", cases.len());
    for case in cases {
        let rights = rights(&case);
        if let Found::Unreadable(_) = &rights.assignments {
            assert!(case.assigned.is_empty());
        }
        assert_eq!(preflight(&rights, SUB), case.expected, "{}", case.name);
    }
}

#[test]
fn a_grant_is_the_same_one_however_often_it_is_made_and_another_for_anything_else() {
    let case = Case { name: "", required: vec![TAGS], assigned: vec![], change: |_| {}, expected: missing(&[TAGS]) };
    let (home, mut away) = (rights(&case), rights(&case));
    delegated(&mut away);
    let grant = |rights: &Rights, role: &str, scope: &str| Grant::of(rights, &id(role), scope).unwrap();
    let first = grant(&home, TAGS, SUB);
    assert_eq!(first, grant(&home, &TAGS.to_uppercase(), &format!("{}/", SUB.to_uppercase())));
    assert_eq!(first.name.len(), 36);
    assert_eq!(first.delegated_resource, None);
    assert_ne!(first.name, grant(&home, LOGS, SUB).name);
    assert_ne!(first.name, grant(&home, TAGS, &format!("{SUB}/resourceGroups/rg")).name);
    assert_eq!(grant(&away, TAGS, SUB).delegated_resource, Some(away.holder.clone()));
    assert_eq!(grant(&away, TAGS, SUB).name, first.name);
    assert_eq!(Grant::of(&Rights { principal: None, ..home }, &id(TAGS), SUB), None);
}

#[test]
fn only_what_is_listed_and_cannot_give_rights_is_granted() {
    let case = Case { name: "", required: vec![TAGS], assigned: vec![], change: |_| {}, expected: missing(&[TAGS]) };
    let home = rights(&case);
    let of = |rights: &Rights, role: &str, allowed: &[&str]| {
        Grantable::of(rights, &id(role), &allowed.iter().map(|role| id(role)).collect::<Vec<_>>())
    };
    assert_eq!(of(&home, TAGS, &[]), Grantable::NotListed);
    assert_eq!(of(&home, TAGS, &[TAGS]), Grantable::Yes);
    assert_eq!(of(&home, CONTRIBUTOR, &[CONTRIBUTOR]), Grantable::Yes);
    assert_eq!(of(&home, OWNER, &[OWNER]), Grantable::GivesRights);
    assert_eq!(of(&home, CUSTOM, &[CUSTOM]), Grantable::GivesRights, "nobody can tell what it allows");
    let mut away = home.clone();
    delegated(&mut away);
    assert_eq!((of(&away, TAGS, &[TAGS]), of(&away, LOGS, &[LOGS])), (Grantable::Yes, Grantable::NotDelegated));
    away.home = Home::Delegated { grantable: Found::Unreadable(String::new()), worker: None };
    assert_eq!(of(&away, LOGS, &[LOGS]), Grantable::Yes, "the service says so when it is tried");
    custom(&mut away, vec![element(&["Microsoft.Resources/tags/*"], &[])]);
    assert_eq!(of(&away, CUSTOM, &[CUSTOM]), Grantable::NotDelegable, "of people's own");
    let mut look_alike = home;
    custom(&mut look_alike, vec![element(&["Microsoft.Authorization/*"], &[])]);
    assert_eq!(of(&look_alike, CUSTOM, &[CUSTOM]), Grantable::GivesRights);
}
