//! At home, where an absent role is certainly missing.

use super::*;

pub(super) fn of_home() -> Vec<Case> {
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
