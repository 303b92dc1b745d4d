//! Scenarios: a situation in a file, played on the local Azure, with a verdict for each expectation at the end. The form
//! of the file is in `format`; what it says is made into an estate, events, fakes and steps, and how the run has ended into
//! plain values that are judged.

mod acting;
mod assigned;
mod end;
mod fake;
mod format;
mod land;
mod pace;
mod play;
mod read;
mod rights;
mod steps;
mod verdict;

pub use end::{Call, End, Place};
pub use format::*;
pub use play::{Played, Situation, play};
pub(crate) use steps::Scene;
pub use verdict::{Outcome, Verdict, verdicts};
