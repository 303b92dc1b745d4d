//! Policy assignments, definitions and initiatives: list and get, as Microsoft.Authorization answers (shapes: OpenAPI
//! examples of version 2024-05-01). Read only.

use super::{
    error::ArmError,
    paging::{self, Position},
    reply::Reply,
    request::Call,
    world::World,
};
use crate::estate::{
    ArmId, Assignment, Definition, EffectSource, EnforcementMode, Identity, Initiative, Scope, SelectorKind,
};
use serde_json::{Map, Value, json};

/// The filters of these lists.
enum ListFilter {
    All,
    AtScope,
    AtExactScope,
    PolicyDefinition(ArmId),
    PolicyType(String),
}

impl World {
    pub(crate) fn list_assignments(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let filter = read_filter(call)?;
        let mut found = Vec::new();
        for assignment in &self.estate.assignments {
            let at = assignment.scope();
            let applies = self.estate.covers(&at, scope);
            let below = self.estate.covers(scope, &at);
            let listed = match &filter {
                ListFilter::All => applies || below,
                ListFilter::AtScope => applies,
                ListFilter::AtExactScope => at == *scope,
                ListFilter::PolicyDefinition(id) => (applies || below) && assignment.definition == *id,
                ListFilter::PolicyType(_) => return Err(not_a_filter(call)),
            };
            if listed {
                found.push(assignment_body(assignment));
            }
        }
        self.page(call, found)
    }

    pub(crate) fn get_assignment(&self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let found = self.estate.assignment(id).ok_or_else(|| ArmError::assignment_not_found(id.name()))?;
        Ok(Reply::ok(assignment_body(found)))
    }

    pub(crate) fn list_definitions(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        let filter = self.definition_filter(scope, call)?;
        let all = self.estate.definitions.iter();
        let found = all.filter(|one| self.is_listed(&one.id, scope, &filter)).map(definition_body);
        self.page(call, found.collect())
    }

    pub(crate) fn get_definition(&self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_definition_scope(&id.parent_scope())?;
        let found = self.seen_from(id).find_map(|id| self.estate.definition(&id));
        Ok(Reply::ok(definition_body(found.ok_or_else(|| ArmError::definition_not_found(id.name()))?)))
    }

    pub(crate) fn list_initiatives(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        let filter = self.definition_filter(scope, call)?;
        let all = self.estate.initiatives.iter();
        let found = all.filter(|one| self.is_listed(&one.id, scope, &filter)).map(initiative_body);
        self.page(call, found.collect())
    }

    pub(crate) fn get_initiative(&self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_definition_scope(&id.parent_scope())?;
        let found = self.seen_from(id).find_map(|id| self.estate.initiative(&id));
        Ok(Reply::ok(initiative_body(found.ok_or_else(|| ArmError::initiative_not_found(id.name()))?)))
    }

    /// An estate knows no exemptions, only records in state `Exempt`; so the list is there, and empty.
    pub(crate) fn list_exemptions(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        self.page(call, Vec::new())
    }

    pub(crate) fn page(&self, call: &Call, items: Vec<Value>) -> Result<Reply, ArmError> {
        let (page, next) = paging::cut(call, items, &Position::of(call)?, "list", self.pages.other)?;
        Ok(Reply::list(page, next))
    }

    /// A built-in definition is also found under a subscription or group, by its own name (OpenAPI example
    /// `getBuiltinPolicyDefinition`).
    fn seen_from(&self, id: &ArmId) -> impl Iterator<Item = ArmId> + use<> {
        let kind = id.resource_type().unwrap_or_default();
        [id.clone(), ArmId::new(format!("/providers/{kind}/{}", id.name()))].into_iter()
    }

    fn definition_filter(&self, scope: &ArmId, call: &Call) -> Result<ListFilter, ArmError> {
        self.check_definition_scope(scope)?;
        match read_filter(call)? {
            filter @ (ListFilter::All | ListFilter::AtExactScope | ListFilter::PolicyType(_)) => Ok(filter),
            ListFilter::AtScope | ListFilter::PolicyDefinition(_) => Err(not_a_filter(call)),
        }
    }

    fn check_definition_scope(&self, scope: &ArmId) -> Result<(), ArmError> {
        match self.check_scope(scope)? {
            Scope::Tenant | Scope::ManagementGroup(_) | Scope::Subscription(_) => Ok(()),
            Scope::ResourceGroup(..) | Scope::Resource(_) => Err(ArmError::path_not_found(scope.as_str())),
        }
    }

    fn is_listed(&self, id: &ArmId, scope: &ArmId, filter: &ListFilter) -> bool {
        let at = id.parent_scope();
        let built_in = Scope::parse(&at) == Some(Scope::Tenant);
        let tenant = Scope::parse(scope) == Some(Scope::Tenant);
        let visible = if tenant { built_in } else { self.estate.covers(&at, scope) };
        match filter {
            ListFilter::AtExactScope => at == *scope,
            ListFilter::PolicyType(kind) => visible && kind.eq_ignore_ascii_case(policy_type(id)),
            ListFilter::All | ListFilter::AtScope | ListFilter::PolicyDefinition(_) => visible,
        }
    }
}

