//! Who may do what: role definitions, role assignments, deny assignments and Lighthouse delegations as plain data, and the
//! judgement over them. It knows nothing of HTTP; the services ask it and say no in their own words.

mod access;
mod built_in;
mod condition;
pub(crate) mod data;
mod delegation;
mod denial;
mod gate;
mod grant;
mod identities;
mod judge;
mod lag;
mod pattern;
mod places;
mod role;

pub use access::{Access, Group, Lock, LockLevel};
pub use built_in::{built_in, built_in_roles};
pub use delegation::{Authorization, Delegation};
pub use denial::DenyAssignment;
pub use gate::Gate;
pub use grant::{PrincipalKind, RoleAssignment};
pub(crate) use judge::{Ask, Verdict, Wanted};
pub use lag::Lag;
pub use places::{container, queue};
pub use role::{Permission, Plane, RoleDefinition, role_guid};
