//! May the assignment's identity do what the policy asks? Roles are compared by what they allow, never by their names. What cannot be
//! told for certain is said to be uncertain: only what is certainly missing parks a target, and only what cannot grant rights is granted.
//! Source: Azure's documentation of role definitions, role assignments and deny assignments; API version 2022-04-01.

mod assigned;
mod definition;
mod grant;
mod own;
mod pattern;
mod preflight;
#[cfg(test)]
mod preflight_tests;
mod remedy;
mod rights;

pub use assigned::{Denial, RoleAssignment};
pub use definition::{Covered, Permission, RoleDefinition, RoleId, USER_ACCESS_ADMINISTRATOR};
pub use grant::{Grant, GrantAnswer, Grantable};
pub use own::own_standing;
pub use preflight::{Doubt, Standing, preflight};
pub(crate) use remedy::Remedy;
pub use rights::{Home, Preauthorised, Rights};
