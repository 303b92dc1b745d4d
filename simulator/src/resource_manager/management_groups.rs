//! Management groups as Microsoft.Management answers: list, get with what is below and above, all that hangs below one, and its
//! subscriptions. Read only. What lies above a group and above a subscription is told everywhere alike, up to the root group,
//! which has the name of its tenant and which nobody needs to describe.

use super::{
    error::ArmError,
    hierarchy::subscription_id,
    paging::{self, Position},
    reply::Reply,
    request::Call,
    world::World,
};
use crate::estate::{ArmId, ManagementGroup, Subscription, is_same};
use serde_json::{Value, json};
use time::OffsetDateTime;

const GROUP: &str = "Microsoft.Management/managementGroups";
const SUBSCRIPTION: &str = "Microsoft.Management/managementGroups/subscriptions";

impl World {
    pub(crate) fn list_management_groups(&self, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
        let all = self.estate.management_groups.iter();
        let seen = all.filter(|group| self.sees(call, &ArmId::new(group_id(&group.name)), now));
        let bodies = seen.map(|group| {
            json!({
                "id": group_id(&group.name),
                "type": GROUP,
                "name": group.name,
                "properties": { "tenantId": group.tenant, "displayName": group.display_name }
            })
        });
        self.page(call, bodies.collect())
    }

    /// `$expand=children` adds the children, `$recurse=true` theirs; `path` and `ancestors` add what is above, from the root down
    /// or from the parent up.
    pub(crate) fn get_management_group(&self, name: &str, call: &Call) -> Result<Reply, ArmError> {
        let group = self.group(name)?;
        let recurses = call.query.get("$recurse").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let mut body = json!({
            "id": group_id(&group.name),
            "type": GROUP,
            "name": group.name,
            "properties": {
                "tenantId": group.tenant,
                "displayName": group.display_name,
                "details": { "version": 1, "parent": self.parent(group) }
            }
        });
        let properties = &mut body["properties"];
        match call.query.get("$expand").map(str::to_ascii_lowercase).as_deref() {
            None if recurses => return Err(ArmError::invalid_query("$recurse", "it needs $expand=children.")),
            None => {}
            Some("children") => {
                let depth = if recurses { self.estate.management_groups.len() } else { 0 };
                let groups_only = groups_only(call)?;
                properties["children"] = self.children(group, depth, groups_only);
            }
            Some("ancestors") => properties["details"]["managementGroupAncestorsChain"] = self.above(group).collect(),
            Some("path") => {
                let mut path: Vec<Value> = self.above(group).collect();
                path.reverse();
                properties["details"]["path"] = path.into();
            }
            Some(word) => return Err(ArmError::invalid_query("$expand", &format!("'{word}' cannot be expanded."))),
        }
        Ok(Reply::ok(body))
    }

    /// All groups and subscriptions below a group, flat. `$top` is how many one page has; together with `$skiptoken` it wins, and
    /// the list begins anew (OpenAPI: "Passing this in will override $skipToken").
    pub(crate) fn list_descendants(&self, name: &str, call: &Call) -> Result<Reply, ArmError> {
        let group = self.group(name)?;
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
        let groups = self
            .estate
            .management_groups
            .iter()
            .filter(|one| below(&group_id(&one.name).into()))
            .map(|one| entry(group_id(&one.name), GROUP, &one.name, &one.display_name, one.parent.as_deref()));
        let here = self.estate.subscriptions.iter().filter(|one| below(&subscription_id(one).into()));
        let subscriptions = here
            .map(|one| entry(subscription_id(one), SUBSCRIPTION, &one.id, &one.display_name, one.parent.as_deref()));
        let top = paging::top(call)?;
        let position = if top.is_some() { Position::default() } else { Position::of(call)? };
        let size = top.unwrap_or(self.pages.other).min(self.pages.other);
        let call = call.without("$top");
        let (page, next) = paging::cut(&call, groups.chain(subscriptions).collect(), &position, "", size)?;
        Ok(Reply::list(page, next))
    }

    /// The subscriptions right below a group.
    pub(crate) fn list_group_subscriptions(&self, name: &str, call: &Call) -> Result<Reply, ArmError> {
        let group = self.group(name)?;
        let all = self.estate.subscriptions.iter().filter(|one| is_below(one.parent.as_deref(), group));
        self.page(call, all.map(|one| subscription_body(one, group)).collect())
    }

