//! Sockets of the local Azure: a certificate authority made at start, and endpoints that can be stopped and resumed
//! on the same port, so that an outage looks to a client exactly as it does in production: connections refused.

mod authority;
mod endpoint;

pub use authority::Authority;
pub use endpoint::{Cut, Endpoint, Exchange, Request, Response};
