//! The diagnosis of an identity's rights, case by case.

use std::collections::BTreeMap;

use super::*;
use crate::fact::Found;
use crate::fixture::now;
use crate::id::fold;

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

fn of_home() -> Vec<Case> {
    let group = format!("{SUB}/resourceGroups/other");
    let below = format!("{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a");
    let none: fn(&mut Rights) = |_| {};
    vec![
        case("nothing asked for", &[], vec![], none, Standing::Granted),
        case("present", &[TAGS], vec![assigned(SUB, TAGS)], none, Standing::Granted),
        case("missing", &[TAGS], vec![], none, missing(&[TAGS])),
        case("one of two is missing", &[TAGS, LOGS], vec![assigned(SUB, TAGS)], none, missing(&[LOGS])),
        case("both are missing, in their order", &[TAGS, LOGS], vec![], none, missing(&[TAGS, LOGS])),
        case("wrong scope", &[TAGS], vec![assigned(&group, TAGS)], none, missing(&[TAGS])),
        case("the trap of what lies below", &[TAGS], vec![assigned(&below, TAGS)], none, missing(&[TAGS])),
        case("another subscription", &[TAGS], vec![assigned("/subscriptions/other", TAGS)], none, missing(&[TAGS])),
        case("inherited from above", &[TAGS], vec![assigned("/", TAGS)], none, Standing::Granted),
        case(
            "at a management group only",
            &[TAGS],
            vec![assigned("/providers/Microsoft.Management/managementGroups/contoso", TAGS)],
            none,
            Standing::Granted,
        ),
        case(
            "through a group, as the service matched it",
            &[TAGS],
            vec![RoleAssignment { principal: GROUP.to_owned(), ..assigned(SUB, TAGS) }],
            none,
            Standing::Granted,
        ),
        case("a superset", &[TAGS], vec![assigned(SUB, CONTRIBUTOR)], none, Standing::Granted),
        case("a smaller role", &[CONTRIBUTOR], vec![assigned(SUB, OWNER)], none, Standing::Granted),
        case("far too small", &[TAGS], vec![assigned(SUB, LOGS)], none, missing(&[TAGS])),
        case(
            "a custom role that has all",
            &[TAGS],
            vec![assigned(SUB, CUSTOM)],
            |rights| custom(rights, vec![element(&["microsoft.resources/*", "Microsoft.Insights/*"], &[])]),
            Standing::Granted,
        ),
        case(
            "two elements that have all together",
            &[TAGS],
            vec![assigned(SUB, CUSTOM)],
            |rights| {
                custom(rights, vec![element(&["Microsoft.Resources/*"], &[]), element(&["Microsoft.Insights/*"], &[])])
            },
            Standing::Granted,
        ),
        case(
            "taken away in the other element",
            &[TAGS],
            vec![assigned(SUB, CUSTOM)],
            |rights| custom(rights, vec![element(&["*"], &[]), element(&["*/read"], &["Microsoft.Resources/tags/*"])]),
            Standing::Granted,
        ),
        case(
            "taken away in the same element",
            &[TAGS],
            vec![assigned(SUB, CUSTOM)],
            |rights| custom(rights, vec![element(&["*"], &["Microsoft.Resources/tags/delete"])]),
            uncertain(&[Doubt::Overlap(id(TAGS))], &[TAGS]),
        ),
        case(
            "wholly taken away in the same element",
            &[TAGS],
            vec![assigned(SUB, CUSTOM)],
            |rights| custom(rights, vec![element(&["*"], &["Microsoft.Resources/*"])]),
            missing(&[TAGS]),
        ),
        case(
            "a custom role that cannot be read",
            &[TAGS],
            vec![assigned(SUB, CUSTOM)],
            none,
            uncertain(&[Doubt::Unreadable(format!("what the role {CUSTOM} allows"))], &[TAGS]),
        ),
        case(
            "a required role that cannot be read, and is assigned",
            &[CUSTOM],
            vec![assigned(SUB, CUSTOM)],
            none,
            Standing::Granted,
        ),
        case(
            "a required role that cannot be read, and nothing is assigned",
            &[CUSTOM],
            vec![],
            none,
            missing(&[CUSTOM]),
        ),
        case(
            "on a condition",
            &[TAGS],
            vec![RoleAssignment { has_condition: true, ..assigned(SUB, TAGS) }],
            none,
            uncertain(&[Doubt::Condition(id(TAGS))], &[TAGS]),
        ),
        case(
            "a larger role on a condition",
            &[TAGS],
            vec![RoleAssignment { has_condition: true, ..assigned(SUB, CONTRIBUTOR) }],
            none,
            uncertain(&[Doubt::Condition(id(CONTRIBUTOR))], &[TAGS]),
        ),
        case(
            "a condition beside the same without",
            &[TAGS],
            vec![RoleAssignment { has_condition: true, ..assigned(SUB, TAGS) }, assigned("/", TAGS)],
            none,
            Standing::Granted,
        ),
        case(
            "a deny assignment above",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| rights.denials = Found::There(vec![denial(SUB)]),
            uncertain(&[Doubt::Denied("Stack".to_owned())], &[]),
        ),
        case(
            "a deny assignment that leaves the identity out",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| {
                rights.denials = Found::There(vec![Denial { excluded: vec![ME.to_owned()], ..denial(SUB) }]);
            },
            Standing::Granted,
        ),
        case(
            "missing, and denied: the missing role is told",
            &[TAGS],
            vec![],
            |rights| rights.denials = Found::There(vec![denial(SUB)]),
            missing(&[TAGS]),
        ),
        case(
            "role assignments cannot be read",
            &[TAGS],
            vec![],
            |rights| rights.assignments = Found::Unreadable("AuthorizationFailed".to_owned()),
            uncertain(&[Doubt::Unreadable("the role assignments: AuthorizationFailed".to_owned())], &[TAGS]),
        ),
        case(
            "the definition cannot be read",
            &[TAGS],
            vec![],
            |rights| rights.required = Found::Unreadable("AuthorizationFailed".to_owned()),
            uncertain(&[Doubt::Unreadable("the policy definition: AuthorizationFailed".to_owned())], &[]),
        ),
        case(
            "nobody knows who the identity is",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| rights.principal = None,
            uncertain(&[Doubt::Unreadable("the identity of the assignment".to_owned())], &[TAGS]),
        ),
    ]
}