    /// A subscription right below a group.
    pub(crate) fn get_group_subscription(&self, name: &str, id: &str) -> Result<Reply, ArmError> {
        let group = self.group(name)?;
        let found = self.estate.subscription(id).filter(|one| is_below(one.parent.as_deref(), group));
        let missing = || {
            // Unverified: the sentence.
            let words = format!("The subscription '{id}' is not in the management group '{name}'.");
            ArmError::new(404, "NotFound", words)
        };
        found.map(|one| Reply::ok(subscription_body(one, group))).ok_or_else(missing)
    }

    fn group(&self, name: &str) -> Result<&ManagementGroup, ArmError> {
        self.estate.management_group(name).ok_or_else(|| ArmError::no_management_group(name))
    }

    fn parent(&self, group: &ManagementGroup) -> Value {
        let parent = group.parent.as_deref().and_then(|name| self.estate.management_group(name));
        parent.map_or_else(
            || {
                let root = &group.tenant;
                // The root group of a tenant that nobody described, unless this is it.
                if is_same(root, &group.name) {
                    return Value::Null;
                }
                json!({ "id": group_id(root), "name": root, "displayName": ROOT })
            },
            |parent| json!({ "id": group_id(&parent.name), "name": parent.name, "displayName": parent.display_name }),
        )
    }

    /// The groups above a group, nearest first.
    fn above<'a>(&'a self, group: &'a ManagementGroup) -> impl Iterator<Item = Value> + 'a {
        let mut seen: Vec<&ManagementGroup> = vec![group];
        while let Some(parent) = seen.last().and_then(|last| self.estate.management_group(last.parent.as_deref()?)) {
            if seen.iter().any(|known| known.name == parent.name) {
                break;
            }
            seen.push(parent);
        }
        let ends_at_root = seen.last().is_some_and(|last| is_same(&last.name, &last.tenant));
        let root = (!ends_at_root).then(|| json!({ "name": group.tenant, "displayName": ROOT }));
        let described = seen.into_iter().skip(1);
        described.map(|one| json!({ "name": one.name, "displayName": one.display_name })).chain(root)
    }

    fn children(&self, group: &ManagementGroup, depth: usize, groups_only: bool) -> Value {
        let mut children = Vec::new();
        let groups = self.estate.management_groups.iter().filter(|one| is_below(one.parent.as_deref(), group));
        for child in groups {
            let mut body = json!({
                "id": group_id(&child.name),
                "type": GROUP,
                "name": child.name,
                "displayName": child.display_name
            });
            if depth > 0 {
                body["children"] = self.children(child, depth - 1, groups_only);
            }
            children.push(body);
        }
        let subscriptions = self.estate.subscriptions.iter().filter(|one| is_below(one.parent.as_deref(), group));
        children.extend(subscriptions.filter(|_| !groups_only).map(|child| {
            json!({
                "id": subscription_id(child),
                "type": "/subscriptions",
                "name": child.id,
                "displayName": child.display_name
            })
        }));
        Value::Array(children)
    }
}

/// What the root group of a tenant is called, as long as nobody renames it (Microsoft documentation: "What are Azure management
/// groups?").
const ROOT: &str = "Tenant root group";

/// Reads `$filter`, of which the service knows one (OpenAPI).
fn groups_only(call: &Call) -> Result<bool, ArmError> {
    let Some(text) = call.query.get("$filter") else { return Ok(false) };
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [field, ne, kind]
            if field.eq_ignore_ascii_case("children.childType")
                && ne.eq_ignore_ascii_case("ne")
                && kind.trim_matches('\'').eq_ignore_ascii_case("Subscription") =>
        {
            Ok(true)
        }
        _ => Err(ArmError::invalid_query("$filter", "only 'children.childType ne Subscription' is known.")),
    }
}

fn is_below(parent: Option<&str>, group: &ManagementGroup) -> bool {
    parent.is_some_and(|name| is_same(name, &group.name))
}

fn subscription_body(one: &Subscription, group: &ManagementGroup) -> Value {
    json!({
        "id": format!("{}/subscriptions/{}", group_id(&group.name), one.id),
        "type": SUBSCRIPTION,
        "name": one.id,
        "properties": {
            "tenant": one.tenant,
            "displayName": one.display_name,
            "parent": { "id": group_id(&group.name) },
            "state": "Active"
        }
    })
}

fn group_id(name: &str) -> String {
    format!("/providers/Microsoft.Management/managementGroups/{name}")
}
