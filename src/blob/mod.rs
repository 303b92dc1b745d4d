//! The state in Blob Storage: documents changed only by compare-and-swap on the ETag; crash marks, stopped targets and rejected
//! items are written as they are. What the documents are is told in `remediation::document`.

mod approvals_reader;
mod approvals_store;
mod breaker_mark;
mod breakers;
mod container;
mod controls_reader;
mod crash_marks;
mod fleet_ledger;
mod fleets;
mod installation_reader;
mod kept_items;
mod listing;
mod races;
mod rejected;
mod state_error;
mod stopped;
mod stopped_store;
mod store;
mod write_pace;

pub use approvals_reader::ApprovalsReader;
pub use approvals_store::ReadApprovals;
pub use container::Saved;
pub use controls_reader::ControlsReader;
pub use crash_marks::{CrashMark, crash_key};
pub use fleet_ledger::FleetLedger;
pub use fleets::ReadFleets;
pub use installation_reader::InstallationReader;
pub use kept_items::{KeptBlob, KeptItem};
pub use rejected::{Encoding, Rejected};
pub use state_error::StateError;
pub use stopped::Stopped;
pub use store::Store;
