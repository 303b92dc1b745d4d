//! Who calls: the App Service managed identity endpoint, and the tokens that the other services check.

mod endpoint;
mod tokens;

pub use endpoint::{Identity, ManagedIdentities};
pub use tokens::{Caller, Principal, TokenProblem, Tokens};
