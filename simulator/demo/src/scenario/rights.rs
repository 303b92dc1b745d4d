//! Adds to an estate who may do what, as a scenario says it.

use anyhow::ensure;
use simulator::estate::{ArmId, Estate};
use simulator::rights::{Authorization, Delegation, DenyAssignment, Permission, RoleAssignment, RoleDefinition};

use super::format::Rights;
use crate::rights::{RESOURCE_POLICY_CONTRIBUTOR, WORKER};

/// The tenant of all customers.
const CUSTOMER: &str = "9d2c1a4e-7b1f-4d51-9b7e-3f6f2f5b8c11";
/// The first part of the names of what is made here.
const NAME: &str = "a5000000-0000-4000-8000-";

/// Adds what is said.
///
/// # Errors
/// When it names what is not there.
pub(super) fn enter(estate: Estate, said: &Rights) -> anyhow::Result<Estate> {
    // Who acts for an assignment is known once those without roles have identities of their own.
    let mut estate = estate.with_roles_of_identities();
    let mut access = std::mem::take(&mut estate.access);
    for role in &said.roles {
        let known = RoleDefinition::custom(&role.id, &role.name, "");
        access = access.with_role(role.permissions.iter().fold(known, |known, element| {
            known.with_permission(Permission::actions(&texts(&element.actions)).without(&texts(&element.not_actions)))
        }));
    }
    for given in &said.assigned {
        let at = given.at.trim_end_matches('/');
        let grant = RoleAssignment::new(at, &given.role, &principal(&estate, &given.to));
        access = access.with_grant(match &given.condition {
            Some(condition) => grant.with_condition(condition),
            None => grant,
        });
    }
    for group in &said.groups {
        let members: Vec<_> = group.members.iter().map(|member| principal(&estate, member)).collect();
        access = access.with_group(&group.id, &texts(&members));
    }
    for (place, denied) in said.denied.iter().enumerate() {
        let name = format!("{NAME}{place:012}");
        let takes = Permission::actions(&["*/write", "*/delete"]);
        let denial = DenyAssignment::new(&name, &denied.name, denied.at.as_str(), takes);
        let spared = denied.except.iter().map(|one| principal(&estate, one));
        access = access.with_denial(spared.fold(denial, |denial, one| denial.except(&one)));
    }
    let home = estate.home_tenant.clone();
    for (place, delegated) in said.delegated.iter().enumerate() {
        let at = ArmId::new(&delegated.at);
        let of = |id: &str| at.subscription().is_some_and(|wanted| wanted.eq_ignore_ascii_case(id));
        let mut found = false;
        for subscription in estate.subscriptions.iter_mut().filter(|one| of(&one.id)) {
            found = true;
            CUSTOMER.clone_into(&mut subscription.tenant);
            subscription.managed_by = vec![home.clone()];
        }
        ensure!(found, "rights: there is no subscription of {}", delegated.at);
        let mut delegation = Delegation::new(&format!("{NAME}{:012}", 100 + place), "Policy remediation", at, &home)
            .with(Authorization::new(WORKER, "Policy remediator", RESOURCE_POLICY_CONTRIBUTOR));
        if !delegated.grantable.is_empty() {
            let line = Authorization::to_grant(WORKER, "Policy remediator", &texts(&delegated.grantable));
            delegation = delegation.with(line);
        }
        access = access.with_delegation(delegation);
    }
    Ok(estate.with_access(access))
}

fn texts(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

/// Who is meant: the identity of an assignment, or the id itself.
fn principal(estate: &Estate, named: &str) -> String {
    let assignment = estate.assignment(&ArmId::new(named));
    let own = assignment.and_then(|one| one.identity.principal());
    own.unwrap_or(named).to_owned()
}
