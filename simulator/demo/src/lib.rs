//! The main job, shown: an estate, a burst of events with duplicates and disorder, and what the worker made of them, read from
//! the wire (the services' own records and the state documents) and from the worker's log, and from nothing else.

mod by_policy;
pub mod calls;
mod captured;
mod counted;
mod demo;
mod estate;
mod events;
mod feed;
mod follow;
mod glance;
pub mod judgement;
mod package;
mod parked;
mod planned;
mod report;
mod reported;
mod rights;
mod run;
pub mod scenario;
mod scores;
mod settings;
mod stage;
mod storm;
mod tally;

pub use by_policy::PolicyRow;
pub use captured::{CapturedFile, Entries, Entry, Refusals};
pub use demo::{Conditions, Demo, Owner};
pub use estate::estate;
pub use events::{Burst, burst};
pub use feed::Events;
pub use follow::follow;
pub use package::{PackageFile, stage};
pub use parked::{ParkedItem, ParkedTarget};
pub use planned::PlannedTarget;
pub use report::Report;
pub use rights::{WORKER, with_operator, with_rights};
pub use run::{Kept, Progress, Show, run, run_and_keep};
pub use settings::{Mode, settings, tempo};
pub use storm::Storm;
