//! Spellings, nesting, and rights that others have.

use super::*;

pub(super) fn of_more() -> Vec<Case> {
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
