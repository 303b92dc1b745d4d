//! In subscriptions that are delegated, where not all can be seen.

use super::*;

pub(super) fn of_delegated() -> Vec<Case> {
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
