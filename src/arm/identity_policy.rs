//! Whether a policy changes the managed identities of resources, and which identity the built-in ones assign.
//! Source: Azure/azure-policy, `VM_UAI_DINE.json` and `VMSS_UAI_DINE.json`; a copy of them is known by what it does.

use serde_json::Value;

use remediation::id::{SubscriptionId, fold};
use remediation::policy::IdentityChange;
use remediation::role::{RoleId, USER_ACCESS_ADMINISTRATOR};

/// "Assign Built-In User-Assigned Managed Identity to Virtual Machines", and "… Scale Sets".
const BUILT_IN: [&str; 2] = ["d367bd60-64ca-4364-98ea-276775bddd94", "516187d4-ef64-4a1b-ad6b-a7348502976c"];
/// The group that they make where nobody brings an identity.
const BUILT_IN_GROUP: &str = "built-in-identity-rg";
/// Whether one is brought, and which.
const BRING: &str = "bringyourownuserassignedmanagedidentity";
const RESTRICT: &str = "restrictbringyourownuserassignedidentitytosubscription";
const RESOURCE: &str = "userassignedidentityresourceid";
const NAME: &str = "userassignedidentityname";
const GROUP: &str = "identityresourcegroup";

/// What a definition does to identities: `details` of its rule, and the roles that it asks for.
pub(super) fn identity_change(id: &str, details: Option<&Value>, roles: &[RoleId]) -> IdentityChange {
    let is_built_in = BUILT_IN.iter().any(|known| id.ends_with(known));
    let of = |member: &str| details.and_then(|details| details.get(member));
    let (operations, condition) = (of("operations"), of("existenceCondition"));
    let mut fields = Vec::new();
    operations.into_iter().chain(condition).for_each(|value| collect_fields(value, &mut fields));
    let changes = fields.iter().any(|field| field == "identity" || field.starts_with("identity."));
    let is_user_assigned = fields.iter().any(|field| field.starts_with("identity.userassignedidentities"));
    // To lock the identity, so that nobody deletes it.
    let locks = roles.iter().any(|role| role.as_str() == USER_ACCESS_ADMINISTRATOR);
    match () {
        () if is_built_in || condition.is_some() && is_user_assigned && locks => IdentityChange::Assigns,
        () if changes => IdentityChange::Changes,
        () => IdentityChange::Nothing,
    }
}

/// The values of all members `field`, folded.
fn collect_fields(of: &Value, into: &mut Vec<String>) {
    match of {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str().filter(|_| name.eq_ignore_ascii_case("field")) {
                    Some(field) => into.push(fold(field.trim())),
                    None => collect_fields(value, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_fields(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Where the identity is that a policy assigns: itself, or the group that will hold it. `value` has its parameters by folded name. None
/// where they do not tell.
pub(super) fn place_of_identity<'v>(
    value: impl Fn(&str) -> Option<&'v str>,
    subscription: &SubscriptionId,
) -> Option<String> {
    let is = |name: &str| value(name).map(|value| value.trim().eq_ignore_ascii_case("true"));
    let given = |name: &str| value(name).map(|value| fold(value.trim())).filter(|value| !value.is_empty());
    if !is(BRING)? {
        return Some(format!("/subscriptions/{subscription}/resourcegroups/{BUILT_IN_GROUP}"));
    }
    let place = match is(RESTRICT).unwrap_or(true) {
        true => format!(
            "/subscriptions/{subscription}/resourcegroups/{}/providers/microsoft.managedidentity/userassignedidentities/{}",
            given(GROUP)?,
            given(NAME)?
        ),
        false => given(RESOURCE)?,
    };
    // It goes into the address of a call.
    let is_sound =
        place.starts_with("/subscriptions/") && !place.contains(['?', '#', '%', '\\']) && !place.contains("..");
    is_sound.then(|| place.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::lenient::text;
    use serde_json::json;

    const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";

    fn role(id: &str) -> RoleId {
        RoleId::of(id).unwrap()
    }

    /// The rule of the built-in for machines, as it is published, cut to what is looked at.
    fn details() -> Value {
        json!({
            "type": "Microsoft.Compute/virtualMachines",
            "existenceCondition": { "anyOf": [
                { "allOf": [
                    { "field": "identity.type", "contains": "UserAssigned" },
                    { "field": "identity.userAssignedIdentities", "containsKey": "[concat('x')]" },
                ] },
                { "allOf": [{ "field": "identity.type", "equals": "UserAssigned" }] },
            ] },
        })
    }

    #[test]
    fn what_assigns_identities_is_known_by_its_id_and_a_copy_of_it_by_what_it_does() {
        let both = [role(CONTRIBUTOR), role(USER_ACCESS_ADMINISTRATOR)];
        let built_in = format!("/providers/microsoft.authorization/policydefinitions/{}", BUILT_IN[0]);
        let of = |id: &str, details: &Value, roles: &[RoleId]| identity_change(id, Some(details), roles);
        assert_eq!(identity_change(&built_in, None, &[]), IdentityChange::Assigns);
        assert_eq!(of("/copy", &details(), &both), IdentityChange::Assigns);
        assert_eq!(of("/copy", &details(), &both[..1]), IdentityChange::Changes, "it locks nothing");
        let modify = json!({ "operations": [{ "operation": "addOrReplace", "field": "Identity.type", "value": "x" }] });
        assert_eq!(of("/modify", &modify, &both[..1]), IdentityChange::Changes);
        let other = json!({ "existenceCondition": { "field": "Microsoft.Storage/storageAccounts/identity", "exists": true },
            "deployment": { "properties": { "template": { "resources": [{ "identity": { "type": "SystemAssigned" } }] } } } });
        assert_eq!(of("/other", &other, &both), IdentityChange::Nothing, "what it deploys is another resource");
        assert_eq!(identity_change("/none", None, &both), IdentityChange::Nothing);
    }

    #[test]
    fn the_place_of_the_identity_follows_from_the_parameters_or_is_not_told() {
        let subscription: SubscriptionId = "086aecf4-23d6-4dfd-99a8-a5c6299f0322".parse().unwrap();
        let at = format!("/subscriptions/{subscription}/resourcegroups");
        let identity = format!("{at}/shared/providers/microsoft.managedidentity/userassignedidentities/u");
        let of = |given: Value| {
            let texts: Vec<_> =
                given.as_object().unwrap().iter().filter_map(|(k, v)| Some((fold(k), text(v)?))).collect();
            let value = |name: &str| texts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
            place_of_identity(value, &subscription)
        };
        let bring = "bringYourOwnUserAssignedManagedIdentity";
        assert_eq!(of(json!({ bring: false })), Some(format!("{at}/built-in-identity-rg")));
        assert_eq!(
            of(json!({ bring: true, "identityResourceGroup": " Shared ", "userAssignedIdentityName": "U" })),
            Some(identity.clone())
        );
        let anywhere = "restrictBringYourOwnUserAssignedIdentityToSubscription";
        assert_eq!(
            of(json!({ bring: "True", anywhere: false, "userAssignedIdentityResourceId": identity })),
            Some(identity)
        );
        for untold in [
            json!({}),
            json!({ bring: true }),
            json!({ bring: true, anywhere: false, "userAssignedIdentityResourceId": "/subscriptions/s/../x" }),
        ] {
            assert_eq!(of(untold.clone()), None, "{untold}");
        }
    }
}
