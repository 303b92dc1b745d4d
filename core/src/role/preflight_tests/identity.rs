//! Policies that change identities (seed 002): what they are authorised for beforehand.

use super::*;

pub(super) fn of_identity_policies() -> Vec<Case> {
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
