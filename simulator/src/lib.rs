//! The local Azure: the services that the worker talks to, speaking their real protocols over loopback sockets,
//! with rules and error texts as documented. It has its own wire types and never imports the worker's, so that drift shows.

pub mod blob;
pub mod faults;
mod front;
pub mod identity;
pub mod ledger;
mod refusal;
mod service;
pub mod service_bus;
pub mod tls;
#[cfg(test)]
mod wire_client;

pub use faults::Faults;
pub use front::Front;
pub use ledger::Ledger;
pub use service::Service;
