//! Stories of the judgement on values.

use super::*;
use crate::{
    identity::Principal,
    rights::{Access, Authorization, Delegation, DenyAssignment, Lag, Permission, RoleDefinition},
};
use std::time::Duration;

const HOME: &str = "home";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const POLICY: &str = "36243c78-bf99-498c-9df9-86d9f8d28608";
const LOGS: &str = "92aaf0da-9dab-42b6-94a3-d43ce8d16293";
const GROUP: &str = "/subscriptions/s1/resourceGroups/g";
const ROOT: &str = "/providers/Microsoft.Management/managementGroups/root";
const GRANT: &str = "Microsoft.Authorization/roleAssignments/write";
const TASK: &str = "Microsoft.PolicyInsights/remediations/write";

fn estate(access: Access) -> Estate {
    Estate::new(HOME)
        .with_management_group("root", None)
        .with_subscription("s1", "Ours", Some("root"))
        .with_delegated_subscription("s2", "Theirs", "customer")
        .with_access(access)
}

fn ask(estate: &Estate, tenant: &str, action: &str, scope: &str, wanted: Option<Wanted<'_>>) -> Verdict {
    let principal = Principal { object_id: "worker".into(), client_id: "app".into() };
    let caller = Caller { tenant_id: tenant.into(), principal, is_person: false };
    let ask = Ask { estate, caller: &caller, now: OffsetDateTime::UNIX_EPOCH };
    ask.may(Plane::Control, action, &scope.into(), wanted)
}

fn grant(scope: &str, role: &str, principal: &str) -> Access {
    Access::enforced().with_grant(RoleAssignment::new(scope, role, principal))
}

#[test]
fn a_role_counts_at_its_scope_and_below_and_through_groups() {
    let custom = RoleDefinition::custom("c", "Tasks", GROUP).with_permission(Permission::actions(&[TASK]));
    for (access, scope, verdict) in [
        (Access::enforced(), GROUP, Verdict::Missing),
        (grant(GROUP, CONTRIBUTOR, "worker"), GROUP, Verdict::Allowed),
        (grant(GROUP, CONTRIBUTOR, "WORKER"), "/subscriptions/S1/resourcegroups/G/providers/a.b/c/d", Verdict::Allowed),
        (grant(GROUP, CONTRIBUTOR, "worker"), "/subscriptions/s1", Verdict::Missing),
        (grant(ROOT, CONTRIBUTOR, "worker"), GROUP, Verdict::Allowed),
        (grant("", CONTRIBUTOR, "worker"), GROUP, Verdict::Allowed),
        (grant(GROUP, READER, "worker"), GROUP, Verdict::Missing),
        (grant(GROUP, CONTRIBUTOR, "team"), GROUP, Verdict::Missing),
        (grant(GROUP, CONTRIBUTOR, "team").with_group("team", &["worker"]), GROUP, Verdict::Allowed),
        (grant(GROUP, "c", "worker").with_role(custom), GROUP, Verdict::Allowed),
        (grant(GROUP, "unknown", "worker"), GROUP, Verdict::Missing),
        (grant("/subscriptions/s2", CONTRIBUTOR, "worker"), "/subscriptions/s2", Verdict::Missing),
    ] {
        assert_eq!(ask(&estate(access.clone()), HOME, TASK, scope, None), verdict, "{access:?} {scope}");
    }
}

#[test]
fn a_deny_assignment_wins_unless_it_spares_the_caller() {
    let denial = || DenyAssignment::new("d", "System", GROUP, Permission::actions(&["*"]).without(&["*/read"]));
    let allowed = || grant("/subscriptions/s1", OWNER, "worker");
    let denied = Verdict::Denied { name: "System".into(), id: "d".into(), scope: GROUP.into() };
    let below = format!("{GROUP}/providers/a.b/c/d");
    for (denial, action, scope, verdict) in [
        (denial(), TASK, GROUP, denied.clone()),
        (denial(), TASK, below.as_str(), denied.clone()),
        (denial(), "a.b/c/read", GROUP, Verdict::Allowed),
        (denial(), TASK, "/subscriptions/s1", Verdict::Allowed),
        (denial().except("worker"), TASK, GROUP, Verdict::Allowed),
        (denial().only_here(), TASK, GROUP, denied),
        (denial().only_here(), TASK, below.as_str(), Verdict::Allowed),
    ] {
        let estate = estate(allowed().with_denial(denial));
        assert_eq!(ask(&estate, HOME, action, scope, None), verdict, "{action} at {scope}");
    }
}