fn read_filter(call: &Call) -> Result<ListFilter, ArmError> {
    let Some(text) = call.query.get("$filter") else { return Ok(ListFilter::All) };
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let quoted = |text: &str| {
        let value = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(text).to_owned();
        Some(value).filter(|value| !value.is_empty() && !value.contains('\''))
    };
    if plain == "atscope()" {
        return Ok(ListFilter::AtScope);
    }
    if plain == "atexactscope()" {
        return Ok(ListFilter::AtExactScope);
    }
    let mut words = text.split_whitespace();
    let (field, operator, value) = (words.next(), words.next(), words.collect::<Vec<_>>().join(" "));
    let field = field.unwrap_or_default().to_lowercase();
    let is_equal = matches!(operator.unwrap_or_default().to_lowercase().as_str(), "eq" | "-eq");
    match (field.as_str(), is_equal, quoted(&value)) {
        ("policydefinitionid", true, Some(id)) => Ok(ListFilter::PolicyDefinition(ArmId::new(id))),
        ("policytype", true, Some(kind)) => Ok(ListFilter::PolicyType(kind)),
        _ => Err(not_a_filter(call)),
    }
}

fn not_a_filter(call: &Call) -> ArmError {
    let text = call.query.get("$filter").unwrap_or_default();
    ArmError::invalid_query("$filter", &format!("'{text}' is not supported here."))
}

fn policy_type(id: &ArmId) -> &'static str {
    if Scope::parse(&id.parent_scope()) == Some(Scope::Tenant) { "BuiltIn" } else { "Custom" }
}

fn assignment_body(assignment: &Assignment) -> Value {
    let parameters = assignment.parameters.iter().map(|(name, value)| (name.clone(), json!({ "value": value })));
    let mut properties = json!({
        "displayName": assignment.display_name,
        "policyDefinitionId": assignment.definition.as_str(),
        "definitionVersion": "1.*.*",
        "scope": assignment.scope().as_str(),
        "notScopes": assignment.not_scopes,
        "parameters": Value::Object(parameters.collect()),
        "metadata": {},
        "enforcementMode": match assignment.enforcement {
            EnforcementMode::Default => "Default",
            EnforcementMode::DoNotEnforce => "DoNotEnforce",
        }
    });
    if !assignment.overrides.is_empty() {
        properties["overrides"] = assignment
            .overrides
            .iter()
            .map(|one| {
                let selectors: Vec<Value> = one
                    .selectors
                    .iter()
                    .map(|selector| {
                        let kind = match selector.kind {
                            SelectorKind::PolicyDefinitionReferenceId => "policyDefinitionReferenceId",
                            SelectorKind::ResourceLocation => "resourceLocation",
                        };
                        if selector.not_among.is_empty() {
                            json!({ "kind": kind, "in": selector.among })
                        } else {
                            json!({ "kind": kind, "notIn": selector.not_among })
                        }
                    })
                    .collect();
                json!({ "kind": "policyEffect", "value": one.effect, "selectors": selectors })
            })
            .collect();
    }
    let mut body = json!({
        "properties": properties,
        "id": assignment.id.as_str(),
        "type": "Microsoft.Authorization/policyAssignments",
        "name": assignment.id.name()
    });
    if let Some(location) = &assignment.location {
        body["location"] = json!(location);
    }
    match &assignment.identity {
        Identity::None => {}
        Identity::SystemAssigned { principal, tenant } => {
            body["identity"] = json!({ "type": "SystemAssigned", "principalId": principal, "tenantId": tenant });
        }
        Identity::UserAssigned { resource, principal, client } => {
            let mut identities = Map::new();
            identities.insert(resource.as_str().to_owned(), json!({ "principalId": principal, "clientId": client }));
            body["identity"] = json!({ "type": "UserAssigned", "userAssignedIdentities": identities });
        }
    }
    body
}

fn definition_body(definition: &Definition) -> Value {
    let mut parameters = definition.parameters.clone();
    let effect = match &definition.effect {
        EffectSource::Literal(effect) => effect.clone(),
        EffectSource::Parameter { name, default, allowed } => {
            let mut parameter = json!({ "type": "String", "allowedValues": allowed });
            if let Some(default) = default {
                parameter["defaultValue"] = json!(default);
            }
            parameters.insert(name.clone(), parameter);
            format!("[parameters('{name}')]")
        }
    };
    let mut then = json!({ "effect": effect });
    if !definition.roles.is_empty() {
        then["details"] = json!({ "roleDefinitionIds": definition.roles });
    }
    json!({
        "properties": {
            "displayName": definition.display_name,
            "policyType": policy_type(&definition.id),
            "mode": "Indexed",
            "metadata": { "version": "1.0.0" },
            "version": "1.0.0",
            "parameters": parameters,
            "policyRule": {
                "if": { "field": "type", "equals": definition.target_type },
                "then": then
            },
            "versions": ["1.0.0"]
        },
        "id": definition.id.as_str(),
        "type": "Microsoft.Authorization/policyDefinitions",
        "name": definition.id.name()
    })
}

fn initiative_body(initiative: &Initiative) -> Value {
    let members: Vec<Value> = initiative
        .members
        .iter()
        .map(|member| {
            let values = member.parameters.iter().map(|(name, value)| (name.clone(), json!({ "value": value })));
            json!({
                "policyDefinitionReferenceId": member.reference,
                "policyDefinitionId": member.definition.as_str(),
                "definitionVersion": "1.*.*",
                "parameters": Value::Object(values.collect()),
                "groupNames": []
            })
        })
        .collect();
    json!({
        "properties": {
            "displayName": initiative.display_name,
            "policyType": policy_type(&initiative.id),
            "metadata": { "version": "1.0.0" },
            "version": "1.0.0",
            "parameters": initiative.parameters,
            "policyDefinitions": members,
            "versions": ["1.0.0"]
        },
        "id": initiative.id.as_str(),
        "type": "Microsoft.Authorization/policySetDefinitions",
        "name": initiative.id.name()
    })
}