fn of_delegated() -> Vec<Case> {
    let other = || RoleAssignment { principal: GROUP.to_owned(), ..assigned(SUB, TAGS) };
    vec![
        case("delegated, present", &[TAGS], vec![assigned(SUB, TAGS)], delegated, Standing::Granted),
        case("delegated, a superset", &[TAGS], vec![assigned(SUB, CONTRIBUTOR)], delegated, Standing::Granted),
        case("delegated, not seen", &[TAGS], vec![], delegated, uncertain(&[Doubt::Unseen(id(TAGS))], &[TAGS])),
        case(
            "delegated, another principal's",
            &[TAGS],
            vec![other()],
            delegated,
            uncertain(&[Doubt::Unseen(id(TAGS))], &[TAGS]),
        ),
        case(
            "delegated, one of two is seen",
            &[TAGS, LOGS],
            vec![assigned(SUB, LOGS)],
            delegated,
            uncertain(&[Doubt::Unseen(id(TAGS))], &[TAGS]),
        ),
        case(
            "delegated, below only",
            &[TAGS],
            vec![assigned(&format!("{SUB}/resourceGroups/x"), TAGS)],
            delegated,
            uncertain(&[Doubt::Unseen(id(TAGS))], &[TAGS]),
        ),
        case(
            "delegated, on a condition",
            &[TAGS],
            vec![RoleAssignment { has_condition: true, ..assigned(SUB, TAGS) }],
            delegated,
            uncertain(&[Doubt::Condition(id(TAGS))], &[TAGS]),
        ),
        case("nobody's, present", &[TAGS], vec![assigned(SUB, TAGS)], unknown, Standing::Granted),
        case("nobody's, not seen", &[TAGS], vec![], unknown, uncertain(&[Doubt::Unseen(id(TAGS))], &[TAGS])),
        case(
            "nobody's, through a group",
            &[TAGS],
            vec![RoleAssignment { principal: GROUP.to_owned(), ..assigned(SUB, TAGS) }],
            unknown,
            Standing::Granted,
        ),
        case(
            "delegated, in capitals",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| {
                delegated(rights);
                rights.principal = Some(ME.to_uppercase());
            },
            Standing::Granted,
        ),
    ]
}

