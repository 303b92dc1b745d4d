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

fn rights(case: &Case) -> Rights {
    let mut rights = Rights {
        home: Home::Ours,
        required: Found::There(case.required.iter().map(|role| id(role)).collect()),
        principal: Some(ME.to_owned()),
        holder: format!("{SUB}/providers/microsoft.authorization/policyassignments/tags"),
        assignments: Found::There(case.assigned.clone()),
        denials: Found::There(Vec::new()),
        definitions: definitions(),
        read_at: now(),
    };
    (case.change)(&mut rights);
    rights
}

#[test]
fn each_case_has_its_exact_diagnosis() {
    let cases: Vec<_> = of_home().into_iter().chain(of_delegated()).collect();
    assert!(cases.len() >= 35, "{}", cases.len());
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
