//! Unattended remediation of Azure Policy non-compliance: an Azure Functions custom handler. The shell around crate `remediation`,
//! which decides.
//!
//! [`functions`] has one file a function and [`host`] speaks the protocol of the Functions host. [`reconcile`] does what is decided:
//! it reads and writes documents ([`blob`]), sends messages ([`service_bus`]) and asks Resource Manager ([`arm`]), all by the clients
//! of [`azure`]. [`settings`] reads the environment, [`app`] puts it all together.

pub mod app;
pub mod arm;
pub mod azure;
pub mod blob;
#[cfg(test)]
mod documented_tests;
pub mod functions;
pub mod host;
mod kept;
pub mod reconcile;
pub mod service_bus;
pub mod settings;
#[cfg(test)]
mod site_tests;
pub mod telemetry;
pub mod told;
