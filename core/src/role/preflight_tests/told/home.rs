//! At home.

use super::*;
use crate::document::ParkReason;

fn lacks(place: &str, names: &str) -> String {
    let assignment = target().policy_assignment_id;
    format!("park: the identity {ME} of policy assignment {assignment} lacks at {place}: {names} | ")
}

pub(super) fn at_home() -> Vec<Told> {
    let none: fn(&mut Rights) = |_| {};
    let tags = format!("Tag Contributor ({TAGS})");
    let listed = |role: &str| format!(" (or let the worker do it: name {role} in GRANT_ROLES)");
    let conditional = || vec![RoleAssignment { has_condition: true, ..assigned(SUB, TAGS) }];
    vec![
        told("present", &[TAGS], vec![assigned(SUB, TAGS)], none, &[], "all"),
        told("missing", &[TAGS], vec![], none, &[], lacks(SUB, &tags) + "Run: " + &command(TAGS, SUB) + &listed(TAGS)),
        told("missing, and listed", &[TAGS], vec![], none, &[TAGS], format!("grant {TAGS} at {SUB}")),
        told(
            "one of two that are missing is listed",
            &[TAGS, LOGS],
            vec![],
            none,
            &[TAGS],
            lacks(SUB, &format!("{tags}, Log Analytics Contributor ({LOGS})"))
                + "Run: "
                + &command(TAGS, SUB)
                + "; "
                + &command(LOGS, SUB)
                + &listed(LOGS),
        ),
        told(
            "one that can give rights, and is listed",
            &[OWNER],
            vec![],
            none,
            &[OWNER],
            lacks(SUB, &format!("Owner ({OWNER})"))
                + "Run: "
                + &command(OWNER, SUB)
                + &format!(" (Owner ({OWNER}) can give rights, or cannot be read: the worker never grants it)"),
        ),
        told(
            "a custom role that looks like one that can give rights",
            &[CUSTOM],
            vec![],
            |rights| custom(rights, vec![element(&["Microsoft.Authorization/*"], &[])]),
            &[CUSTOM],
            lacks(SUB, &format!("Custom ({CUSTOM})"))
                + "Run: "
                + &command(CUSTOM, SUB)
                + &format!(" (Custom ({CUSTOM}) can give rights, or cannot be read: the worker never grants it)"),
        ),
        told(
            "a custom role that can give none",
            &[CUSTOM],
            vec![],
            |rights| custom(rights, vec![element(&["Microsoft.Resources/tags/*"], &[])]),
            &[CUSTOM],
            format!("grant {CUSTOM} at {SUB}"),
        ),
        told(
            "a custom role that cannot be read",
            &[CUSTOM],
            vec![],
            none,
            &[CUSTOM],
            lacks(SUB, CUSTOM)
                + "Run: "
                + &command(CUSTOM, SUB)
                + &format!(" ({CUSTOM} can give rights, or cannot be read: the worker never grants it)"),
        ),
        told(
            "a user-assigned identity",
            &[TAGS],
            vec![],
            |rights| SHARED.clone_into(&mut rights.holder),
            &[TAGS],
            format!("grant {TAGS} at {SUB}"),
        ),
        told(
            "on a condition",
            &[TAGS],
            conditional(),
            none,
            &[],
            format!(
                "one ahead: Run: {}{} (what could not be told before: role {TAGS} is assigned on a condition)",
                command(TAGS, SUB),
                listed(TAGS)
            ),
        ),
        told("on a condition, and listed", &[TAGS], conditional(), none, &[TAGS], format!("grant {TAGS} at {SUB}")),
        told(
            "on a condition and denied, and listed",
            &[TAGS],
            conditional(),
            |rights| rights.denials = Found::There(vec![denial("/")]),
            &[TAGS],
            format!(
                "one ahead: Run: {} (what could not be told before: deny assignment Stack may stand against it; role {TAGS} is assigned on a condition)",
                command(TAGS, SUB)
            ),
        ),
        told(
            "denied alone: single resources tell",
            &[TAGS],
            vec![assigned(SUB, TAGS)],
            |rights| rights.denials = Found::There(vec![denial("/")]),
            &[],
            "all",
        ),
        told(
            "role assignments that cannot be read, and listed",
            &[TAGS],
            vec![],
            |rights| rights.assignments = Found::Unreadable("no".to_owned()),
            &[TAGS],
            format!("grant {TAGS} at {SUB}"),
        ),
        told(
            "a definition that cannot be read",
            &[TAGS],
            vec![],
            |rights| rights.required = Found::Unreadable("no".to_owned()),
            &[TAGS],
            format!(
                "one ahead: {} (what could not be told before: the policy definition: no cannot be read)",
                ParkReason::MissingPermission.hint()
            ),
        ),
        told(
            "nobody tells whose the subscription is",
            &[TAGS],
            vec![],
            unknown,
            &[],
            format!(
                "one ahead: Run: {}{} (what could not be told before: role {TAGS} is not seen, and not all can be seen there)",
                command(TAGS, SUB),
                listed(TAGS)
            ),
        ),
        told(
            "missing at the place of the identity, and listed",
            &ASSIGNS,
            vec![assigned(SUB, CONTRIBUTOR)],
            |rights| at_identity(rights, vec![]),
            &[ACCESS],
            lacks(IDENTITIES, &format!("User Access Administrator ({ACCESS})"))
                + "Run: "
                + &command(ACCESS, IDENTITIES)
                + &format!(
                    " (User Access Administrator ({ACCESS}) can give rights, or cannot be read: the worker never grants it)"
                ),
        ),
    ]
}
