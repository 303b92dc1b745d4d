//! Policy assignments, definitions and initiatives: list and get, as Microsoft.Authorization answers (shapes: OpenAPI
//! examples of version 2024-05-01). What they look like is in `policy/bodies`.

use super::{
    error::ArmError,
    paging::{self, Position},
    policy::{Expands, definition_body, policy_type},
    reply::Reply,
    request::Call,
    world::World,
};
use crate::estate::{ArmId, Scope};
use serde_json::Value;

/// The filters of these lists.
enum ListFilter {
    All,
    AtScope,
    AtExactScope,
    /// What is below too, and nothing of what is above (help of the Azure CLI 2.91, `az policy assignment list --filter`).
    AtScopeAndBelow,
    PolicyDefinition(ArmId),
    PolicyType(String),
}

impl World {
    pub(crate) fn list_assignments(&self, scope: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let (filter, expands) = (read_filter(call)?, Expands::of(call)?);
        let mut found = Vec::new();
        for assignment in &self.estate.assignments {
            let at = assignment.scope();
            let applies = self.estate.covers(&at, scope);
            let below = self.estate.covers(scope, &at);
            let listed = match &filter {
                ListFilter::All => applies || below,
                ListFilter::AtScope => applies,
                ListFilter::AtExactScope => at == *scope,
                ListFilter::AtScopeAndBelow => below,
                ListFilter::PolicyDefinition(id) => (applies || below) && assignment.definition == *id,
                ListFilter::PolicyType(_) => return Err(not_a_filter(call)),
            };
            if listed {
                found.push(self.assignment_body(assignment, expands));
            }
        }
        self.page(call, found)
    }

    pub(crate) fn get_assignment(&self, id: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let found = self.estate.assignment(id).ok_or_else(|| ArmError::assignment_not_found(id.name()))?;
        Ok(Reply::ok(self.assignment_body(found, Expands::of(call)?)))
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
        let expands = Expands::of(call)?;
        let found = all.filter(|one| self.is_listed(&one.id, scope, &filter));
        self.page(call, found.map(|one| self.initiative_body(one, expands)).collect())
    }

    pub(crate) fn get_initiative(&self, id: &ArmId, call: &Call) -> Result<Reply, ArmError> {
        self.check_definition_scope(&id.parent_scope())?;
        let found = self.seen_from(id).find_map(|id| self.estate.initiative(&id));
        let found = found.ok_or_else(|| ArmError::initiative_not_found(id.name()))?;
        Ok(Reply::ok(self.initiative_body(found, Expands::of(call)?)))
    }

    pub(crate) fn page(&self, call: &Call, items: Vec<Value>) -> Result<Reply, ArmError> {
        let (page, next) = paging::cut(call, items, &Position::of(call)?, "list", self.pages.other)?;
        Ok(Reply::list(page, next))
    }

    /// A built-in definition is also found under a subscription or group, by its own name (OpenAPI example
    /// `getBuiltinPolicyDefinition`).
    pub(crate) fn seen_from(&self, id: &ArmId) -> impl Iterator<Item = ArmId> + use<> {
        let kind = id.resource_type().unwrap_or_default();
        [id.clone(), ArmId::new(format!("/providers/{kind}/{}", id.name()))].into_iter()
    }

    fn definition_filter(&self, scope: &ArmId, call: &Call) -> Result<ListFilter, ArmError> {
        self.check_definition_scope(scope)?;
        match read_filter(call)? {
            filter @ (ListFilter::All
            | ListFilter::AtExactScope
            | ListFilter::AtScopeAndBelow
            | ListFilter::PolicyType(_)) => Ok(filter),
            ListFilter::AtScope | ListFilter::PolicyDefinition(_) => Err(not_a_filter(call)),
        }
    }

    pub(crate) fn check_definition_scope(&self, scope: &ArmId) -> Result<(), ArmError> {
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
            ListFilter::AtScopeAndBelow => !built_in && self.estate.covers(scope, &at),
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
    if plain == "atscopeandbelow()" {
        return Ok(ListFilter::AtScopeAndBelow);
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
