//! Unattended remediation of Azure Policy non-compliance: an Azure Functions custom handler.
//!
//! The way of an event is the order of the folders:
//! [`event`] (what happened) → [`queue`] (say it durably) → [`state`] (what is known) → [`remediation`] (decide) → [`arm`] (do).
//! [`host`] speaks the protocol of the Functions host, [`functions`] has one file a function, [`app`] puts it all together.

pub mod app;
pub mod arm;
pub mod config;
#[cfg(test)]
mod documented_tests;
pub mod event;
pub mod functions;
pub mod host;
mod kept;
pub mod queue;
pub mod remediation;
pub mod resource;
pub mod state;
pub mod telemetry;
pub mod told;
pub mod transport;
