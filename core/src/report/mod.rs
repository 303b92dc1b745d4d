//! What a person is told of an installation, made of the documents as values: lists of what is parked, and stories in sentences. Nothing
//! here decides anything, and nothing is fetched or printed: the commands do that.

mod code_words;
pub mod doctor;
mod forecast;
mod how_long;
mod parked;
mod policy_state_file;
mod reason_words;
mod run_story;
mod state;
mod story;
mod words;

pub use code_words::in_words;
pub use forecast::{Forecast, PlannedGrant, PlannedPark, PlannedTask, Waits};
pub use how_long::{HowLong, Paced, how_long};
pub use parked::{ParkedItem, ParkedWhat, parked_items};
pub use policy_state_file::StateRow;
pub use run_story::run_story;
pub use story::Story;
pub use words::ago;
