//! Times, as far as they can be reckoned with, and the clocks that a decision is told.

mod moment;
mod timestamp;

pub use moment::Moment;
pub use timestamp::{Timestamp, deserialize_time, parse_time, time_text};
