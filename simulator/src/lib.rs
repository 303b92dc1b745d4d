//! The local Azure: the services that the worker talks to, speaking their real protocols over loopback sockets,
//! with rules and error texts as documented. It has its own wire types and never imports the worker's, so that drift shows.

pub mod blob;
mod cloud;
mod cloud_metadata;
pub mod entra;
pub mod estate;
mod exchanges;
pub mod fakes;
pub mod faults;
mod front;
pub mod functions_host;
pub mod identity;
mod json_error;
mod latency;
pub mod ledger;
mod local_azure;
mod owned_folder;
mod ports;
mod refusal;
pub mod resource_manager;
pub mod rights;
mod service;
pub mod service_bus;
pub mod tls;
#[cfg(test)]
mod wire_client;

pub use cloud::Cloud;
pub use exchanges::Exchanges;
pub use fakes::Fakes;
pub use faults::Faults;
pub use front::Front;
pub use latency::Latency;
pub use ledger::Ledger;
pub use local_azure::{Endpoints, LocalAzure, LocalAzureOptions};
pub use owned_folder::OwnedFolder;
pub use service::Service;
