//! Timers: what the timer knows of its runs, and how this one came about.

use time::OffsetDateTime;

use super::{
    super::{
        encoding::{full_date, wire},
        newtonsoft::{Json, Members},
        package::Function,
        timers::Status,
    },
    body,
};

/// A run of a timer.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct TimerCall {
    /// Whether the schedule follows the clock's customs: not when it is a span.
    pub(in super::super) adjusts: bool,
    /// What is kept of the timer, if anything is.
    pub(in super::super) status: Option<Status>,
    /// The run was due while no host ran.
    pub(in super::super) is_past_due: bool,
    /// Somebody asked for it.
    pub(in super::super) by_hand: bool,
}

pub(in super::super) fn timer(function: &Function, call: TimerCall, now: OffsetDateTime) -> String {
    let date = |time| full_date(time, "+00:00");
    let status = call.status.map_or(Json::Null, |status| {
        Json::object([("Last", date(status.last)), ("Next", date(status.next)), ("LastUpdated", date(status.updated))])
    });
    let timer = Json::object([
        ("Schedule", Json::object([("AdjustForDST", Json::Bool(call.adjusts))])),
        ("ScheduleStatus", status),
        ("IsPastDue", Json::Bool(call.is_past_due)),
    ]);
    // By hand the run has an input, which is empty.
    let input = call.by_hand.then(|| (function.binding.as_str(), wire(Json::text(""))));
    body(function, timer, input.into_iter().collect(), Members::default(), now)
}
