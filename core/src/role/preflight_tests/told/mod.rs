//! What comes of each diagnosis, word for word: what is granted, what parks the target, and what is told of what goes ahead.

mod delegated;
mod home;

use super::*;
use crate::fixture::target;
use crate::id::Target;
use crate::wave::authorised::{Authority, authority};

use delegated::in_delegated;
use home::at_home;

const SHARED: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/resourcegroups/shared/providers/microsoft.managedidentity/userassignedidentities/policy";

/// One situation: what was read, `GRANT_ROLES`, and what comes of it.
struct Told {
    name: &'static str,
    case: Case,
    allowed: &'static [&'static str],
    expected: String,
}

fn told(
    name: &'static str,
    required: &[&'static str],
    assigned: Vec<RoleAssignment>,
    change: fn(&mut Rights),
    allowed: &'static [&'static str],
    expected: impl Into<String>,
) -> Told {
    // The diagnosis has a table of its own.
    Told { name, case: case(name, required, assigned, change, Standing::Granted), allowed, expected: expected.into() }
}

/// The command that people run.
fn command(role: &str, place: &str) -> String {
    format!(
        "az role assignment create --assignee-object-id '{ME}' --assignee-principal-type ServicePrincipal --role {role} --scope '{place}'"
    )
}

/// What comes of it, in words.
fn said(one: &Told) -> String {
    let allowed: Vec<_> = one.allowed.iter().map(|role| id(role)).collect();
    let target = Target { scope: SUB.parse().unwrap(), ..target() };
    let rights = rights(&one.case);
    match authority(&rights, &target, &allowed, false) {
        Authority::Full => "all".to_owned(),
        Authority::Canary(hint) => format!("one ahead: {hint}"),
        Authority::Park(cause) => format!("park: {} | {}", cause.words, cause.hint.unwrap_or_default()),
        Authority::Grant(grants) => {
            let one = |grant: &Grant| {
                assert_eq!(grant.principal, ME);
                let through = grant.delegated_resource.as_ref().map(|holder| format!(" through {holder}"));
                format!("grant {} at {}{}", grant.role, grant.scope, through.unwrap_or_default())
            };
            grants.iter().map(one).collect::<Vec<_>>().join("; ")
        }
    }
}

#[test]
fn each_diagnosis_has_its_exact_words_and_command() {
    for one in at_home().into_iter().chain(in_delegated()) {
        assert_eq!(said(&one), one.expected, "{}", one.name);
    }
}

#[test]
fn where_a_group_alone_is_delegated_the_role_is_granted_there() {
    let group = format!("{SUB}/resourceGroups/app");
    let one = told("", &[TAGS], vec![], delegated, &[TAGS], "");
    let target = Target { scope: group.parse().unwrap(), ..target() };
    let found = authority(&rights(&one.case), &target, &[id(TAGS)], false);
    let Authority::Grant(grants) = found else { panic!("{found:?}") };
    assert_eq!(grants.iter().map(|grant| grant.scope.clone()).collect::<Vec<_>>(), [fold(&group)]);
}
