//! HTTP between the host and the worker, as the real host's client speaks it: headers in its order and spelling, bodies in
//! chunks of its size, connections kept for a while, redirects followed. It knows nothing of functions.

mod connection;
mod redirect;
mod request;
mod response;

pub(super) use connection::{Pool, connect};
#[cfg(test)]
pub(super) use request::chunks;
pub(super) use request::{Body, Request};
pub(super) use response::Response;
