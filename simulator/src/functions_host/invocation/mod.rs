//! The body of an invocation, `Data` and `Metadata`, for every kind of trigger. Pure: names, values and the time come in.
//! Source: recordings of a real host (`simulator/recordings`).

mod event_grid;
mod http;
mod service_bus;
mod timer;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;

pub(super) use event_grid::{event_grid_many, event_grid_one};
pub(super) use http::{HttpRequest, http, joined};
pub(super) use service_bus::{service_bus_many, service_bus_one};
pub(super) use timer::{TimerCall, timer};

use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    encoding::full_date,
    newtonsoft::{Json, Members},
    package::Function,
};

/// The whole body. Every invocation has `sys`, behind the metadata of its trigger and before what leaks out of a body.
fn body(function: &Function, data: Json, mut metadata: Members, leaked: Members, now: OffsetDateTime) -> String {
    let sys = [
        ("MethodName", Json::text(function.name.as_str())),
        ("UtcNow", full_date(now, "Z")),
        ("RandGuid", Json::text(Uuid::new_v4().to_string())),
    ];
    metadata.set_key("sys", Json::object(sys));
    for (name, value) in leaked {
        metadata.set_key(&name, value);
    }
    let data = Json::object([(function.binding.as_str(), data)]);
    Json::object([("Data", data), ("Metadata", Json::Object(metadata))]).to_string()
}

/// What a body that is an object gives to the binding data, over what is there: each member that is no list and not null,
/// objects as they are and the rest as .NET's text. What ends in "trigger" is left out.
fn leaking(body: Json) -> Members {
    let Json::Object(members) = body else { return Members::default() };
    let leaks = members.into_iter().filter_map(|(name, value)| {
        if name.to_ascii_lowercase().ends_with("trigger") {
            return None;
        }
        let value = match value {
            Json::Object(_) => value,
            Json::Null
            | Json::Bool(_)
            | Json::Whole(_)
            | Json::Float(_)
            | Json::Text(_)
            | Json::Date(_)
            | Json::List(_) => super::encoding::wire(Json::Text(value.plain()?)),
        };
        Some((name, value))
    });
    leaks.collect()
}