const IDENTITIES: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/resourcegroups/built-in-identity-rg";

/// The policy assigns identities, and this is there at their group.
fn at_identity(rights: &mut Rights, assignments: Vec<RoleAssignment>) {
    rights.preauthorised = Some(Preauthorised { scope: IDENTITIES.to_owned(), assignments: Found::There(assignments) });
}

/// What the two built-in policies that assign identities ask for, as their JSON lists it.
const ASSIGNS: [&str; 2] = [CONTRIBUTOR, ACCESS];

fn of_identity_policies() -> Vec<Case> {
    let contributor = || vec![assigned(SUB, CONTRIBUTOR)];
    vec![
        case(
            "identities: all is authorised before",
            &ASSIGNS,
            contributor(),
            |rights| {
                at_identity(rights, vec![assigned(IDENTITIES, ACCESS)]);
            },
            Standing::Granted,
        ),
        case(
            "identities: nobody may lock them",
            &ASSIGNS,
            contributor(),
            |rights| {
                at_identity(rights, vec![]);
            },
            missing(&[ACCESS]),
        ),
        case(
            "identities: from the subscription",
            &ASSIGNS,
            vec![assigned(SUB, CONTRIBUTOR), assigned(SUB, ACCESS)],
            |rights| {
                at_identity(rights, vec![]);
            },
            Standing::Granted,
        ),
        case(
            "identities: at another group",
            &ASSIGNS,
            contributor(),
            |rights| {
                at_identity(rights, vec![assigned(&format!("{SUB}/resourceGroups/other"), ACCESS)]);
            },
            missing(&[ACCESS]),
        ),
        case(
            "identities: a larger role at their group",
            &ASSIGNS,
            contributor(),
            |rights| {
                at_identity(rights, vec![assigned(IDENTITIES, OWNER)]);
            },
            Standing::Granted,
        ),
        case(
            "identities: Contributor at their group is not enough",
            &ASSIGNS,
            vec![],
            |rights| {
                at_identity(rights, vec![assigned(IDENTITIES, CONTRIBUTOR), assigned(IDENTITIES, ACCESS)]);
            },
            missing(&[CONTRIBUTOR]),
        ),
        case(
            "identities: nothing at all, in the order of the JSON",
            &ASSIGNS,
            vec![],
            |rights| {
                at_identity(rights, vec![]);
            },
            missing(&ASSIGNS),
        ),
        case(
            "identities: their group cannot be read",
            &ASSIGNS,
            contributor(),
            |rights| {
                let assignments = Found::Unreadable("AuthorizationFailed".to_owned());
                rights.preauthorised = Some(Preauthorised { scope: IDENTITIES.to_owned(), assignments });
            },
            uncertain(&[Doubt::Unreadable(format!("the role assignments at {IDENTITIES}"))], &[ACCESS]),
        ),
        case(
            "identities: on a condition",
            &ASSIGNS,
            contributor(),
            |rights| {
                at_identity(rights, vec![RoleAssignment { has_condition: true, ..assigned(IDENTITIES, ACCESS) }]);
            },
            uncertain(&[Doubt::Condition(id(ACCESS))], &[ACCESS]),
        ),
        case(
            "identities: the operator's role at their group",
            &[OPERATOR],
            vec![],
            |rights| {
                at_identity(rights, vec![assigned(IDENTITIES, OPERATOR)]);
            },
            Standing::Granted,
        ),
        case(
            "identities: another policy does not look there",
            &[OPERATOR],
            vec![],
            |rights| {
                rights.preauthorised = None;
            },
            missing(&[OPERATOR]),
        ),
        case(
            "identities: delegated, not seen",
            &ASSIGNS,
            contributor(),
            |rights| {
                delegated(rights);
                at_identity(rights, vec![]);
            },
            uncertain(&[Doubt::Unseen(id(ACCESS))], &[ACCESS]),
        ),
        case(
            "identities: delegated, another principal's",
            &ASSIGNS,
            contributor(),
            |rights| {
                delegated(rights);
                at_identity(
                    rights,
                    vec![RoleAssignment { principal: GROUP.to_owned(), ..assigned(IDENTITIES, ACCESS) }],
                );
            },
            uncertain(&[Doubt::Unseen(id(ACCESS))], &[ACCESS]),
        ),
    ]
}

