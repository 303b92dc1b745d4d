//! Stage 3, what is known: one document a target and one a subscription, in Blob Storage, changed only by compare-and-swap on the ETag.
//! (Crash marks, stopped targets and rejected items are written as they are.) The documents are plain values; what happens to them is
//! decided in `remediation`.

mod blob_store;
mod changes;
mod claim;
mod container;
mod crash_marks;
mod entry;
mod evaluation;
mod excluded;
mod extent;
mod hours;
mod installation;
mod installation_reader;
mod metadata;
mod quiet;
mod reasons;
mod rejected;
mod rival;
mod scope_park;
mod state_error;
mod stopped;
mod subscription_document;
mod sweep_place;
mod target_document;
mod target_park;
mod task;
mod task_name;
mod versioned;

pub use blob_store::Store;
pub use changes::{Change, changes};
pub use claim::{Claim, Claimed, ClaimedResources};
pub use container::Saved;
pub use crash_marks::{CrashMark, crash_key};
pub use entry::{Doubt, Entry, EntryState, LastFailure};
pub use evaluation::{Evaluation, EvaluationPhase};
pub use excluded::Excluded;
pub use extent::Extent;
pub use hours::{Hour, Sums, last_24_hours, sum_up};
pub use installation::{Installation, InstallationDocument, InstallationId, NoInstallationId};
pub use installation_reader::InstallationReader;
pub use metadata::{LeftOut, TargetSummary};
pub use quiet::quiet_since;
pub use reasons::{FailureClass, ParkReason, SkipReason};
pub use rejected::Rejected;
pub use rival::Rival;
pub use scope_park::ScopePark;
pub use state_error::StateError;
pub use stopped::{Stopped, StoppedTarget, hash_in};
pub use subscription_document::SubscriptionDocument;
pub use sweep_place::{Part, SweepPlace};
pub use target_document::{StatesReading, TargetDocument, Unlisted};
pub use target_park::TargetPark;
pub use task::{Absence, ActiveTask, GivingUp, PastTask, Reading, TaskPhase};
pub use task_name::TaskName;
pub use versioned::{ETag, Versioned};
