//! Roles, who has them and who is denied what, as far as a preflight needs them.
//! Source: the service's OpenAPI description, Microsoft.Authorization 2022-04-01, and Microsoft.ManagedServices 2022-10-01.

use azure_core::http::Method;
use serde_json::Value;

use remediation::fact::CallKind;
use remediation::id::{Scope, SubscriptionId, fold};
use remediation::role::{Denial, Permission, RoleAssignment, RoleDefinition, RoleId, USER_ACCESS_ADMINISTRATOR};

use super::answer::{Answer, Oddity, one};
use super::call::{Call, QuotaScope};
use super::lenient::{Item, Members, text};
use super::page::Page;

const API_VERSION: &str = "2022-04-01";
const REGISTRATIONS: &str = "2022-10-01";
const AUTHORIZATION: &str = "Microsoft.Authorization";

fn quota(scope: &Scope) -> QuotaScope {
    QuotaScope::Subscription(scope.subscription().clone())
}

/// Lists what a principal of our own tenant has at the scope and above, through groups too. Without `atScope()` what lies below would look
/// as if it were there.
pub(super) fn assigned_to(scope: &Scope, principal: &str) -> Call<Page<RoleAssignment>> {
    let tail = ["providers", AUTHORIZATION, "roleAssignments"];
    let filter = format!("atScope() and assignedTo('{}')", principal.replace('\'', "''"));
    let path = scope.to_string();
    Call::new(CallKind::ListRoleAssignments, quota(scope), Method::Get, &path, &tail, API_VERSION)
        .with_query("$filter", filter)
}

/// The same at any place of a subscription: at a user-assigned identity, or its group.
pub(super) fn assigned_at(place: &str, subscription: &SubscriptionId, principal: &str) -> Call<Page<RoleAssignment>> {
    let tail = ["providers", AUTHORIZATION, "roleAssignments"];
    let filter = format!("atScope() and assignedTo('{}')", principal.replace('\'', "''"));
    let quota = QuotaScope::Subscription(subscription.clone());
    Call::new(CallKind::ListRoleAssignments, quota, Method::Get, place, &tail, API_VERSION)
        .with_query("$filter", filter)
}

/// Lists all role assignments of a delegated subscription, or group, that its owner lets us see; `tenant` is the owner's. Whether a filter by
/// principal works across tenants is not known.
pub(super) fn all_assigned(scope: &Scope, tenant: &str) -> Call<Page<RoleAssignment>> {
    let tail = ["providers", AUTHORIZATION, "roleAssignments"];
    Call::new(CallKind::ListRoleAssignments, quota(scope), Method::Get, scope.as_str(), &tail, API_VERSION)
        .with_query("tenantId", tenant.to_owned())
}

/// Lists the deny assignments at the scope and above.
pub(super) fn denials(scope: &Scope) -> Call<Page<Denial>> {
    let tail = ["providers", AUTHORIZATION, "denyAssignments"];
    Call::new(CallKind::ListDenyAssignments, quota(scope), Method::Get, &scope.to_string(), &tail, API_VERSION)
        .with_query("$filter", "atScope()".to_owned())
}

/// Reads a role definition, as the scope sees it: one of people's own too.
pub(super) fn role_definition(scope: &Scope, role: &RoleId) -> Call<KnownRole> {
    let tail = ["providers", AUTHORIZATION, "roleDefinitions", role.as_str()];
    Call::new(CallKind::ReadRoleDefinition, quota(scope), Method::Get, scope.as_str(), &tail, API_VERSION)
}

/// Lists the Lighthouse registrations of a delegated subscription, or group, with what they authorize.
pub(super) fn registrations(scope: &Scope) -> Call<Page<Registration>> {
    let tail = ["providers", "Microsoft.ManagedServices", "registrationAssignments"];
    Call::new(CallKind::ListRegistrations, quota(scope), Method::Get, scope.as_str(), &tail, REGISTRATIONS)
        .with_query("$expandRegistrationDefinition", "true".to_owned())
}

/// A role. One that is built in is the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownRole {
    pub(super) role: RoleDefinition,
}

/// What a registration lets principals grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registration {
    /// Each principal that may grant, folded, with the roles that it may.
    pub(super) grantable: Vec<(String, Vec<RoleId>)>,
}

impl Item for RoleAssignment {
    /// One that cannot be read proves nothing.
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let id = members.id("id");
        let mut properties = members.object("properties");
        // In old answers the scope stands in the id alone.
        let of_id = id.and_then(|id| id.split_once("/providers/microsoft.authorization/").map(|(at, _)| at.to_owned()));
        let scope = properties.id("scope").or(of_id);
        let role = properties.text("roleDefinitionId").and_then(|id| RoleId::of(&id));
        let principal = properties.id("principalId");
        let has_condition = properties.given("condition").and_then(text).is_some_and(|text| !text.is_empty());
        // The scope of everything is a slash, of which no id is left.
        let is_everything = properties.given("scope").and_then(text).is_some_and(|text| text.trim() == "/");
        let scope = if is_everything { Some("/".to_owned()) } else { scope.filter(|scope| !scope.is_empty()) };
        Some(Self { scope: scope?, role: role?, principal: principal?, has_condition })
    }
}

impl Item for Denial {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let mut properties = members.object("properties");
        let name = properties.text("denyAssignmentName").unwrap_or_default();
        let scope = properties.id("scope").unwrap_or_else(|| "/".to_owned());
        let ids = |member: &str| {
            let all = properties.given(member).and_then(Value::as_array).into_iter().flatten();
            all.filter_map(|one| one.get("id").and_then(text)).map(|id| fold(&id)).collect::<Vec<_>>()
        };
        let (principals, excluded) = (ids("principals"), ids("excludePrincipals"));
        let only_there = properties.given("doNotApplyToChildScopes").and_then(Value::as_bool).unwrap_or_default();
        let permissions = permissions(properties.given("permissions"));
        Some(Self { name, scope, principals, excluded, only_there, permissions })
    }
}

