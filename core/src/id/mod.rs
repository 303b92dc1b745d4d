//! The names of things in Azure, parsed once at the edge. Nothing here does I/O.
//!
//! All ids compare without regard to case, so they are kept folded ([`fold()`]): ASCII letters in lower case, the form that Azure
//! Policy itself answers with.

mod arm_id;
mod assignment;
mod digest;
mod fold;
mod hex;
mod management_group;
mod path;
mod resource;
mod run_scope;
mod scope;
mod subscription;
mod target;

pub use arm_id::ArmId;
pub use assignment::{AssignmentHome, AssignmentId, ReferenceId};
pub use digest::{IdDigest, NoIdDigest};
pub use fold::fold;
pub(crate) use fold::fold_char;
pub use hex::hex;
pub use management_group::ManagementGroup;
pub use path::IdError;
pub(crate) use path::is_harmful;
pub use resource::ResourceId;
pub use run_scope::RunScope;
pub use scope::Scope;
pub use subscription::SubscriptionId;
pub use target::{NoTargetHash, Target, TargetHash};
