//! Subscriptions and tenants: list and get, as Microsoft.Resources answers, and plain resources as far as their existence
//! goes. Read only.

use super::{containers::resource_body, error::ArmError, reply::Reply, request::Call, world::World};
use crate::estate::{ArmId, Subscription};
use serde_json::{Value, json};
use time::OffsetDateTime;

impl World {
    pub(crate) fn list_tenants(&self, call: &Call) -> Result<Reply, ArmError> {
        let tenant = &self.estate.home_tenant;
        let home = json!({ "id": format!("/tenants/{tenant}"), "tenantId": tenant, "tenantCategory": "Home" });
        self.page(call, vec![home])
    }

    pub(crate) fn list_subscriptions(&self, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
        let all = self.estate.subscriptions.iter();
        let seen = all.filter(|one| self.sees(call, &ArmId::new(subscription_id(one)), now));
        self.page(call, seen.map(subscription_body).collect())
    }

    pub(crate) fn get_subscription(&self, id: &str) -> Result<Reply, ArmError> {
        let found = self.estate.subscription(id).ok_or_else(|| ArmError::subscription_not_found(id))?;
        Ok(Reply::ok(subscription_body(found)))
    }

    pub(crate) fn get_resource(&self, id: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        if id.resource_type().is_none() {
            // A list of some provider's type: no such provider is simulated.
            let mut after = id.segments().skip_while(|segment| !segment.eq_ignore_ascii_case("providers")).skip(1);
            let (namespace, kind) = (after.next().unwrap_or_default(), after.next().unwrap_or_default());
            return Err(ArmError::invalid_type(namespace, kind, call.query.get("api-version").unwrap_or_default()));
        }
        self.check_scope(id)?;
        let Some((id, location)) = self.resources.get_key_value(id) else {
            return Err(ArmError::path_not_found(id.as_str()));
        };
        Ok(Reply::ok(resource_body(id, location)))
    }
}

fn subscription_body(subscription: &Subscription) -> Value {
    let managed_by: Vec<Value> = subscription.managed_by.iter().map(|tenant| json!({ "tenantId": tenant })).collect();
    json!({
        "id": subscription_id(subscription),
        "authorizationSource": "RoleBased",
        "managedByTenants": managed_by,
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant,
        "displayName": subscription.display_name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off"
        }
    })
}

pub(super) fn subscription_id(subscription: &Subscription) -> String {
    format!("/subscriptions/{}", subscription.id)
}
