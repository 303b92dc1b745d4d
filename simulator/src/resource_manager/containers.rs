//! Resource groups, and the lists of what is in them and in a subscription (OpenAPI, resources 2024-11-01). Read only.

use super::{error::ArmError, paging, reply::Reply, request::Call, world::World};
use crate::estate::{ArmId, Scope};
use serde_json::{Value, json};

/// A group has a location of its own, which nobody here asks for: what is in it decides where work is done.
const LOCATION: &str = "eastus";

impl World {
    pub(crate) fn list_resource_groups(&self, subscription: &str, call: &Call) -> Result<Reply, ArmError> {
        self.check_scope(&ArmId::new(format!("/subscriptions/{subscription}")))?;
        if let Some(filter) = call.query.get("$filter") {
            // Groups are filtered by tags, and there are none here.
            return Err(ArmError::invalid_query("$filter", &format!("'{filter}' is not supported here.")));
        }
        let is_here = |id: &ArmId| id.subscription().is_some_and(|found| found.eq_ignore_ascii_case(subscription));
        let mut found: Vec<&ArmId> = self.groups().filter(|id| is_here(id)).collect();
        found.sort_unstable();
        self.page(call, found.into_iter().map(group_body).collect())
    }

    pub(crate) fn get_resource_group(&self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_scope(id)?;
        Ok(Reply::ok(group_body(id)))
    }

    /// What a subscription or group holds; only top-level types are filtered by, as the service does.
    pub(crate) fn list_resources(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        match self.check_scope(scope)? {
            Scope::Subscription(_) | Scope::ResourceGroup(..) => {}
            _ => return Err(ArmError::path_not_found(scope.as_str())),
        }
        let wanted = call.query.get("$filter").map(read_filter).transpose()?.unwrap_or_default();
        let mut found: Vec<(&ArmId, &String)> =
            self.resources.iter().filter(|(id, _)| id.is_within(scope) && *id != scope).collect();
        found.sort_unstable();
        let listed = found.into_iter().filter(|(id, location)| wanted.iter().all(|one| one.takes(id, location)));
        let expands = call.query.get("$expand").unwrap_or_default().to_lowercase();
        let bodies = listed.map(|(id, location)| {
            let mut body = resource_body(id, location);
            // When it was made and changed, nobody here knows.
            if expands.split(',').any(|word| word.trim() == "provisioningstate") {
                body["provisioningState"] = "Succeeded".into();
            }
            body
        });
        let (page, next) = paging::cut_by_top(call, bodies.collect(), self.pages.other)?;
        Ok(Reply::list(page, next))
    }
}

/// One comparison of a filter.
struct Wanted {
    field: String,
    is_equal: bool,
    value: String,
}

impl Wanted {
    fn takes(&self, id: &ArmId, location: &str) -> bool {
        let found = match self.field.as_str() {
            "resourcetype" => id.resource_type().unwrap_or_default(),
            "resourcegroup" => id.resource_group().unwrap_or_default().to_owned(),
            "location" => location.to_owned(),
            _ => id.name().to_owned(),
        };
        found.eq_ignore_ascii_case(&self.value) == self.is_equal
    }
}

/// Comparisons that all must hold (Microsoft documentation, "Resources - List").
fn read_filter(text: &str) -> Result<Vec<Wanted>, ArmError> {
    let refused = || ArmError::invalid_query("$filter", &format!("'{text}' is not supported here."));
    let one = |part: &str| {
        let mut words = part.trim().splitn(3, ' ');
        let (field, operator, value) =
            (words.next()?.to_lowercase(), words.next()?.to_lowercase(), words.next()?.trim());
        let value = value.strip_prefix('\'')?.strip_suffix('\'')?.to_owned();
        let is_known = ["resourcetype", "resourcegroup", "location", "name"].contains(&field.as_str());
        let is_equal = operator == "eq";
        (is_known && (is_equal || operator == "ne")).then_some(Wanted { field, is_equal, value })
    };
    text.split(" and ").map(|part| one(part).ok_or_else(refused)).collect()
}

fn group_body(id: &ArmId) -> Value {
    json!({
        "id": id.as_str(),
        "name": id.name(),
        "type": "Microsoft.Resources/resourceGroups",
        "location": LOCATION,
        "properties": { "provisioningState": "Succeeded" }
    })
}

pub(super) fn resource_body(id: &ArmId, location: &str) -> Value {
    json!({ "id": id.as_str(), "name": id.name(), "type": id.resource_type(), "location": location })
}