impl Item for KnownRole {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let id = members.text("name").or_else(|| members.text("id")).and_then(|id| RoleId::of(&id));
        let mut properties = members.object("properties");
        let name = properties.text("roleName").unwrap_or_default();
        let is_built_in = properties.text("type").is_some_and(|kind| kind.eq_ignore_ascii_case("BuiltInRole"));
        if properties.list("permissions").is_none() {
            properties.miss("permissions");
        }
        let permissions = permissions(properties.given("permissions"));
        let role = RoleDefinition { id: id?, name, permissions, is_built_in };
        members.are_sound().then_some(Self { role })
    }
}

impl Answer for KnownRole {
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String> {
        one(text, oddities)
    }
}

impl Item for Registration {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let mut properties = members.object("properties");
        let mut definition = properties.object("registrationDefinition");
        let inner = definition.object("properties");
        let all = inner.given("authorizations").and_then(Value::as_array).into_iter().flatten();
        let administrator = RoleId::of(USER_ACCESS_ADMINISTRATOR);
        let grantable = all.filter_map(|one| {
            let role = RoleId::of(&one.get("roleDefinitionId").and_then(text)?);
            let principal = fold(&one.get("principalId").and_then(text)?);
            let roles = one.get("delegatedRoleDefinitionIds").and_then(Value::as_array).into_iter().flatten();
            let roles = roles.filter_map(text).filter_map(|id| RoleId::of(&id)).collect();
            (role == administrator).then_some((principal, roles))
        });
        Some(Self { grantable: grantable.collect() })
    }
}

fn permissions(given: Option<&Value>) -> Vec<Permission> {
    let texts = |of: &Value, member: &str| {
        let all = of.get(member).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(text).collect::<Vec<_>>()
    };
    let all = given.and_then(Value::as_array).into_iter().flatten();
    all.map(|one| Permission {
        actions: texts(one, "actions"),
        not_actions: texts(one, "notActions"),
        data_actions: texts(one, "dataActions"),
        not_data_actions: texts(one, "notDataActions"),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::lenient::read_item;
    use serde_json::json;

    const ROLE: &str = "4a9ae827-6dc8-4573-8ac7-8239d42aa03f";

    #[test]
    fn a_role_assignment_is_read_in_all_spellings_and_one_that_says_too_little_proves_nothing() {
        let read =
            |id: &str, properties: Value| read_item::<RoleAssignment>(&json!({ "id": id, "properties": properties }));
        let role =
            format!("/subscriptions/S/providers/Microsoft.Authorization/roleDefinitions/{}", ROLE.to_uppercase());
        let full =
            read("/x", json!({ "scope": "/Subscriptions/S/", "roleDefinitionId": role, "principalId": "P" })).unwrap();
        assert_eq!((full.scope.as_str(), full.role.as_str(), full.principal.as_str()), ("/subscriptions/s", ROLE, "p"));
        assert!(!full.has_condition);
        let everything =
            read("/x", json!({ "scope": "/", "roleDefinitionId": ROLE, "principalId": "p", "condition": "c" }));
        assert!(everything.is_ok_and(|one| one.scope == "/" && one.has_condition));
        let of_id = "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/1";
        assert_eq!(
            read(of_id, json!({ "roleDefinitionId": ROLE, "principalId": "p" })).unwrap().scope,
            "/subscriptions/s"
        );
        for odd in [
            json!(null),
            json!({ "scope": "/s", "principalId": "p" }),
            json!({ "scope": "/s", "roleDefinitionId": ROLE }),
        ] {
            assert!(read("/x", odd.clone()).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_role_without_permissions_that_can_be_read_is_none() {
        let role = |permissions: Value| {
            read_item::<KnownRole>(
                &json!({ "name": ROLE, "properties": { "roleName": "Tag Contributor", "type": "BuiltInRole", "permissions": permissions } }),
            )
        };
        let known = role(json!([{ "actions": ["*/read"], "notActions": [] }])).unwrap();
        assert!(known.role.is_built_in && known.role.permissions[0].actions == ["*/read"]);
        assert!(role(json!(null)).is_err() && role(json!("*")).is_err());
    }

    #[test]
    fn a_registration_tells_what_each_principal_may_grant() {
        let authorizations = json!([
            { "principalId": "ME", "roleDefinitionId": USER_ACCESS_ADMINISTRATOR, "delegatedRoleDefinitionIds": [ROLE] },
            { "principalId": "ME", "roleDefinitionId": ROLE },
            null,
        ]);
        let wire = json!({ "properties": { "registrationDefinition": { "properties": { "authorizations": authorizations } } } });
        let read: Registration = read_item(&wire).unwrap();
        assert_eq!(read.grantable, [("me".to_owned(), vec![RoleId::of(ROLE).unwrap()])]);
    }

    #[test]
    fn who_is_denied_is_read_with_who_is_not() {
        let wire = json!({ "properties": {
            "denyAssignmentName": "Stack", "scope": "/Sub", "principals": [{ "id": "A" }], "excludePrincipals": [{ "id": "B" }],
            "doNotApplyToChildScopes": true, "permissions": [{ "actions": ["*/write"] }],
        } });
        let denial: Denial = read_item(&wire).unwrap();
        assert_eq!(
            (denial.scope.as_str(), denial.principals, denial.excluded),
            ("/sub", vec!["a".to_owned()], vec!["b".to_owned()])
        );
        assert!(denial.only_there && denial.permissions[0].actions == ["*/write"]);
    }
}