fn of_more() -> Vec<Case> {
    let none: fn(&mut Rights) = |_| {};
    let group = || "/providers/Microsoft.Management/managementGroups/theirs";
    vec![
        case(
            "a role that can give rights is asked for, and missing",
            &[OWNER],
            vec![assigned(SUB, TAGS)],
            none,
            missing(&[OWNER]),
        ),
        case(
            "a role that can give rights is asked for, and there",
            &[OWNER],
            vec![assigned(SUB, OWNER)],
            none,
            Standing::Granted,
        ),
        case(
            "the pinned version asks for nothing",
            &[TAGS],
            vec![],
            |rights| rights.required = Found::There(vec![]),
            Standing::Granted,
        ),
        case(
            "the pinned version asks for another role",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| {
                rights.required = Found::There(vec![id(LOGS)]);
            },
            missing(&[LOGS]),
        ),
        case(
            "the pinned version cannot be read",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| {
                rights.required = Found::Unreadable("version 1.*.* cannot be named".to_owned());
            },
            uncertain(&[Doubt::Unreadable("the policy definition: version 1.*.* cannot be named".to_owned())], &[]),
        ),
        case(
            "the definition is gone",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| rights.required = Found::Gone,
            uncertain(&[Doubt::Unreadable("the policy definition is gone".to_owned())], &[]),
        ),
        case(
            "one of two on a condition, the other missing",
            &[TAGS, LOGS],
            vec![RoleAssignment { has_condition: true, ..assigned(SUB, TAGS) }],
            none,
            missing(&[LOGS]),
        ),
        case(
            "data actions are another matter",
            &[CUSTOM],
            vec![assigned(SUB, CONTRIBUTOR)],
            |rights| {
                let data =
                    Permission { data_actions: vec!["Microsoft.Storage/*/read".to_owned()], ..Permission::default() };
                custom(rights, vec![data]);
            },
            missing(&[CUSTOM]),
        ),
        case(
            "a custom role is asked for, and a superset is there",
            &[CUSTOM],
            vec![assigned(SUB, CONTRIBUTOR)],
            |rights| {
                custom(rights, vec![element(&["Microsoft.Resources/tags/write"], &[])]);
            },
            Standing::Granted,
        ),
        case(
            "a denial that stops at its own scope, above",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| {
                rights.denials = Found::There(vec![Denial {
                    only_there: true,
                    ..denial("/providers/Microsoft.Management/managementGroups/contoso")
                }]);
            },
            Standing::Granted,
        ),
        case(
            "two denials, each by its name",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| {
                let other = Denial { name: "Managed".to_owned(), principals: vec![ME.to_owned()], ..denial(SUB) };
                rights.denials = Found::There(vec![denial(SUB), other]);
            },
            uncertain(&[Doubt::Denied("Stack".to_owned()), Doubt::Denied("Managed".to_owned())], &[]),
        ),
        case(
            "denials cannot be read",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| {
                rights.denials = Found::Unreadable("AuthorizationFailed".to_owned());
            },
            Standing::Granted,
        ),
        case(
            "a tenant's root group, in another spelling",
            &[TAGS],
            vec![assigned(&group().to_uppercase(), TAGS)],
            none,
            Standing::Granted,
        ),
        case(
            "delegated, a custom role that cannot be read",
            &[TAGS],
            vec![assigned(SUB, CUSTOM)],
            delegated,
            uncertain(&[Doubt::Unreadable(format!("what the role {CUSTOM} allows"))], &[TAGS]),
        ),
        case(
            "delegated, an inherited initiative that the subscription's list does not have",
            &[TAGS],
            vec![],
            |rights| {
                delegated(rights);
                rights.required = Found::Unreadable("it is not among those that the subscription lists".to_owned());
            },
            uncertain(
                &[Doubt::Unreadable(
                    "the policy definition: it is not among those that the subscription lists".to_owned(),
                )],
                &[],
            ),
        ),
        case(
            "delegated, role assignments cannot be read",
            &[TAGS],
            vec![],
            |rights| {
                delegated(rights);
                rights.assignments = Found::Gone;
            },
            uncertain(&[Doubt::Unreadable("the role assignments are not found".to_owned())], &[TAGS]),
        ),
    ]
}

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
