//! Stage 1, what happened: the vendor's JSON becomes a small domain value at this edge. Pure; nothing below sees the wire form.

mod moment;
mod policy_event;
mod time_text;
mod wire;

pub use moment::Moment;
pub use policy_event::{ComplianceState, EventKind, Malformed, PolicyEvent, Reading, Relevance, from_the_future, read};
pub use time_text::{Timestamp, deserialize_time, parse_time, time_text};
