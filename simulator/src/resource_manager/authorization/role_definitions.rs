//! Role definitions: built-in ones are seen from every scope, those of one's own where they may be assigned. Writing them
//! is for people; the worker only reads.

use super::super::{error::ArmError, reply::Reply, request::Call, world::World};
use crate::{
    estate::ArmId,
    rights::{Permission, RoleDefinition, built_in_roles},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Body {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    role_name: String,
    #[serde(default)]
    description: String,
    permissions: Vec<Permission>,
    assignable_scopes: Vec<String>,
}

impl World {
    pub(super) fn list_role_definitions(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let filter = call.query.get("$filter").map(read_filter).transpose()?;
        let all = built_in_roles().iter().chain(&self.estate.access.roles);
        let found = all.filter(|role| self.is_assignable(role, scope)).filter(|role| match &filter {
            None | Some(Filter::AtScopeAndBelow) => true,
            Some(Filter::Name(name)) => role.name.eq_ignore_ascii_case(name),
            Some(Filter::Type(kind)) => kind_of(role).eq_ignore_ascii_case(kind),
        });
        self.page(call, found.map(|role| body(role, scope)).collect())
    }

    pub(super) fn get_role_definition(&self, id: &ArmId) -> Result<Reply, ArmError> {
        let scope = id.parent_scope();
        self.check_scope(&scope)?;
        let found = self.estate.access.role(id.name()).filter(|role| self.is_assignable(role, &scope));
        let missing = || {
            let words = format!("The specified role definition with ID '{}' does not exist.", id.name());
            ArmError::new(404, "RoleDefinitionDoesNotExist", words)
        };
        Ok(Reply::ok(body(found.ok_or_else(missing)?, &scope)))
    }

    pub(super) fn put_role_definition(&mut self, id: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        let scope = id.parent_scope();
        self.check_scope(&scope)?;
        let read = serde_json::from_slice::<Body>(&call.body);
        let asked = read.map_err(|error| ArmError::unreadable(&error))?.properties;
        if built_in_roles().iter().any(|role| role.guid.eq_ignore_ascii_case(id.name())) {
            // Unverified: the code.
            let words = format!("The role definition '{}' is built in and cannot be changed.", id.name());
            return Err(ArmError::new(403, "RoleDefinitionUpdateNotPermitted", words));
        }
        let all = self.estate.access.roles.iter();
        let mut others = all.filter(|role| !role.guid.eq_ignore_ascii_case(id.name()));
        if others.any(|role| role.name.eq_ignore_ascii_case(&asked.role_name)) {
            let words =
                format!("A custom role with the same name already exists in this directory: '{}'.", asked.role_name);
            return Err(ArmError::new(409, "RoleDefinitionWithSameNameExists", words));
        }
        let role = RoleDefinition {
            description: asked.description,
            permissions: asked.permissions,
            assignable_scopes: asked.assignable_scopes.iter().map(ArmId::new).collect(),
            ..RoleDefinition::custom(id.name(), &asked.role_name, scope.clone())
        };
        let shown = body(&role, &scope);
        self.estate.access.roles.retain(|known| known.guid != role.guid);
        self.estate.access.roles.push(role);
        Ok(Reply::with_status(201, shown))
    }

    pub(super) fn delete_role_definition(&mut self, id: &ArmId) -> Result<Reply, ArmError> {
        let scope = id.parent_scope();
        self.check_scope(&scope)?;
        let is_it = |role: &RoleDefinition| role.guid.eq_ignore_ascii_case(id.name());
        let Some(role) = self.estate.access.roles.iter().find(|role| is_it(role)).cloned() else {
            return Ok(Reply::empty(204));
        };
        let mut grants = self.estate.access.grants.iter();
        if grants.any(|grant| grant.gone_at.is_none() && grant.role == role.guid) {
            let words = "There are existing role assignments referencing role.";
            return Err(ArmError::new(400, "RoleDefinitionHasAssignments", words));
        }
        self.estate.access.roles.retain(|role| !is_it(role));
        Ok(Reply::ok(body(&role, &scope)))
    }

    /// Where it may be assigned: at the scopes that it names, and below them.
    fn is_assignable(&self, role: &RoleDefinition, scope: &ArmId) -> bool {
        role.assignable_scopes.iter().any(|at| self.estate.covers(at, scope) || self.estate.covers(scope, at))
    }
}

enum Filter {
    AtScopeAndBelow,
    Name(String),
    Type(String),
}

fn read_filter(text: &str) -> Result<Filter, ArmError> {
    let plain = text.trim();
    if plain.eq_ignore_ascii_case("atScopeAndBelow()") {
        return Ok(Filter::AtScopeAndBelow);
    }
    let mut words = plain.splitn(3, ' ');
    let (field, operator, value) = (words.next(), words.next(), words.next());
    let value = value.and_then(|value| value.trim().strip_prefix('\'')?.strip_suffix('\'')).map(str::to_owned);
    let is_equal = operator.is_some_and(|word| word.eq_ignore_ascii_case("eq"));
    match (field.unwrap_or_default().to_lowercase().as_str(), value.filter(|_| is_equal)) {
        ("rolename", Some(name)) => Ok(Filter::Name(name)),
        ("type", Some(kind)) => Ok(Filter::Type(kind)),
        _ => Err(ArmError::invalid_query("$filter", &format!("'{text}' is not supported here."))),
    }
}

fn kind_of(role: &RoleDefinition) -> &'static str {
    if role.built_in { "BuiltInRole" } else { "CustomRole" }
}

/// Its id has the subscription that it was asked for under, or none.
fn body(role: &RoleDefinition, scope: &ArmId) -> Value {
    let prefix = scope.subscription().map(|id| format!("/subscriptions/{id}")).unwrap_or_default();
    let scopes: Vec<&str> = role.assignable_scopes.iter().map(ArmId::as_str).collect();
    let scopes: Vec<&str> = scopes.into_iter().map(|scope| if scope.is_empty() { "/" } else { scope }).collect();
    json!({
        "properties": {
            "roleName": role.name,
            "type": kind_of(role),
            "description": role.description,
            "assignableScopes": scopes,
            "permissions": role.permissions
        },
        "id": format!("{prefix}/providers/Microsoft.Authorization/roleDefinitions/{}", role.guid),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.guid
    })
}
