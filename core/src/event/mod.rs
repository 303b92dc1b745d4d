//! What happened: the vendor's JSON becomes a small domain value at this edge. Nothing below sees the wire form.

mod policy_event;
mod taken;
mod wire;

pub use policy_event::{ComplianceState, EventKind, Malformed, Parsed, PolicyEvent, Relevance, from_the_future, read};
pub use taken::{Refusal, Taken, take, take_message};
