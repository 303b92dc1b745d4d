//! What is known: one document a target and one a subscription, and the small records beside them. Plain values and the differences
//! between two of them; what happens to them is decided in `transition`, the shell keeps them.

mod changes;
mod claim;
mod entry;
mod evaluation;
mod excluded;
mod hour;
mod hours;
mod installation;
mod metadata;
mod quiet;
mod reasons;
mod rival;
mod scope_park;
mod stopped;
mod subscription_document;
mod sweep_place;
mod target_document;
mod target_park;
mod task;
mod task_kind;
mod task_name;
mod versioned;

pub use changes::{Change, changes};
pub use claim::{Claim, Claimed, ClaimedResources};
pub use entry::{Doubt, Entry, EntryState, LastFailure};
pub use evaluation::{Evaluation, EvaluationPhase};
pub use excluded::Excluded;
pub use hour::{Hour, Sums};
pub use hours::{last_24_hours, sum_up};
pub use installation::{Installation, InstallationDocument, InstallationId, NoInstallationId};
pub use metadata::{LeftOut, TargetSummary, metadata_of, metadata_value, rival_in};
pub use quiet::quiet_since;
pub use reasons::{FailureClass, ParkReason, SkipReason};
pub use rival::Rival;
pub use scope_park::ScopePark;
pub use stopped::{StoppedTarget, hash_in};
pub use subscription_document::SubscriptionDocument;
pub use sweep_place::{Part, SweepPlace};
pub use target_document::{StatesCursor, TargetDocument, Unlisted};
pub use target_park::{TargetCause, TargetPark};
pub use task::{Absence, ActiveTask, DeploymentsCursor, GivingUp, PastTask, TaskPhase, TaskRequest};
pub use task_kind::TaskKind;
pub use task_name::TaskName;
pub use versioned::{ETag, FormatVersion, VERSION, Versioned};
