//! From JSON values to events: what wraps them is taken off, and what is something else is named.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use json_values::Wrapping;
use serde_json::Value;

/// Members that hold a list of events, and what tells that an object is an event itself.
pub(super) const WRAPPING: Wrapping = Wrapping { lists: &LISTS, marks: &MARKS };
const LISTS: [&str; 3] = ["value", "events", "records"];
const MARKS: [&str; 3] = ["eventType", "specversion", "cloudEventsVersion"];
/// Members that hold one event, or a list as text.
const WRAPPERS: [&str; 3] = ["event", "body", "Body"];
/// How deep wrappers are taken off.
const DEEPEST: usize = 8;

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// It is delivered. What may be a broken event is left to the worker, which says what is wrong with it.
    Event(Value),
    /// It cannot be an event, and this is what it is instead.
    Refused(&'static str),
}

/// Adds what a value holds.
pub(super) fn add(value: Value, to: &mut VecDeque<Entry>) {
    unwrap(value, 0, to);
}

fn unwrap(value: Value, depth: usize, to: &mut VecDeque<Entry>) {
    if depth < DEEPEST {
        match value {
            Value::Array(all) => return all.into_iter().for_each(|one| unwrap(one, depth + 1, to)),
            Value::Object(mut members) if !is_event(&members) => {
                let list = members
                    .iter()
                    .find(|(name, value)| value.is_array() && LISTS.iter().any(|list| name.eq_ignore_ascii_case(list)))
                    .map(|(name, _)| name.clone());
                let wrapped = WRAPPERS.into_iter().find(|name| members.contains_key(*name)).map(str::to_owned);
                if let Some(inner) = list.or(wrapped).and_then(|name| members.remove(&name)) {
                    return unwrap(parsed(inner), depth + 1, to);
                }
                return entry(Value::Object(members), to);
            }
            Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    entry(value, to);
}

/// The body of a message may be JSON text, or base64 of it.
fn parsed(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    let decoded = || serde_json::from_slice(&STANDARD.decode(text.trim()).ok()?).ok();
    serde_json::from_str(text).ok().or_else(decoded).unwrap_or(value)
}

fn entry(value: Value, to: &mut VecDeque<Entry>) {
    to.push_back(something_else(&value).map_or_else(|| Entry::Event(value), Entry::Refused));
}

type Members = serde_json::Map<String, Value>;

/// Whether it says of itself what kind of event it is, in one of the schemas.
fn is_event(members: &Members) -> bool {
    MARKS.into_iter().any(|name| members.contains_key(name))
}

/// What it is, if it cannot be an event.
fn something_else(value: &Value) -> Option<&'static str> {
    let members = match value {
        Value::Object(members) if is_event(members) => return None,
        Value::Object(members) => members,
        Value::Array(_) => return Some("a list within many lists"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Some("no JSON object"),
    };
    let has = |name: &str| members.contains_key(name);
    if has("operationName") && (has("eventTimestamp") || has("time") || has("caller")) {
        return Some(
            "an entry of the activity log; the events that are meant come from Event Grid (Microsoft.PolicyInsights)",
        );
    }
    let of_state = members.get("properties").and_then(Value::as_object).unwrap_or(members);
    if of_state.contains_key("policyAssignmentId") && of_state.contains_key("complianceState") {
        return Some("a policy state, not an event: a replay needs what Event Grid sent");
    }
    None
}
