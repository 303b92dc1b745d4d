//! Subscriptions, tenants and management groups: list and get, as Microsoft.Resources and Microsoft.Management answer,
//! and plain resources as far as their existence goes. Read only.

use super::{error::ArmError, reply::Reply, request::Call, world::World};
use crate::estate::{ArmId, ManagementGroup, Subscription, is_same};
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

    pub(crate) fn get_resource_group(&self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_scope(id)?;
        Ok(Reply::ok(json!({
            "id": id.as_str(),
            "name": id.name(),
            "type": "Microsoft.Resources/resourceGroups",
            "location": "eastus",
            "properties": { "provisioningState": "Succeeded" }
        })))
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
        let kind = id.resource_type().unwrap_or_default();
        Ok(Reply::ok(json!({ "id": id.as_str(), "name": id.name(), "type": kind, "location": location })))
    }

    pub(crate) fn list_management_groups(&self, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
        let all = self.estate.management_groups.iter();
        let seen = all.filter(|group| self.sees(call, &ArmId::new(group_id(&group.name)), now));
        let bodies = seen.map(|group| {
            json!({
                "id": group_id(&group.name),
                "type": "Microsoft.Management/managementGroups",
                "name": group.name,
                "properties": { "tenantId": group.tenant, "displayName": group.display_name }
            })
        });
        self.page(call, bodies.collect())
    }

    /// `$expand=children` adds the children, `$recurse=true` theirs.
    pub(crate) fn get_management_group(&self, name: &str, call: &Call) -> Result<Reply, ArmError> {
        let group = self.estate.management_group(name).ok_or_else(|| ArmError::no_management_group(name))?;
        let expands = call.query.get("$expand").is_some_and(|word| word.eq_ignore_ascii_case("children"));
        let recurses = call.query.get("$recurse").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let mut body = json!({
            "id": group_id(&group.name),
            "type": "Microsoft.Management/managementGroups",
            "name": group.name,
            "properties": {
                "tenantId": group.tenant,
                "displayName": group.display_name,
                "details": { "version": 1, "parent": self.parent(group) }
            }
        });
        if expands {
            let depth = if recurses { self.estate.management_groups.len() } else { 0 };
            body["properties"]["children"] = self.children(group, depth);
        }
        Ok(Reply::ok(body))
    }

    /// All groups and subscriptions below a group, flat.
    pub(crate) fn list_descendants(&self, name: &str, call: &Call) -> Result<Reply, ArmError> {
        let group = self.estate.management_group(name).ok_or_else(|| ArmError::no_management_group(name))?;
        let root = ArmId::new(group_id(&group.name));
        let below = |id: &ArmId| *id != root && self.estate.covers(&root, id);
        let entry = |id: String, kind: &str, name: &str, display_name: &str, parent: Option<&str>| {
            json!({
                "id": id,
                "type": kind,
                "name": name,
                "properties": {
                    "displayName": display_name,
                    "parent": parent.map(|parent| json!({ "id": group_id(parent) }))
                }
            })
        };
        let groups = self.estate.management_groups.iter().filter(|one| below(&group_id(&one.name).into())).map(|one| {
            let kind = "Microsoft.Management/managementGroups";
            entry(group_id(&one.name), kind, &one.name, &one.display_name, one.parent.as_deref())
        });
        let subscriptions =
            self.estate.subscriptions.iter().filter(|one| below(&subscription_id(one).into())).map(|one| {
                let kind = "Microsoft.Management/managementGroups/subscriptions";
                entry(subscription_id(one), kind, &one.id, &one.display_name, one.parent.as_deref())
            });
        self.page(call, groups.chain(subscriptions).collect())
    }

    fn parent(&self, group: &ManagementGroup) -> Value {
        let parent = group.parent.as_deref().and_then(|name| self.estate.management_group(name));
        parent.map_or(
            Value::Null,
            |parent| json!({ "id": group_id(&parent.name), "name": parent.name, "displayName": parent.display_name }),
        )
    }

    fn children(&self, group: &ManagementGroup, depth: usize) -> Value {
        let is_child = |parent: &Option<String>| parent.as_ref().is_some_and(|name| is_same(name, &group.name));
        let mut children = Vec::new();
        for child in self.estate.management_groups.iter().filter(|one| is_child(&one.parent)) {
            let mut body = json!({
                "id": group_id(&child.name),
                "type": "Microsoft.Management/managementGroups",
                "name": child.name,
                "displayName": child.display_name
            });
            if depth > 0 {
                body["children"] = self.children(child, depth - 1);
            }
            children.push(body);
        }
        for child in self.estate.subscriptions.iter().filter(|one| is_child(&one.parent)) {
            children.push(json!({
                "id": subscription_id(child),
                "type": "/subscriptions",
                "name": child.id,
                "displayName": child.display_name
            }));
        }
        Value::Array(children)
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

fn subscription_id(subscription: &Subscription) -> String {
    format!("/subscriptions/{}", subscription.id)
}

fn group_id(name: &str) -> String {
    format!("/providers/Microsoft.Management/managementGroups/{name}")
}
