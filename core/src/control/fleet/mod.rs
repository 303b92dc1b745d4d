//! How much, and how fast: first steps, paces and approvals of an assignment over all subscriptions. `admission` says how much of a wave may go,
//! `booking` takes it and gives it back, `verification` waits for fixes to be confirmed. All of it is decided on the fleet's document, which is written by compare-and-swap.

mod admission;
mod approved;
mod booking;
mod breaker;
mod limits;
mod outcome;
mod room;
mod standing;
mod terms;
#[cfg(test)]
mod tests;
mod verification;

pub use admission::{Asked, room};
pub(crate) use approved::lets;
pub use booking::{Entered, Entry, Taken, enter};
pub use breaker::{BreakerRule, close};
pub use limits::Limits;
pub(crate) use outcome::note_outcome;
pub use room::Room;
pub use standing::{PaceStanding, StepStanding, pace_standings, step_standings};
pub use terms::Given;
pub use verification::Judged;
pub(crate) use verification::{await_fixes_of, is_judged, judged, no_longer_awaited, note_forgotten};
