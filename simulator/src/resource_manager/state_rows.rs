//! Rows of policy states or events, or of groups of them, as the service orders, selects and shows them.

use super::{error::ArmError, policy_event, policy_state, reply::Reply, request::Call};
use crate::estate::{lower, parse_instant};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// What is queried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// What was found of each resource, by evaluations of it.
    States,
    /// When that changed.
    Events,
}

impl Table {
    /// Its columns, which can all be filtered, selected and ordered by.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::States => &policy_state::COLUMNS,
            Self::Events => &policy_event::COLUMNS,
        }
    }

    /// Its type, as paths name it.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::States => "policyStates",
            Self::Events => "policyEvents",
        }
    }

    /// A column by its name in any case.
    pub(super) fn column(self, name: &str) -> Option<&'static str> {
        self.columns().iter().find(|column| column.eq_ignore_ascii_case(name)).copied()
    }
}

/// A column that rows are ordered by.
pub(super) struct Order {
    pub(super) column: String,
    descending: bool,
}

/// Reads `$orderby`; `column` finds a column by its name in any case. Descending is this service's default (OpenAPI
/// description of `$orderby`).
pub(super) fn orders(call: &Call, column: impl Fn(&str) -> Option<String>) -> Result<Vec<Order>, ArmError> {
    let Some(text) = call.query.get("$orderby") else { return Ok(Vec::new()) };
    let mut orders = Vec::new();
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let name = words.next().unwrap_or_default();
        let column = column(name).ok_or_else(|| unknown(name, "$orderby"))?;
        let descending = match words.next().map(str::to_ascii_lowercase).as_deref() {
            None | Some("desc") => true,
            Some("asc") => false,
            Some(word) => return Err(ArmError::invalid_query("$orderby", &format!("'{word}' is no direction."))),
        };
        orders.push(Order { column, descending });
    }
    Ok(orders)
}

/// Reads `$select`.
pub(super) fn selected(call: &Call, column: impl Fn(&str) -> Option<String>) -> Result<Option<Vec<String>>, ArmError> {
    let Some(text) = call.query.get("$select") else { return Ok(None) };
    let read = |name: &str| column(name).ok_or_else(|| unknown(name, "$select"));
    text.split(',').map(|name| read(name.trim())).collect::<Result<Vec<_>, _>>().map(Some)
}

pub(super) fn unknown(name: &str, option: &str) -> ArmError {
    ArmError::invalid_query(option, &format!("'{name}' is not a property here."))
}

pub(super) fn entity(row: Map<String, Value>, context: &str) -> Value {
    let mut body = Map::new();
    body.insert("@odata.id".to_owned(), Value::Null);
    body.insert("@odata.context".to_owned(), format!("{context}/$entity").into());
    body.extend(row);
    Value::Object(body)
}

/// A page of rows as OData.
pub(super) fn page_body(page: Vec<Value>, next: Option<String>, context: &str) -> Reply {
    Reply::ok(json!({
        "@odata.nextLink": next,
        "@odata.context": context,
        "@odata.count": page.len(),
        "value": page
    }))
}

pub(super) fn compare(a: &Map<String, Value>, b: &Map<String, Value>, orders: &[Order]) -> Ordering {
    for order in orders {
        let number = |row: &Map<String, Value>| row.get(&order.column).and_then(Value::as_u64);
        let text = |row: &Map<String, Value>| match row.get(&order.column) {
            Some(Value::String(text)) => lower(text),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let found = match (number(a), number(b), parse_instant(&text(a)), parse_instant(&text(b))) {
            (Some(a), Some(b), ..) => a.cmp(&b),
            (_, _, Some(a), Some(b)) if order.column == "timestamp" => a.cmp(&b),
            _ => text(a).cmp(&text(b)),
        };
        if found != Ordering::Equal {
            return if order.descending { found.reverse() } else { found };
        }
    }
    Ordering::Equal
}
