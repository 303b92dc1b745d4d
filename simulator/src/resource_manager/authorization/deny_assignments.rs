//! Deny assignments, read only: `atScope()` is at the scope and above it, as is everything else here (Microsoft
//! documentation: "List Azure deny assignments").

use super::{
    super::{error::ArmError, reply::Reply, request::Call, world::World},
    role_filter::RoleFilter,
};
use crate::{estate::ArmId, rights::DenyAssignment};
use serde_json::{Value, json};

impl World {
    pub(super) fn list_deny_assignments(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let filter = RoleFilter::of(call)?;
        let found = self.estate.access.denials.iter().filter(|denial| {
            let above = self.estate.covers(&denial.scope, scope);
            let below = !filter.not_below && self.estate.covers(scope, &denial.scope);
            let names = |id: &String| {
                let ids = self.estate.access.ids_of(id);
                denial.shown_principals().iter().any(|one| ids.iter().any(|id| id.eq_ignore_ascii_case(one)))
            };
            (above || below) && filter.principal.as_ref().or(filter.assigned_to.as_ref()).is_none_or(names)
        });
        self.page(call, found.map(body).collect())
    }

    pub(super) fn get_deny_assignment(&self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let found = self.estate.access.denials.iter().find(|denial| denial.id() == *id);
        let missing = || {
            // Unverified: code and sentence.
            let words = format!("The deny assignment '{}' is not found.", id.name());
            ArmError::new(404, "DenyAssignmentNotFound", words)
        };
        Ok(Reply::ok(body(found.ok_or_else(missing)?)))
    }
}

fn body(denial: &DenyAssignment) -> Value {
    let kind = if denial.principals.is_empty() { "SystemDefined" } else { "ServicePrincipal" };
    let named =
        |ids: Vec<&str>, kind: &str| -> Value { ids.into_iter().map(|id| json!({ "id": id, "type": kind })).collect() };
    let mut properties = json!({
        "denyAssignmentName": denial.display_name,
        "description": "",
        "permissions": [denial.permission],
        "scope": denial.scope.as_str(),
        "doNotApplyToChildScopes": denial.not_below,
        "principals": named(denial.shown_principals(), kind),
        "excludePrincipals": named(denial.excluded.iter().map(String::as_str).collect(), "ServicePrincipal"),
        "isSystemProtected": true
    });
    if let Some(condition) = &denial.condition {
        properties["condition"] = json!(condition);
        properties["conditionVersion"] = json!("2.0");
    }
    json!({
        "properties": properties,
        "id": denial.id().as_str(),
        "type": "Microsoft.Authorization/denyAssignments",
        "name": denial.name
    })
}
