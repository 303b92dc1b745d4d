//! What the caller itself may do in a subscription, or a group of it. Source: the service's OpenAPI description, Microsoft.Authorization 2022-04-01,
//! "Permissions - List For Resource Group". The path of a subscription answers, too, and stands in no published file
//! (azure-rest-api-specs#19473). It says nothing of deny assignments and conditions.

use azure_core::http::Method;
use serde_json::Value;

use remediation::fact::CallKind;
use remediation::id::{Scope, SubscriptionId};
use remediation::role::Permission;

use crate::azure::Deadline;

use super::call::{Call, QuotaScope};
use super::client::ArmClient;
use super::error::ArmError;
use super::lenient::{Item, Members, text};
use super::page::Page;

const API_VERSION: &str = "2022-04-01";

impl Item for Permission {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let texts = |name: &str| {
            let all = members.given(name).and_then(Value::as_array).into_iter().flatten();
            all.filter_map(text).collect::<Vec<_>>()
        };
        Some(Self {
            actions: texts("actions"),
            not_actions: texts("notActions"),
            data_actions: texts("dataActions"),
            not_data_actions: texts("notDataActions"),
        })
    }
}

/// Lists what the caller may do at a scope.
pub(super) fn permissions_at(scope: &Scope) -> Call<Page<Permission>> {
    let tail = ["providers", "Microsoft.Authorization", "permissions"];
    let quota = QuotaScope::Subscription(scope.subscription().clone());
    Call::new(CallKind::ListPermissions, quota, Method::Get, scope.as_str(), &tail, API_VERSION)
}

/// What the caller may do in a subscription: its permissions are alternatives.
///
/// # Errors
/// When Resource Manager cannot be asked, or refuses.
pub async fn own_permissions(
    arm: &ArmClient,
    subscription: &SubscriptionId,
    deadline: Deadline,
) -> Result<Vec<Permission>, ArmError> {
    arm.send_paged(&permissions_at(&Scope::subscription_wide(subscription.clone())), deadline).await
}
