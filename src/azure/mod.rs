//! What all clients share: one HTTP client with its trusted authorities, the app's identity, the first layer of retry, and what
//! is told of an error.
//! The pipeline's own retry is off, so that this layer is the only one.

mod bounded;
mod clocks;
mod contest;
mod credential;
mod error_chain;
mod header;
mod http_client;
mod renewal;
mod retry;

pub use bounded::LARGEST_ANSWER;
pub use clocks::{Clocks, StorageDate, now};
pub use contest::Contest;
pub use credential::{CredentialError, Identity, developer_identity, managed_identity};
pub use error_chain::error_chain;
pub use header::header;
pub use http_client::{TransportError, client_options, http_client};
pub use retry::{Deadline, FailureKind, is_of_the_request, may_pass, retry};
