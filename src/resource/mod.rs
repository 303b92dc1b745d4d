//! The names of things in Azure, parsed once at the edge. Nothing here does I/O.
//!
//! All ids compare case-insensitively, so they are kept in lower case, the form that Azure Policy itself answers with.

mod arm_id;
mod assignment;
mod id;
mod path;
mod scope;
mod subscription;
mod target;

pub use arm_id::ArmId;
pub use assignment::{AssignmentHome, AssignmentId, ReferenceId};
pub use id::ResourceId;
pub use path::IdError;
pub use scope::Scope;
pub use subscription::SubscriptionId;
pub use target::{Target, TargetHash};
