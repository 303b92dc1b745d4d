//! The role assignments that this worker, or another installation of it, has made: each says so in its description.
//! Source: the service's OpenAPI description, Microsoft.Authorization 2022-04-01, "Role Assignments - List For Subscription".

use azure_core::http::Method;
use serde::Serialize;

use remediation::fact::CallKind;
use remediation::id::SubscriptionId;

use crate::azure::Deadline;

use super::call::{Call, QuotaScope};
use super::client::ArmClient;
use super::error::ArmError;
use super::homes::{Homes, OwnedBy};
use super::lenient::{Item, Members};
use super::page::Page;

const API_VERSION: &str = "2022-04-01";
/// What their descriptions begin with.
pub(super) const MARK: &str = "policy-remediator ";

/// A role assignment that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MadeGrant {
    /// Its id.
    pub id: String,
    /// Where it holds.
    pub scope: String,
    /// The role.
    pub role: String,
    /// Who has it.
    pub principal: String,
    /// Who made it and for what, in its own words.
    pub description: String,
}

/// An item of the list: one that was made by hand is none of ours.
struct Listed(Option<MadeGrant>);

impl Item for Listed {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let id = members.id("id");
        let mut properties = members.object("properties");
        let description = properties.word("description").filter(|text| text.starts_with(MARK));
        let Some(description) = description else { return Some(Self(None)) };
        let (scope, role) = (properties.id("scope"), properties.id("roleDefinitionId"));
        let principal = properties.id("principalId").unwrap_or_default();
        Some(Self(Some(MadeGrant { id: id?, scope: scope.unwrap_or_default(), role: role?, principal, description })))
    }
}

/// Those in a subscription: what holds for all of it, for a group or for a resource.
///
/// # Errors
/// When Resource Manager cannot be asked, or refuses.
pub async fn made_grants(
    arm: &ArmClient,
    homes: &Homes,
    subscription: &SubscriptionId,
    deadline: Deadline,
) -> Result<Vec<MadeGrant>, ArmError> {
    let tail = ["providers", "Microsoft.Authorization", "roleAssignments"];
    let path = format!("/subscriptions/{subscription}");
    let quota = QuotaScope::Subscription(subscription.clone());
    let call: Call<Page<Listed>> =
        Call::new(CallKind::ListRoleAssignments, quota, Method::Get, &path, &tail, API_VERSION);
    let call = match homes.owner(arm, subscription, deadline).await? {
        OwnedBy::Tenant(tenant) => call.with_query("tenantId", tenant),
        OwnedBy::Us | OwnedBy::Nobody => call,
    };
    Ok(arm.send_paged(&call, deadline).await?.into_iter().filter_map(|listed| listed.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::grants::description;
    use crate::arm::lenient::read_item;
    use remediation::fixture::{installation, target};
    use serde_json::json;

    #[test]
    fn only_what_says_so_was_made_by_the_worker() {
        let text = description(&installation(), &target());
        let properties =
            json!({ "scope": "/subscriptions/s", "roleDefinitionId": "/r", "principalId": "p", "description": text });
        let made = read_item::<Listed>(&json!({ "id": "/subscriptions/s/x", "properties": properties })).unwrap().0;
        assert_eq!(made.map(|made| (made.description, made.role)), Some((text, "/r".to_owned())));
        for other in [json!({ "description": "by hand" }), json!({}), json!({ "description": null })] {
            let read = read_item::<Listed>(&json!({ "id": "/x", "properties": other })).unwrap();
            assert_eq!(read.0, None);
        }
    }
}
