//! Policies beyond reading them by name: what they look like, their versions, writing them, and exemptions.

mod assignment_reader;
mod assignment_writes;
mod bodies;
mod definition_writes;
mod exemptions;
mod expands;
mod versions;

pub(crate) use bodies::{definition_body, policy_type};
pub(crate) use expands::Expands;
pub(crate) use versions::VersionKind;
