//! The rights of the demo, enforced: the worker has what its deployment gives it and nothing else, and each identity of an
//! assignment the roles of its policies, except where the estate says that it has none.

use std::collections::BTreeMap;

use simulator::estate::{ArmId, Estate};
use simulator::identity::Principal;
use simulator::rights::{
    Access, Authorization, Delegation, Permission, RoleAssignment, RoleDefinition, container, queue,
};

use super::demo::QUEUES;

/// The custom role of the deployment.
const ROLE: &str = "5c1c6f0e-0b7c-4c39-9d5c-7f3f1a1d7b52";
/// Stands for the worker's principal in what an estate says of rights.
pub const WORKER: &str = "worker";
pub(crate) const RESOURCE_POLICY_CONTRIBUTOR: &str = "36243c78-bf99-498c-9df9-86d9f8d28608";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const ROLE_BASED_ACCESS_CONTROL_ADMINISTRATOR: &str = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";
const SERVICE_BUS_DATA_OWNER: &str = "090c5cfd-751d-490a-894a-3ce6f1109419";
const STORAGE_BLOB_DATA_OWNER: &str = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";
const DELEGATION: &str = "5c1c6f0e-0b7c-4c39-9d5c-7f3f1a1d7b53";

/// What the custom role allows, by option of the deployment: the file that its templates read.
const ACTIONS: &str = include_str!("../../../infra/rights/actions.json");
/// On what condition the worker may grant: the text that its templates read.
const CONDITION: &str = include_str!("../../../infra/rights/grant-condition.txt");

/// The estate with rights that are enforced: the worker has those of a deployment with all its options, on the scopes that can be
/// remediated, the queues and the account. `grants` is `GRANT_ROLES`.
pub fn with_rights(mut estate: Estate, worker: &Principal, grants: Option<&str>) -> Estate {
    let mut access = Access { enforced: true, ..std::mem::take(&mut estate.access) };
    let named = access
        .grants
        .iter_mut()
        .map(|grant| &mut grant.principal)
        .chain(access.groups.iter_mut().flat_map(|group| &mut group.members))
        .chain(access.delegations.iter_mut().flat_map(|one| &mut one.authorizations).map(|one| &mut one.principal));
    named.filter(|principal| *principal == WORKER).for_each(|principal| principal.clone_from(&worker.object_id));
    let scopes = own_scopes(&estate);
    let role = RoleDefinition {
        assignable_scopes: scopes.clone(),
        ..RoleDefinition::custom(ROLE, "Policy remediator", "").with_permission(actions())
    };
    access = access.with_role(role);
    let granting = grants.map(|roles| roles.split(',').map(str::trim).collect::<Vec<_>>().join(", "));
    let condition = granting.filter(|roles| !roles.is_empty()).map(|roles| CONDITION.trim().replace("ROLES", &roles));
    let held = |scope: ArmId, role: &str| RoleAssignment::new(scope, role, &worker.object_id);
    for scope in scopes {
        let may_grant = condition
            .as_deref()
            .map(|condition| held(scope.clone(), ROLE_BASED_ACCESS_CONTROL_ADMINISTRATOR).with_condition(condition));
        access = may_grant.into_iter().fold(access.with_grant(held(scope, ROLE)), Access::with_grant);
    }
    let of_queues = QUEUES.map(|name| held(queue(name), SERVICE_BUS_DATA_OWNER));
    let of_services = [held(queue(""), READER), held(container(""), STORAGE_BLOB_DATA_OWNER)];
    access = of_queues.into_iter().chain(of_services).fold(access, Access::with_grant);
    let is_foreign = |tenant: &String| *tenant != estate.home_tenant;
    for subscription in estate.subscriptions.iter().filter(|one| is_foreign(&one.tenant)) {
        let scope = format!("/subscriptions/{}", subscription.id);
        let line = Authorization::new(&worker.object_id, "Policy remediator", RESOURCE_POLICY_CONTRIBUTOR);
        let delegation = Delegation::new(DELEGATION, "Policy remediation", scope, &estate.home_tenant);
        let is_of = |at: &ArmId| at.subscription().is_some_and(|id| id.eq_ignore_ascii_case(&subscription.id));
        if !access.delegations.iter().any(|known| is_of(&known.scope)) {
            access = access.with_delegation(delegation.with(line));
        }
    }
    estate.with_access(access).with_roles_of_identities()
}

/// The estate with a person in it who may do everything, in the services' data, too: Owner alone may not read them.
pub fn with_operator(mut estate: Estate, operator: &Principal) -> Estate {
    let data = [(queue(""), SERVICE_BUS_DATA_OWNER), (container(""), STORAGE_BLOB_DATA_OWNER)];
    for (scope, role) in std::iter::once((ArmId::new(""), OWNER)).chain(data) {
        estate.access.grants.push(RoleAssignment::new(scope, role, &operator.object_id));
    }
    estate
}

/// All that the custom role can allow.
fn actions() -> Permission {
    let listed: BTreeMap<String, Vec<String>> = serde_json::from_str(ACTIONS).expect("lists of actions");
    Permission { actions: listed.into_values().flatten().collect(), ..Permission::default() }
}

/// The topmost scopes of our own tenant: root groups, and subscriptions below none.
fn own_scopes(estate: &Estate) -> Vec<ArmId> {
    let groups = estate.management_groups.iter().filter(|one| one.parent.is_none() && one.tenant == estate.home_tenant);
    let groups = groups.map(|one| format!("/providers/Microsoft.Management/managementGroups/{}", one.name));
    let lone = estate.subscriptions.iter().filter(|one| one.parent.is_none() && one.tenant == estate.home_tenant);
    groups.chain(lone.map(|one| format!("/subscriptions/{}", one.id))).map(ArmId::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    #[test]
    fn each_identity_has_the_roles_of_its_policies_except_where_it_is_said_to_have_none() {
        let worker = Principal::random();
        let estate = with_rights(crate::estate(OffsetDateTime::UNIX_EPOCH), &worker, None);
        assert!(estate.access.enforced);
        let lines = estate.access.delegations.iter().flat_map(|one| &one.authorizations);
        assert!(lines.clone().count() == 2 && lines.clone().all(|line| line.principal == worker.object_id));
        let holds = |principal: &str| estate.access.grants.iter().filter(|one| one.principal == principal).count();
        assert_eq!(
            holds(&worker.object_id),
            3 + QUEUES.len(),
            "at the group, the namespace, the account and each queue"
        );
        for assignment in &estate.assignments {
            let principal = assignment.identity.principal().expect("an identity");
            assert_eq!(holds(principal) == 0, !assignment.has_roles, "{}", assignment.id);
        }
    }
}
