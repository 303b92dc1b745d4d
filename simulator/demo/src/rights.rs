//! The rights of the demo, enforced: the worker has what its deployment gives it and nothing else, and each identity of an
//! assignment the roles of its policies, except where the estate says that it has none.

use simulator::estate::{ArmId, Estate};
use simulator::identity::Principal;
use simulator::rights::{
    Access, Authorization, Delegation, Permission, RoleAssignment, RoleDefinition, container, queue,
};

/// The custom role of the deployment.
const ROLE: &str = "5c1c6f0e-0b7c-4c39-9d5c-7f3f1a1d7b52";
/// Stands for the worker's principal in what an estate says of rights.
pub const WORKER: &str = "worker";
pub(crate) const RESOURCE_POLICY_CONTRIBUTOR: &str = "36243c78-bf99-498c-9df9-86d9f8d28608";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const SERVICE_BUS_DATA_OWNER: &str = "090c5cfd-751d-490a-894a-3ce6f1109419";
const STORAGE_BLOB_DATA_OWNER: &str = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";
const DELEGATION: &str = "5c1c6f0e-0b7c-4c39-9d5c-7f3f1a1d7b53";

/// What the custom role allows.
const ACTIONS: [&str; 16] = [
    "Microsoft.Authorization/*/read",
    "Microsoft.Management/managementGroups/descendants/read",
    "Microsoft.PolicyInsights/policyStates/queryResults/action",
    "Microsoft.PolicyInsights/policyStates/queryResults/read",
    "Microsoft.PolicyInsights/policyStates/summarize/action",
    "Microsoft.PolicyInsights/policyStates/summarize/read",
    "Microsoft.PolicyInsights/policyStates/triggerEvaluation/action",
    "Microsoft.PolicyInsights/policyStates/triggerEvaluation/read",
    "Microsoft.PolicyInsights/remediations/read",
    "Microsoft.PolicyInsights/remediations/write",
    "Microsoft.PolicyInsights/remediations/delete",
    "Microsoft.PolicyInsights/remediations/cancel/action",
    "Microsoft.PolicyInsights/remediations/listDeployments/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.ManagedServices/registrationAssignments/read",
];

/// The estate with rights that are enforced.
pub fn with_rights(mut estate: Estate, worker: &Principal) -> Estate {
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
        ..RoleDefinition::custom(ROLE, "Policy remediator", "").with_permission(Permission::actions(&ACTIONS))
    };
    access = access.with_role(role);
    let own = scopes.into_iter().map(|scope| (scope, ROLE));
    let data = [(queue(""), SERVICE_BUS_DATA_OWNER), (container(""), STORAGE_BLOB_DATA_OWNER)];
    for (scope, role) in own.chain(data) {
        access = access.with_grant(RoleAssignment::new(scope, role, &worker.object_id));
    }
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
        let estate = with_rights(crate::estate(OffsetDateTime::UNIX_EPOCH), &worker);
        assert!(estate.access.enforced);
        let lines = estate.access.delegations.iter().flat_map(|one| &one.authorizations);
        assert!(lines.clone().count() == 2 && lines.clone().all(|line| line.principal == worker.object_id));
        let holds = |principal: &str| estate.access.grants.iter().filter(|one| one.principal == principal).count();
        assert_eq!(holds(&worker.object_id), 3, "at the group, the namespace and the account");
        for assignment in &estate.assignments {
            let principal = assignment.identity.principal().expect("an identity");
            assert_eq!(holds(principal) == 0, !assignment.has_roles, "{}", assignment.id);
        }
    }
}
