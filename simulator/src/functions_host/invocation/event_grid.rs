//! Event Grid: an event is an object; what it has as `data` is in the metadata too.

use time::OffsetDateTime;

use super::{
    super::{
        encoding::wire,
        newtonsoft::{Json, Members},
        package::Function,
    },
    body,
};

/// One event.
pub(in super::super) fn event_grid_one(function: &Function, event: Members, now: OffsetDateTime) -> String {
    let data = event.get("data").cloned();
    let metadata = data.map(|data| ("data", wire(data))).into_iter().collect();
    body(function, Json::Object(event), metadata, Members::default(), now)
}

/// All events of a delivery, as a text that is a list; so are their `data`, null where an event has none.
pub(in super::super) fn event_grid_many(function: &Function, events: Vec<Members>, now: OffsetDateTime) -> String {
    let data = events.iter().map(|event| event.get("data").cloned().unwrap_or(Json::Null)).collect();
    let metadata = [("data", wire(Json::List(data)))].into_iter().collect();
    let events = events.into_iter().map(Json::Object).collect();
    body(function, wire(Json::List(events)), metadata, Members::default(), now)
}
