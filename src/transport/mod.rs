//! What all clients share: one HTTP client with its trusted authorities, the app's identity, and the first layer of retry.
//! The pipeline's own retry is off, so that this layer is the only one.

mod credential;
mod http_client;
mod repeat;

pub use credential::{CredentialError, managed_identity};
pub use http_client::{TransportError, client_options, http_client};
pub use repeat::{Deadline, Trouble, repeat};