#[test]
fn a_change_acts_after_its_lag_both_ways() {
    let lag = Lag { acting: Duration::from_secs(60), ..Lag::default() };
    let at = |seconds| Some(OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds));
    for (made_at, gone_at, verdict) in [
        (None, None, Verdict::Allowed),
        (at(-60), None, Verdict::Allowed),
        (at(-59), None, Verdict::Missing),
        (None, at(-59), Verdict::Allowed),
        (None, at(-60), Verdict::Missing),
    ] {
        let grant = RoleAssignment { made_at, gone_at, ..RoleAssignment::new(GROUP, CONTRIBUTOR, "worker") };
        let estate = estate(Access::enforced().with_lag(lag).with_grant(grant));
        assert_eq!(ask(&estate, HOME, TASK, GROUP, None), verdict, "{made_at:?} {gone_at:?}");
    }
}

#[test]
fn a_delegation_grants_only_what_it_lists_and_only_with_the_holder() {
    let delegation = Delegation::new("n", "Offer", "/subscriptions/s2", HOME)
        .with(Authorization::new("worker", "Worker", POLICY))
        .with(Authorization::to_grant("worker", "Worker", &[LOGS]));
    let estate = estate(Access::enforced().with_delegation(delegation));
    let wanted = |role, principal_type, names_holder| Wanted { role, principal: "p", principal_type, names_holder };
    let service = "ServicePrincipal";
    for (tenant, action, scope, wanted, verdict) in [
        (HOME, TASK, "/subscriptions/s2", None, Verdict::Allowed),
        (HOME, TASK, "/subscriptions/s1", None, Verdict::Missing),
        ("customer", TASK, "/subscriptions/s2", None, Verdict::Missing),
        (HOME, "Microsoft.Storage/storageAccounts/write", "/subscriptions/s2", None, Verdict::Missing),
        (HOME, GRANT, "/subscriptions/s2", Some(wanted(LOGS, service, true)), Verdict::Allowed),
        (HOME, GRANT, "/subscriptions/s2", Some(wanted(LOGS, service, false)), Verdict::Unfulfilled),
        (HOME, GRANT, "/subscriptions/s2", Some(wanted(CONTRIBUTOR, service, true)), Verdict::Unfulfilled),
        (HOME, GRANT, "/subscriptions/s2", Some(wanted(LOGS, "User", true)), Verdict::Unfulfilled),
        (HOME, "Microsoft.Authorization/roleDefinitions/write", "/subscriptions/s2", None, Verdict::Missing),
    ] {
        assert_eq!(ask(&estate, tenant, action, scope, wanted), verdict, "{tenant} {action} {scope} {wanted:?}");
    }
}

#[test]
fn a_second_assignment_without_the_condition_makes_it_void() {
    let bound = RoleAssignment::new(GROUP, "f58310d9-a9f6-439a-9e8d-f62e7b41a168", "worker")
        .with_condition("@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] GuidEquals {x}");
    let wanted = Some(Wanted { role: LOGS, principal: "p", principal_type: "ServicePrincipal", names_holder: false });
    let one = Access::enforced().with_grant(bound);
    assert_eq!(ask(&estate(one.clone()), HOME, GRANT, GROUP, wanted), Verdict::Unfulfilled);
    let both = one.with_grant(RoleAssignment::new("/subscriptions/s1", OWNER, "worker"));
    assert_eq!(ask(&estate(both), HOME, GRANT, GROUP, wanted), Verdict::Allowed);
}
